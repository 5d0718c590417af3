//! What a probe leaves in the machine code: nothing without the feature `enabled`.
#![cfg(all(target_arch = "x86_64", target_os = "linux"))]

use std::path::Path;
use std::process::Command;

const SOURCE: &str = r#"
#[unsafe(no_mangle)]
#[inline(never)]
pub fn plain(values: &[u64]) -> Result<u64, String> {
    if values.is_empty() { return Err("empty".to_owned()); }
    Ok(values.iter().fold(7, |sum, value| sum.rotate_left(5) ^ value))
}

#[unsafe(no_mangle)]
#[inline(never)]
#[lagom_profiler::profile(group = "g", size = values.len())]
pub fn probed(values: &[u64]) -> Result<u64, String> {
    if values.is_empty() { return Err("empty".to_owned()); }
    Ok(values.iter().fold(7, |sum, value| sum.rotate_left(5) ^ value))
}

#[unsafe(no_mangle)]
#[inline(never)]
pub fn spanned(values: &[u64]) -> Result<u64, String> {
    let _span = lagom_profiler::span!("spanned");
    if values.is_empty() { return Err("empty".to_owned()); }
    Ok(values.iter().fold(7, |sum, value| sum.rotate_left(5) ^ value))
}
"#;

/// The instructions of a function, the numbers of local labels left out.
fn body(assembly: &str, function: &str) -> Vec<String> {
    let label = format!("{function}:");
    assembly
        .lines()
        .skip_while(|line| *line != label)
        .skip(1)
        .take_while(|line| !line.starts_with(".Lfunc_end"))
        .map(str::trim)
        .filter(|line| !line.starts_with('.') || line.contains(' '))
        .filter(|line| !line.starts_with(".cfi") && !line.starts_with(".p2align") && !line.is_empty())
        .map(|line| {
            let mut text = String::new();
            let mut words = line.split(".L");
            text.push_str(words.next().unwrap_or(""));
            for word in words {
                text.push_str("LABEL");
                text.extend(word.chars().skip_while(|char| char.is_alphanumeric() || *char == '_' || *char == '.'));
            }
            text
        })
        .collect()
}

#[test]
fn without_the_feature_a_probe_is_no_instruction() {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("assembly");
    let source = target.join("src");
    std::fs::create_dir_all(&source).expect("a folder");
    std::fs::write(source.join("lib.rs"), SOURCE).expect("a file");
    let manifest = format!(
        "[package]\nname = \"lagom-assembly\"\nversion = \"0.0.0\"\nedition = \"2024\"\n[workspace]\n\
         [dependencies]\nlagom-profiler = {{ path = {:?}, default-features = false, features = [\"macros\"] }}\n\
         [profile.release]\ncodegen-units = 1\n",
        env!("CARGO_MANIFEST_DIR")
    );
    std::fs::write(target.join("Cargo.toml"), manifest).expect("a file");
    // The versions of the workspace, so that nothing is to be fetched.
    let lock = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../Cargo.lock");
    let _ = std::fs::copy(lock, target.join("Cargo.lock"));
    let out = target.join("target");
    let output = Command::new(env!("CARGO"))
        .args(["rustc", "--offline", "--release", "--quiet", "--manifest-path"])
        .arg(target.join("Cargo.toml"))
        .args(["--target-dir".as_ref(), out.as_os_str()])
        .args(["--", "--emit", "asm", "-Cdebuginfo=0"])
        .env_remove("RUSTFLAGS")
        .output()
        .expect("cargo runs");
    let errors = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() && (errors.contains("--offline") || errors.contains("failed to download")) {
        eprintln!("skipped: a dependency of the macros is not here, and the network is not asked: {errors}");
        return;
    }
    assert!(output.status.success(), "{errors}");
    let assembly = std::fs::read_dir(out.join("release/deps"))
        .expect("a folder")
        .map(|entry| entry.expect("an entry").path())
        .find(|path| path.extension().is_some_and(|extension| extension == "s"))
        .map(|path| std::fs::read_to_string(path).expect("text"))
        .expect("assembly");
    let plain = body(&assembly, "plain");
    assert!(plain.len() > 15, "{assembly}");
    for name in ["probed", "spanned"] {
        // Functions of the same code may have become one.
        let aliases = [format!(".set {name}, plain"), format!("{name} = plain")];
        let merged = aliases.iter().any(|alias| assembly.contains(alias));
        let other = body(&assembly, name);
        assert!(merged || other == plain, "{name}: {other:#?}\nplain: {plain:#?}");
    }
    assert!(!assembly.contains("lagom_profiler"), "something of the profiler is left");
}
