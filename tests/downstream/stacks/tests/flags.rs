//! What a program was built with decides how its call stacks are taken.
#![cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]

use std::path::Path;
use std::process::Command;

const FRAME_POINTERS: &str = "-C force-frame-pointers=yes";

fn said(program: impl AsRef<Path>) -> String {
    let output = Command::new(program.as_ref()).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn frame_pointers_are_found() {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("frame-pointers");
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args([
        "build",
        "--quiet",
        "--offline",
        "--manifest-path",
        concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"),
    ]);
    cargo.arg("--target-dir").arg(&target).env("RUSTFLAGS", FRAME_POINTERS);
    // Else they would be for this build, not for that one.
    cargo.env_remove("CARGO_ENCODED_RUSTFLAGS").env_remove("CARGO_BUILD_TARGET");
    let output = cargo.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(said(target.join("debug/downstream-stacks")), "FramePointers");
}

#[test]
fn the_tables_are_taken_without_them() {
    let flags = option_env!("RUSTFLAGS").unwrap_or_default();
    let expected = if flags.contains(FRAME_POINTERS) { "FramePointers" } else { "Framehop" };
    assert_eq!(said(env!("CARGO_BIN_EXE_downstream-stacks")), expected);
}
