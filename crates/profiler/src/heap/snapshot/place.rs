//! Which frame of a stack counts, and what is left out on the way to it.

use crate::heap::symbols::library::library_path;
use crate::heap::{Frame, Site, rust_type};

/// Crates that the compiler brings along.
const LIBRARY: [&str; 8] =
    ["alloc", "core", "std", "hashbrown", "lagom_profiler", "rustc_std_workspace_alloc", "proc_macro", "test"];
/// Entry points of allocators, by the beginning of their names.
const ALLOCATORS: [&str; 16] = [
    "malloc",
    "calloc",
    "realloc",
    "free",
    "memalign",
    "aligned_alloc",
    "posix_memalign",
    "__rust_alloc",
    "__rust_realloc",
    "__rustc::",
    "__rg_",
    "__rdl_",
    "_rjem_",
    "mi_",
    "__libc_malloc",
    "je_",
];

impl Site {
    /// The frame that counts: the innermost that is neither the allocator's nor the standard library's. `None` of an
    /// empty stack.
    ///
    /// Left out is what is in files of std, and, where files are not known, the functions of `alloc`, `core`, `std` and
    /// std's own `hashbrown`, of this crate and of allocators. So `Vec::push` in `main.rs:12` counts for `main.rs:12`,
    /// also where it is inlined, and a closure that std calls for itself. If nothing else is there, the innermost frame
    /// that is not the allocator's counts, or the innermost of all.
    ///
    /// ```
    /// for site in lagom_profiler::heap::Snapshot::take().sites() {
    ///     if let Some(frame) = site.place() {
    ///         println!("{}:{} {}", frame.file(), frame.line(), site.live().bytes());
    ///     }
    /// }
    /// ```
    #[must_use]
    pub fn place(&self) -> Option<&Frame> {
        place(&self.frames)
    }

    /// The Rust type that was allocated, as far as the names of the functions of std on the way tell: `Vec<app::Foo>`,
    /// `Rc<u8>`, `String`; else `unknown`.
    ///
    /// What generics stand for is known with full debug information or `-C symbol-mangling-version=v0`; with
    /// `debug = "line-tables-only"` of functions that are inlined, which in optimized builds are most of these.
    ///
    /// ```
    /// for site in lagom_profiler::heap::Snapshot::take().sites() {
    ///     println!("{}", site.allocated_type());
    /// }
    /// ```
    #[must_use]
    pub fn allocated_type(&self) -> String {
        crate::heap::allocated_type::allocated_type(&self.frames)
    }
}

pub(crate) fn place(frames: &[Frame]) -> Option<&Frame> {
    let users = frames.iter().find(|frame| !is_internal(frame));
    users.or_else(|| frames.iter().find(|frame| !is_allocator(frame.function()))).or_else(|| frames.first())
}

/// The allocator's, std's or this crate's.
pub(crate) fn is_internal(frame: &Frame) -> bool {
    if library_path(frame.file()).is_some() || is_allocator(frame.function()) {
        return true;
    }
    let root = rust_type::path(frame.function());
    let root = root.as_ref().and_then(rust_type::Path::root);
    // A file of the user's tells more than the name: macros of std expand there, and so do impls of its traits.
    let own = frame.file().is_empty() || root.is_some_and(|root| root == "lagom_profiler");
    own && root.is_some_and(|root| LIBRARY.contains(&root) && !is_test_of_this_crate(frame))
}

/// This crate's own tests and examples are users of it.
fn is_test_of_this_crate(frame: &Frame) -> bool {
    cfg!(test) && frame.function().contains("::tests::")
}

fn is_allocator(function: &str) -> bool {
    ALLOCATORS.iter().any(|name| match function.strip_prefix(name) {
        Some(rest) => name.ends_with(['_', ':']) || rest.is_empty() || rest.starts_with(['@', '_', '<']),
        None => false,
    }) || function.starts_with("alloc::alloc::")
}

/// What makes things that are to stay, wherever in the stack, by parts of names.
const INITIALIZERS: [&str; 6] = [
    "sync::once::Once",
    "sys::sync::once::",
    "sync::once_lock::OnceLock",
    "sync::lazy_lock::LazyLock",
    "once_cell::",
    "lazy_static::",
];
/// What of std makes such things for itself: between the allocator and the user's code.
const RUNTIME: [&str; 4] = ["std::rt::", "std::thread::", "std::sys::thread", "io::stdio::"];

/// The block belongs to a static, a thread-local, a thread or the runtime, see
/// [`Snapshot::without_statics`](super::Snapshot::without_statics).
pub(crate) fn is_static(frames: &[Frame]) -> bool {
    let contains = |frame: &Frame, parts: &[&str]| parts.iter().any(|part| frame.function().contains(part));
    let thread_local =
        |frame: &Frame| contains(frame, &["::thread_local::"]) && contains(frame, &["initialize", "get_or_init"]);
    frames.iter().any(|frame| contains(frame, &INITIALIZERS) || thread_local(frame))
        || frames.iter().take_while(|frame| is_internal(frame)).any(|frame| contains(frame, &RUNTIME))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(function: &str, file: &str) -> Frame {
        Frame { function: function.into(), file: file.into(), line: 1, ..Frame::default() }
    }

    fn counted(frames: &[(&str, &str)]) -> String {
        let frames: Vec<Frame> = frames.iter().map(|(function, file)| frame(function, file)).collect();
        place(&frames).map_or(String::new(), |frame| frame.function().to_owned())
    }

    const VEC: (&str, &str) = ("<alloc::vec::Vec<app::Foo>>::push", "/rustc/abc/library/alloc/src/vec/mod.rs");

    #[test]
    fn the_innermost_frame_of_the_user_counts() {
        assert_eq!(
            counted(&[("malloc", ""), ("__rust_alloc", ""), VEC, ("app::run", "src/main.rs"), ("app::main", "")]),
            "app::run"
        );
        // Without files the names tell.
        assert_eq!(counted(&[("alloc::raw_vec::RawVec<T,A>::grow_one", ""), ("app::run", "")]), "app::run");
        assert_eq!(
            counted(&[("__rustc::__rust_alloc", ""), ("<app::Foo as core::clone::Clone>::clone", "")]),
            "<app::Foo as core::clone::Clone>::clone"
        );
        // std calls a closure, the closure allocates.
        let closure = [
            VEC,
            ("app::main::{closure#0}", "src/main.rs"),
            ("core::iter::map", "/rustc/abc/library/core/src/iter.rs"),
            ("app::main", "src/main.rs"),
        ];
        assert_eq!(counted(&closure), "app::main::{closure#0}");
        // An inlined function of std, known by its file alone.
        assert_eq!(counted(&[("push<app::Foo>", VEC.1), ("app::main", "src/main.rs")]), "app::main");
        // A library of C.
        assert_eq!(counted(&[("malloc", ""), ("sqlite3_open", ""), ("app::main", "")]), "sqlite3_open");
        assert_eq!(counted(&[("mi_malloc", ""), ("mine_is", "")]), "mine_is");
    }

    #[test]
    fn without_any_the_innermost_of_std_counts() {
        assert_eq!(
            counted(&[("malloc", ""), ("alloc::alloc::alloc", ""), ("std::thread::spawn", "")]),
            "std::thread::spawn"
        );
        assert_eq!(counted(&[("malloc", "")]), "malloc");
        assert_eq!(counted(&[]), "");
    }

    #[test]
    fn statics_are_told_by_who_made_them() {
        let stack = |names: &[&str]| names.iter().map(|name| frame(name, "")).collect::<Vec<_>>();
        for names in [
            &["alloc::alloc::alloc", "app::table", "std::sync::once_lock::OnceLock<T>::initialize", "app::main"][..],
            &["app::init", "<std::sync::lazy_lock::LazyLock<T>>::force", "app::main"],
            &["alloc::vec::Vec<u8>::with_capacity", "std::io::stdio::STDOUT::f", "std::io::stdio::print", "app::main"],
            &["alloc::sync::Arc<T>::new", "std::rt::init", "std::rt::lang_start_internal"],
            &["alloc::boxed::Box<T>::new", "std::thread::Builder::spawn_unchecked_", "app::main"],
            &[
                "app::TABLE::init",
                "<std::sys::thread_local::native::lazy::Storage<T, D>>::get_or_init_slow",
                "app::main",
            ],
        ] {
            assert!(is_static(&stack(names)), "{names:?}");
        }
        for names in [
            &["app::leak", "app::main", "std::rt::lang_start", "main"][..],
            &["app::OnceMore::run"],
            // In a thread all stacks begin in std.
            &[
                "alloc::alloc::alloc",
                "app::work",
                "std::thread::Builder::spawn_unchecked_",
                "std::sys::thread::unix::Thread::new",
            ],
            &["app::work::{closure#0}", "<std::thread::local::LocalKey<T>>::with", "app::main"],
            &[],
        ] {
            assert!(!is_static(&stack(names)), "{names:?}");
        }
    }
}
