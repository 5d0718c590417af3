//! The program and its libraries.

use std::sync::Arc;

use super::fields::Fields;
use crate::heap::symbols;

/// A program or library as it was loaded.
///
/// ```no_run
/// # let recording = lagom_profiler::heap::Recording::open("program.heap").unwrap();
/// for module in recording.modules() {
///     println!("{:x} to {:x}: {} {}", module.begin(), module.end(), module.path(), module.build_id());
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Module {
    path: Arc<str>,
    build_id: Arc<str>,
    begin: u64,
    end: u64,
    bias: u64,
}

impl Module {
    /// Its file, as the loader knew it.
    ///
    /// ```
    /// fn is_libc(module: &lagom_profiler::heap::Module) -> bool {
    ///     module.path().contains("libc.so")
    /// }
    /// ```
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// GNU's build id in hexadecimal, empty if it has none.
    ///
    /// ```
    /// fn is_same(module: &lagom_profiler::heap::Module) -> bool {
    ///     module.build_id() == "0123abcd"
    /// }
    /// ```
    #[must_use]
    pub fn build_id(&self) -> &str {
        &self.build_id
    }

    /// Its first address.
    ///
    /// ```
    /// fn holds(module: &lagom_profiler::heap::Module, address: u64) -> bool {
    ///     (module.begin()..module.end()).contains(&address)
    /// }
    /// ```
    #[must_use]
    pub const fn begin(&self) -> u64 {
        self.begin
    }

    /// The address behind its last.
    ///
    /// ```
    /// fn length(module: &lagom_profiler::heap::Module) -> u64 {
    ///     module.end() - module.begin()
    /// }
    /// ```
    #[must_use]
    pub const fn end(&self) -> u64 {
        self.end
    }

    /// What to take off an address for the one in the file, as `addr2line` and symbol tables have it.
    ///
    /// ```
    /// fn in_file(module: &lagom_profiler::heap::Module, address: u64) -> u64 {
    ///     address - module.bias()
    /// }
    /// ```
    #[must_use]
    pub const fn bias(&self) -> u64 {
        self.bias
    }

    /// `None` if the bytes end too early.
    pub(super) fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let (begin, end, bias) = (fields.u64()?, fields.u64()?, fields.u64()?);
        Some(Self { path: fields.text()?.into(), build_id: fields.text()?.into(), begin, end, bias })
    }

    /// For those who look functions up.
    pub(super) fn to_look_up(&self) -> symbols::modules::Module {
        let id = self.build_id.as_bytes().chunks(2);
        let byte = |digits: &[u8]| u8::from_str_radix(str::from_utf8(digits).ok()?, 16).ok();
        let segment =
            symbols::modules::Segment { start: self.begin, end: self.end, offset: self.begin.wrapping_sub(self.bias) };
        symbols::modules::Module {
            path: Arc::clone(&self.path),
            build_id: id.map_while(byte).collect(),
            segments: vec![segment],
            loaded: false,
            linked: true,
        }
    }
}
