//! What an acquire and its release cost when an idle object is there, read from the machine code: no instruction that locks
//! a word for all cores, and no full fence. Functions that are marked `#[cold]` may have them: a hit runs none. Where the
//! system cannot fence threads on demand a hit runs some of those, and has one full fence in all.

mod asm;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;
use std::{env, fs};

use asm::Function;

/// Compiles the functions of `pairs.rs` and all that they use; the machine code of every crate.
fn compiled() -> &'static BTreeMap<String, Function> {
    static COMPILED: OnceLock<BTreeMap<String, Function>> = OnceLock::new();
    COMPILED.get_or_init(|| {
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("hit_path");
        // What an earlier build left would be read as well.
        let _ = fs::remove_dir_all(&target);
        let mut command = Command::new(env!("CARGO"));
        command.args(["build", "--quiet", "--offline", "--release", "--package", "lagom-tests", "--example", "pairs"]);
        command.args(["--no-default-features", "--target-dir"]).arg(&target);
        command.current_dir(env!("CARGO_MANIFEST_DIR"));
        // The flags of a user's release build, and the text of what it makes.
        command.env_remove("CARGO_ENCODED_RUSTFLAGS").env("RUSTFLAGS", "--emit=asm -Ccodegen-units=1");
        command.env("CARGO_PROFILE_RELEASE_DEBUG", "false");
        let output = command.output().expect("cargo starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let mut functions = BTreeMap::new();
        for folder in ["deps", "examples"] {
            for entry in fs::read_dir(target.join("release").join(folder)).expect("cargo builds there") {
                let path = entry.expect("the folder is readable").path();
                if path.extension().is_some_and(|extension| extension == "s") {
                    functions.extend(asm::functions(&fs::read_to_string(&path).expect("assembly is text")));
                }
            }
        }
        functions
    })
}

/// What is not compiled here and may be called all the same: it ends the program or unwinds, or is the allocator's, which
/// only a miss and a discarded object reach, or the linker's way to a thread's own words.
const OTHERS: [&str; 8] = [
    "panic",
    "_Unwind_Resume",
    "unwrap_failed",
    "expect_failed",
    "handle_alloc_error",
    "rust_alloc",
    "rust_dealloc",
    "__tls_get_addr",
];

/// Rare functions that a hit runs where fences are not free.
const FAR: [&str; 4] = ["4miss", "12take_or_wait", "4take", "14give_elsewhere"];

/// Everything on the way of a pair that is one instruction for all cores, or that nobody can look into. Rare functions are
/// on it if they are among `rare`.
fn faults(pair: &str, rare: &[&str]) -> Vec<String> {
    let functions = compiled();
    let is_it = |name: &&String| name.contains(&format!("5pairs{}{pair}", pair.len()));
    let mut open: Vec<&str> = functions.keys().filter(is_it).map(String::as_str).collect();
    assert_eq!(open.len(), 1, "{pair} is compiled once: {open:?}");
    let (mut faults, mut seen) = (Vec::new(), BTreeSet::new());
    while let Some(name) = open.pop() {
        if !seen.insert(name) {
            continue;
        }
        let Some(function) = functions.get(name) else {
            if !OTHERS.iter().any(|other| name.contains(other)) {
                faults.push(format!("calls {name}, which is not compiled here"));
            }
            continue;
        };
        // What the compiler was told to be rare.
        if function.cold && !rare.iter().any(|rare| name.contains(rare)) {
            continue;
        }
        for instruction in function.reached() {
            if instruction.is_atomic() {
                faults.push(format!("`{} {}` in {name}", instruction.name, instruction.operands));
            }
            open.extend(instruction.callee());
        }
    }
    faults
}

/// Whether this machine's code can be read here; says so if not.
fn is_readable() -> bool {
    let readable = cfg!(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")));
    if !readable {
        eprintln!("not checked: only the machine code of Linux on x86-64 and aarch64 is read");
    }
    readable
}

#[test]
fn a_borrowed_object_costs_no_atomic() {
    if is_readable() {
        assert_eq!(faults("borrowed", &[]), [""; 0]);
    }
}

#[test]
fn an_owned_object_costs_no_atomic() {
    if is_readable() {
        assert_eq!(faults("owned", &[]), [""; 0]);
    }
}

/// The fence of the taker.
fn pays_one_fence(pair: &str) {
    let faults = faults(pair, &FAR);
    assert!(faults.len() == 1 && faults[0].contains("4take"), "{faults:?}");
}

#[test]
fn where_fences_are_not_free_a_borrowed_object_costs_one() {
    if is_readable() {
        pays_one_fence("borrowed");
    }
}

#[test]
fn where_fences_are_not_free_an_owned_object_costs_one() {
    if is_readable() {
        pays_one_fence("owned");
    }
}

#[test]
fn a_lock_would_be_found() {
    if is_readable() {
        assert!(faults("locked", &[]).len() >= 2, "{:?}", faults("locked", &[]));
    }
}
