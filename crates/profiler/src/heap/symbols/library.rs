//! What source files tell by their paths.

use std::sync::LazyLock;

/// The path below `library/` of a file of the standard library: `alloc/src/vec/mod.rs`.
///
/// The compiler names its own files `/rustc/<commit>/library/…`, or where `rust-src` is installed
/// `…/lib/rustlib/src/rust/library/…`; dependencies of std are at `/rust/deps/`.
pub(crate) fn library_path(file: &str) -> Option<&str> {
    if let Some((_, path)) = file.split_once("/rustlib/src/rust/library/") {
        return Some(path);
    }
    if let Some(path) = file.strip_prefix("/rust/deps/") {
        return Some(path);
    }
    let (_commit, path) = file.strip_prefix("/rustc/")?.split_once('/')?;
    path.strip_prefix("library/").or_else(|| path.strip_prefix("vendor/"))
}

/// The path below `src/` of a file of this crate, wherever it was built.
pub(crate) fn own_path(file: &str) -> Option<&str> {
    const DIRECTORY: Option<&str> = {
        // No `strip_suffix` in constants.
        match file!().split_at_checked(file!().len() - "heap/symbols/library.rs".len()) {
            Some((directory, _)) => Some(directory),
            None => None,
        }
    };
    let (before, path) = file.split_once(DIRECTORY?)?;
    if before.is_empty() || before.ends_with(['/', '\\']) { Some(path) } else { None }
}

/// As a reader wants it: of std from the crate's name on, of a package in Cargo's registry from the package's on, else
/// from the current directory on.
pub(crate) fn short_path(file: &str) -> &str {
    if let Some(path) = library_path(file) {
        return path;
    }
    if let Some((_, path)) = file.split_once("/registry/src/") {
        return path.split_once('/').map_or(path, |(_, path)| path);
    }
    static HERE: LazyLock<String> =
        LazyLock::new(|| std::env::current_dir().map_or_else(|_| String::new(), |path| format!("{}/", path.display())));
    match file.strip_prefix(HERE.as_str()) {
        Some(path) if !HERE.is_empty() => path,
        _ => file,
    }
}

/// The path of the module that a file holds, as far as paths tell: of a file of std, or of a package in Cargo's
/// registry.
///
/// `/rustc/<commit>/library/alloc/src/vec/mod.rs` is `alloc::vec`, `…/serde_json-1.0.1/src/de.rs` is `serde_json::de`.
#[cfg(feature = "symbols")]
pub(crate) fn module_of(file: &str) -> Option<String> {
    let path = library_path(file).or_else(|| {
        let (_, path) = file.split_once("/registry/src/")?;
        Some(path.split_once('/')?.1)
    })?;
    let (package, inside) = path.split_once("/src/")?;
    Some(module_path(package_name(package), inside))
}

/// The module of a file below the directory of a crate's root file.
#[cfg(feature = "symbols")]
pub(crate) fn module_path(package: &str, inside: &str) -> String {
    let mut path = package.rsplit('/').next().unwrap_or(package).replace('-', "_");
    let parts: Vec<&str> = inside.strip_suffix(".rs").unwrap_or(inside).split('/').collect();
    for (place, part) in parts.iter().enumerate() {
        let last = place + 1 == parts.len();
        let root = parts.len() == 1 && matches!(*part, "lib" | "main");
        if !(root || last && *part == "mod") {
            path.push_str("::");
            path.push_str(part);
        }
    }
    path
}

/// Without the version: `serde_json-1.0.1` is `serde_json`.
#[cfg(feature = "symbols")]
fn package_name(package: &str) -> &str {
    let is_version = |text: &str| text.split_once('.').is_some_and(|(major, _)| major.parse::<u64>().is_ok());
    package.match_indices('-').find(|&(at, _)| is_version(&package[at + 1..])).map_or(package, |(at, _)| &package[..at])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_the_standard_library() {
        let known = [
            ("/rustc/59807616e1fa2540724bfbac14d7976d7e4a3860/library/alloc/src/vec/mod.rs", "alloc/src/vec/mod.rs"),
            ("/home/me/.rustup/toolchains/x/lib/rustlib/src/rust/library/std/src/rt.rs", "std/src/rt.rs"),
            ("/rust/deps/hashbrown-0.16.1/src/raw.rs", "hashbrown-0.16.1/src/raw.rs"),
        ];
        for (file, path) in known {
            assert_eq!(library_path(file), Some(path));
        }
        for file in ["src/main.rs", "/home/me/library/alloc/src/vec/mod.rs", "/rustc/abc", ""] {
            assert_eq!(library_path(file), None);
        }
    }

    #[test]
    fn paths_for_readers_and_of_this_crate() {
        let here = std::env::current_dir().unwrap();
        assert_eq!(short_path(&format!("{}/src/main.rs", here.display())), "src/main.rs");
        assert_eq!(short_path("/rustc/abc/library/alloc/src/vec/mod.rs"), "alloc/src/vec/mod.rs");
        assert_eq!(short_path("/c/registry/src/index-1/serde-1.0.1/src/de.rs"), "serde-1.0.1/src/de.rs");
        assert_eq!(short_path("/elsewhere/src/main.rs"), "/elsewhere/src/main.rs");
        assert_eq!(own_path(file!()), Some("heap/symbols/library.rs"));
        let built = format!("/somewhere/{}", file!());
        assert_eq!(own_path(&built), Some("heap/symbols/library.rs"));
        assert_eq!(own_path("/app/src/heap/symbols/library.rs"), None);
    }

    #[cfg(feature = "symbols")]
    #[test]
    fn modules_of_files() {
        let known = [
            ("/rustc/abc/library/alloc/src/vec/mod.rs", "alloc::vec"),
            ("/rustc/abc/library/alloc/src/vec/spec_from_iter.rs", "alloc::vec::spec_from_iter"),
            ("/rust/deps/hashbrown-0.16.1/src/raw.rs", "hashbrown::raw"),
            ("/rustc/abc/library/core/src/lib.rs", "core"),
            ("/c/registry/src/index.crates.io-1949/serde_json-1.0.1/src/de.rs", "serde_json::de"),
            ("/c/registry/src/index.crates.io-1949/my-crate-2.0.0-rc.1/src/lib.rs", "my_crate"),
        ];
        for (file, module) in known {
            assert_eq!(module_of(file).as_deref(), Some(module));
        }
        assert_eq!(module_of("/home/me/app/src/main.rs"), None);
        assert_eq!(module_path("my-app", "net/mod.rs"), "my_app::net");
        assert_eq!(module_path("my-app", "main.rs"), "my_app");
        assert_eq!(module_path("my-app", "net/main.rs"), "my_app::net::main");
    }
}
