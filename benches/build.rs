//! Writes `tinyjson.rs`: the parser of the crate tinyjson as a macro that puts a probe into every `parse_*` function.
//!
//! So a public program is profiled without a copy of it here. A probe comes as `[attributes] { statements }`.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

/// As in the manifest; another version may be written differently.
const PACKAGE: &str = "tinyjson-2.5.1";

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=CARGO_HOME");
    let parser = registry().join("src").join("parser.rs");
    let text = fs::read_to_string(&parser).unwrap_or_else(|error| panic!("cannot read {}: {error}", parser.display()));
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo says where to write")).join("tinyjson.rs");
    fs::write(&out, probed(&text)).unwrap_or_else(|error| panic!("cannot write {}: {error}", out.display()));
}

/// Where cargo has unpacked the package.
fn registry() -> PathBuf {
    let home = env::var_os("CARGO_HOME").map(PathBuf::from).or_else(|| Some(env::home_dir()?.join(".cargo")));
    let sources = home.expect("there is a home folder").join("registry").join("src");
    let folders = fs::read_dir(&sources).unwrap_or_else(|error| panic!("cannot list {}: {error}", sources.display()));
    let mut found = folders.flatten().map(|folder| folder.path().join(PACKAGE)).filter(|path| Path::is_dir(path));
    found.next().unwrap_or_else(|| panic!("no {PACKAGE} in {}", sources.display()))
}

fn probed(text: &str) -> String {
    // The implementation of a trait of std for a type of tinyjson is tinyjson's alone; it comes last.
    let (text, _) = text.split_once("/// Parse given `str` object").expect("the parser ends as it did");
    let mut out = String::from("macro_rules! tinyjson {\n([$($probe:tt)*] { $($enter:tt)* }) => {\n");
    let mut functions = 0;
    for line in text.lines() {
        match line.trim_start().strip_prefix("fn parse_") {
            _ if line == "use std::str::FromStr;" => {}
            _ if line.trim_start().starts_with("//") => {}
            _ if line == "use crate::JsonValue;" => out += "use ::tinyjson::JsonValue;\n",
            Some(rest) => {
                let (name, _) = rest.split_once('(').expect("a function has parameters");
                assert!(line.ends_with('{'), "the body begins on the line of the name: {line}");
                out += &format!("$($probe)*\n{line}\nconst FUNCTION: &str = \"parse_{name}\"; $($enter)*\n");
                functions += 1;
            }
            None => {
                assert!(!line.contains('$'), "a macro would take it for its own: {line}");
                out += line;
                out.push('\n');
            }
        }
    }
    assert_eq!(functions, 9, "every function is found");
    out + "};\n}\n"
}
