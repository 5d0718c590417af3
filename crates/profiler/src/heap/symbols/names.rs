//! What a function is called, from what linkers, debug information and paths of files know of it.

use super::library::{module_of, module_path};
use crate::heap::rust_type;

/// What is known of one frame.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Known<'a> {
    /// The name for the linker, if debug information has one.
    pub(super) linkage: Option<&'a str>,
    /// The name in the source, with the arguments of generics: `push<u8, alloc::alloc::Global>`.
    pub(super) source: Option<&'a str>,
    /// The file of the function's code.
    pub(super) file: &'a str,
    /// The root file of the crate that was compiled, and the crate's name.
    pub(super) unit: Option<(&'a str, &'a str)>,
}

/// The whole name, as far as it is known; `None` if nothing is.
///
/// - A name of the linker's in the form v0 tells all.
/// - One in the older form has the path, but not what generics stand for; the source name adds that:
///   `alloc::vec::Vec<T,A>::push<u8, alloc::alloc::Global>`.
/// - With `debug = "line-tables-only"` inlined functions have nothing but the source name; the path in front is then
///   that of the file, where it is one of std's, of a package in Cargo's registry, or of the crate that was compiled:
///   `alloc::vec::push<u8, alloc::alloc::Global>`.
pub(super) fn compose(known: Known<'_>) -> Option<String> {
    let Some(linkage) = known.linkage.filter(|linkage| Some(*linkage) != known.source) else {
        let source = known.source?;
        // Functions of C are called as they are.
        let module = module_of(known.file).or_else(|| module_in_unit(known.file, known.unit?));
        return Some(module.map_or_else(|| source.to_owned(), |module| format!("{module}::{source}")));
    };
    let Ok(name) = rustc_demangle::try_demangle(linkage) else { return Some(linkage.to_owned()) };
    let demangled = format!("{name:#}");
    Some(match known.source {
        Some(source) if linkage.trim_start_matches('_').starts_with('Z') => with_generics(demangled, source),
        _ => demangled,
    })
}

/// A name of Rust's for the linker.
pub(super) fn is_mangled(name: &str) -> bool {
    rustc_demangle::try_demangle(name).is_ok()
}

/// A name of the symbol table.
pub(super) fn demangle(symbol: &str) -> String {
    rustc_demangle::try_demangle(symbol).map_or_else(|_| symbol.to_owned(), |name| format!("{name:#}"))
}

/// The last part of the path as the source has it.
fn with_generics(path: String, source: &str) -> String {
    let ident = source.split('<').next().unwrap_or(source);
    let head = |last: &str| path.strip_suffix(last).filter(|head| head.ends_with("::")).map(str::to_owned);
    // The older form calls all closures alike.
    let head = if ident.starts_with("{closure") { head("{{closure}}") } else { head(ident) };
    head.map_or(path, |head| head + source)
}

/// The module of a file of the crate that was compiled.
fn module_in_unit(file: &str, (root, name): (&str, &str)) -> Option<String> {
    let (directory, _) = root.rsplit_once('/')?;
    let inside = file.strip_prefix(directory)?.strip_prefix('/')?;
    Some(if file == root { module_path(name, "lib.rs") } else { module_path(name, inside) })
}

/// The root file out of a unit's name, and the crate's name, which units of incremental builds do not have:
/// `src/main.rs/@/app.1a2b-cgu.0`, `src/main.rs/@/ajm9jhz43tq3t9fo78cf2g5as`.
pub(super) fn unit_of(name: &str) -> Option<(&str, Option<&str>)> {
    let (root, unit) = name.split_once("/@/")?;
    Some((root, unit.split_once('.').map(|(name, _)| name)))
}

/// The crate of a function, by its name in the symbol table, if that is in a file of the crate that was compiled.
pub(super) fn crate_of(symbol: &str, file: &str, root: &str) -> Option<String> {
    let (directory, _) = root.rsplit_once('/')?;
    file.strip_prefix(directory)?.strip_prefix('/')?;
    let name = demangle(symbol);
    Some(rust_type::path(&name)?.root()?.to_owned()).filter(|root| *root != name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(linkage: Option<&str>, source: Option<&str>, file: &str) -> String {
        compose(Known { linkage, source, file, unit: Some(("/app/src/main.rs", "app")) }).unwrap()
    }

    #[test]
    fn the_newer_form_tells_all() {
        let linkage = Some("_RNvMs1b_NtNtCsgEmfK2I1SDS_4core4sync6atomicNtB6_9AtomicU3216compare_exchange");
        assert_eq!(name(linkage, Some("compare_exchange"), ""), "<core::sync::atomic::AtomicU32>::compare_exchange");
    }

    #[test]
    fn the_older_form_gets_its_generics_from_the_source() {
        let push = Some("_ZN5alloc3vec16Vec$LT$T$C$A$GT$4push17hc4d245335e49a1dbE");
        assert_eq!(name(push, None, ""), "alloc::vec::Vec<T,A>::push");
        let source = "push<a::Foo, alloc::alloc::Global>";
        assert_eq!(name(push, Some(source), ""), "alloc::vec::Vec<T,A>::push<a::Foo, alloc::alloc::Global>");
        let closure = Some("_ZN3app4main28_$u7b$$u7b$closure$u7d$$u7d$17h750fdd7091cf4c24E");
        assert_eq!(name(closure, Some("{closure#2}<u8>"), ""), "app::main::{closure#2}<u8>");
        assert_eq!(name(closure, Some("other"), ""), "app::main::{{closure}}");
    }

    #[test]
    fn a_bare_source_name_gets_the_path_of_its_file() {
        let push = Some("push<u8>");
        assert_eq!(name(None, push, "/rustc/abc/library/alloc/src/vec/mod.rs"), "alloc::vec::push<u8>");
        assert_eq!(name(None, push, "/app/src/net/http.rs"), "app::net::http::push<u8>");
        assert_eq!(name(None, push, "/app/src/main.rs"), "app::push<u8>");
        assert_eq!(name(None, push, "/elsewhere/src/main.rs"), "push<u8>");
        assert_eq!(name(Some("malloc"), Some("malloc"), "/libc/malloc.c"), "malloc");
        assert_eq!(name(Some("_ZNK3foo3barEv"), Some("bar"), "x.cc"), "_ZNK3foo3barEv");
        assert!(compose(Known::default()).is_none());
    }

    #[test]
    fn units_name_their_crate() {
        assert_eq!(unit_of("src/main.rs/@/app.1a2b-cgu.0"), Some(("src/main.rs", Some("app"))));
        assert_eq!(unit_of("src/main.rs/@/ajm9jhz43tq3t9fo78cf2g5as"), Some(("src/main.rs", None)));
        let symbol = "_ZN3app4main28_$u7b$$u7b$closure$u7d$$u7d$17h750fdd7091cf4c24E";
        assert_eq!(crate_of(symbol, "/app/src/x.rs", "/app/src/main.rs").as_deref(), Some("app"));
        assert_eq!(crate_of(symbol, "/other/src/x.rs", "/app/src/main.rs"), None);
        assert_eq!(crate_of("main", "/app/src/x.rs", "/app/src/main.rs"), None);
        assert_eq!(unit_of("../csu/init-first.c"), None);
    }
}
