//! The command as a person calls it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Value, json};
use tempfile::TempDir;

const FORMATS: [(&str, &str); 7] = [
    ("dhat", "dhat.json"),
    ("pprof", "pb.gz"),
    ("folded", "folded"),
    ("speedscope", "speedscope.json"),
    ("massif", "massif"),
    ("json", "json"),
    ("html", "html"),
];

/// A profile by hand, and the directory it lies in.
fn profile(parse_bytes: u64) -> (TempDir, PathBuf) {
    let amount = |blocks: u64, bytes: u64| json!({ "blocks": blocks, "bytes": bytes });
    let frame = |function: &str, line: u32, address: u64| json!({ "function": function, "file": "src/main.rs", "line": line, "object": "/bin/app", "address": address });
    let file = json!({
        "format": "lagom-heap-profile",
        "version": 1,
        "command": "app --fast",
        "pid": 77,
        "duration_ns": 2_000_000,
        "peak": { "time_ns": 1_000_000, "live": amount(4, 100 + parse_bytes) },
        "timeline": [
            { "time_ns": 0, "live": amount(0, 0) },
            { "time_ns": 1_000_000, "live": amount(4, 100 + parse_bytes) },
            { "time_ns": 2_000_000, "live": amount(1, 100) },
        ],
        "sizes": [{ "from": 64, "to": 127, "amount": amount(4, 100 + parse_bytes) }],
        "frames": [frame("app::main", 3, 16), frame("app::parse<\"&'>", 5, 32), frame("app::load;\n", 9, 48)],
        "sites": [
            { "stack": [1, 0], "total": amount(3, parse_bytes), "peak": amount(3, parse_bytes), "temporary": amount(2, 20) },
            { "stack": [2, 0], "total": amount(1, 100), "peak": amount(1, 100), "live": amount(1, 100) },
        ],
    });
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("run.profile");
    fs::write(&path, file.to_string()).unwrap();
    (directory, path)
}

fn lagom(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_cargo-lagom")).args(arguments).output().unwrap()
}

/// What a command that must succeed prints.
fn printed(arguments: &[&str]) -> String {
    let output = lagom(arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// What a command that must fail says, on one line.
fn complaint(arguments: &[&str]) -> String {
    let output = lagom(arguments);
    assert_eq!((output.status.code(), &*output.stdout), (Some(1), &b""[..]), "{arguments:?}");
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(text.lines().count(), 1, "{text}");
    text
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn text_goes_to_the_terminal_or_a_file() {
    let (directory, path) = profile(900);
    let file = text(&path);
    let summary = printed(&["heap", "summary", file]);
    assert!(
        summary.starts_with("app --fast\nprocess 77, 2.00ms recorded\n")
            && summary.contains("  leaked     100B in 1 block\n")
    );
    assert_eq!(printed(&["lagom", "heap", "summary", file]), summary, "as cargo calls it");
    assert!(printed(&["heap", "stats", file]).contains("    64B to    127B       4   1000B ████"));
    let tree = printed(&["heap", "tree", file]);
    assert!(tree.contains("  1000B 100.0 %  app::main (src/main.rs)\n"), "{tree}");
    assert!(printed(&["heap", "tree", file, "--least", "9"]).contains("app::load"));
    assert!(!printed(&["heap", "tree", file, "--least", "11"]).contains("app::load"));
    let table = printed(&["heap", "table", file, "-n", "1"]);
    assert!(table.contains("app::parse<\"&'>") && table.ends_with("1 more places\n"), "{table}");
    let to = directory.path().join("table.txt");
    assert_eq!(printed(&["heap", "table", file, "-n", "1", "-o", text(&to)]), "");
    assert_eq!(fs::read_to_string(to).unwrap(), table);
}

#[test]
fn views_are_told_apart() {
    let (_directory, path) = profile(900);
    let of = |options: &[&str]| printed(&[&["heap", "table", text(&path)], options].concat());
    for (option, says) in [
        ("--peak", "live at peak: 1000B in 4 blocks"),
        ("--allocated", "allocated: 1000B in 4 blocks"),
        ("--leaked", "leaked: 100B in 1 block"),
        ("--temporary", "temporary: 20B in 2 blocks"),
    ] {
        assert!(of(&[option]).contains(says), "{option}");
        assert!(of(&[option, "--blocks"]).contains("\n blocks "), "{option}");
    }
    assert_eq!(of(&[]), of(&["--peak"]));
    let both = lagom(&["heap", "table", text(&path), "--peak", "--leaked"]);
    assert_eq!(both.status.code(), Some(2), "one at a time");
}

#[test]
fn every_format_is_a_file_beside_the_recording() {
    let (directory, path) = profile(900);
    for (format, extension) in FORMATS {
        let arguments = ["heap", "transform", format, text(&path)];
        printed(&arguments);
        let made = directory.path().join(format!("run.{extension}"));
        let content = fs::read(&made).unwrap();
        if extension.ends_with("json") {
            serde_json::from_slice::<Value>(&content).unwrap();
        }
        let begins: &[u8] = match format {
            "pprof" => &[0x1f, 0x8b],
            "folded" => b"app::main;app::load,\\n 100\n",
            "massif" => b"desc: lagom\ncmd: app --fast\n",
            "html" => b"<!DOCTYPE html>",
            _ => b"{",
        };
        assert!(content.starts_with(begins), "{format}: {}", String::from_utf8_lossy(&content));
        assert!(complaint(&arguments).contains("it is there already; replace it with --force"), "{format}");
        printed(&[&arguments[..], &["--force"]].concat());
        let there = lagom(&[&arguments[..], &["-o", "-"]].concat());
        assert_eq!(there.stdout, content, "{format}");
    }
    // What was written as JSON is read again.
    let again = directory.path().join("run.json");
    assert_eq!(printed(&["heap", "summary", text(&again)]), printed(&["heap", "summary", text(&path)]));
    assert!(complaint(&["heap", "transform", "json", text(&again), "--force"]).contains("it is what was read"));
    assert!(
        printed(&["heap", "transform", "folded", text(&path), "--leaked", "-o", "-"])
            .starts_with("app::main;app::load,\\n 100\n")
    );
}

#[test]
fn a_flame_graph_is_a_picture() {
    let (directory, path) = profile(900);
    printed(&["heap", "flamegraph", text(&path), "--temporary"]);
    let picture = fs::read_to_string(directory.path().join("run.svg")).unwrap();
    assert!(picture.contains("<svg") && picture.contains("Memory temporary") && !picture.contains("app::load"));
    assert!(printed(&["heap", "flamegraph", text(&path), "-o", "-"]).contains("app::load"));
}

#[test]
fn a_difference_is_a_table_or_a_picture() {
    let ((_old, before), (directory, after)) = (profile(900), profile(1_500));
    let table = printed(&["heap", "diff", text(&before), text(&after)]);
    assert!(table.contains("\n   +600B    900B   1.46K  app::parse<\"&'> (src/main.rs:5)\n"), "{table}");
    assert!(printed(&["heap", "diff", text(&before), text(&after), "--leaked"]).ends_with("nothing changed\n"));
    printed(&["heap", "diff", text(&before), text(&after), "--flamegraph"]);
    let picture = fs::read_to_string(directory.path().join("run.diff.svg")).unwrap();
    assert!(picture.contains("<svg") && picture.contains("; +"), "{picture}");
}

#[test]
fn what_cannot_be_read_is_said() {
    let (directory, path) = profile(900);
    let missing = complaint(&["heap", "summary", "no/such/file"]);
    assert!(missing.starts_with("error: cannot read no/such/file: "), "{missing}");
    let damaged = directory.path().join("damaged");
    let says = |content: &[u8]| {
        fs::write(&damaged, content).unwrap();
        complaint(&["heap", "table", text(&damaged)])
    };
    assert!(says(b"").contains("it is empty"));
    assert!(says(b"\x00\x01rubbish").contains("byte 0"));
    assert!(says(b"{\"format\": \"\xff\"}").contains("byte 12 is no text"));
    let whole = fs::read(&path).unwrap();
    assert!(says(&whole[..whole.len() / 2]).contains("line 1, column "));
    assert!(
        says(b"{\"format\":\"lagom-heap-profile\",\"version\":9}").contains("version 9 of the format is not known")
    );
    assert!(
        complaint(&["heap", "flamegraph", text(&path), "-o", "no/such/place.svg"])
            .contains("cannot write no/such/place.svg")
    );
    assert!(complaint(&["heap", "tree", text(&path), "--least", "101"]).contains("101"));
}

#[cfg(unix)]
mod running {
    use super::*;

    fn run(directory: &Path, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cargo-lagom"));
        command.current_dir(directory).args(["heap", "run"]).args(arguments).output().unwrap()
    }

    #[test]
    fn a_program_is_told_where_to_record() {
        let directory = TempDir::new().unwrap();
        let script = "cd / && echo \"$1\" > \"$LAGOM_HEAP_TRACE\"; exit 7";
        let ended = run(directory.path(), &["-o", "sub.heap", "sh", "-c", script, "sh", "--recorded"]);
        assert_eq!(ended.status.code(), Some(7), "{}", String::from_utf8_lossy(&ended.stderr));
        assert_eq!(fs::read_to_string(directory.path().join("sub.heap")).unwrap(), "--recorded\n");
        assert!(String::from_utf8_lossy(&ended.stderr).contains("cargo lagom heap summary"));
        // By the program's name, and not over another file.
        assert_eq!(run(directory.path(), &["/bin/sh", "-c", script]).status.code(), Some(7));
        assert!(directory.path().join("sh.heap").exists());
        let again = run(directory.path(), &["sh", "-c", script]);
        assert!(again.status.code() == Some(1) && String::from_utf8_lossy(&again.stderr).contains("there already"));
        assert_eq!(run(directory.path(), &["--force", "sh", "-c", script]).status.code(), Some(7));
    }

    #[test]
    fn how_it_ended_is_passed_on() {
        let directory = TempDir::new().unwrap();
        let killed = run(directory.path(), &["sh", "-c", ": > \"$LAGOM_HEAP_TRACE\"; kill -9 $$"]);
        assert_eq!(killed.status.code(), Some(137));
        let none = run(directory.path(), &["true"]);
        assert!(none.status.code() == Some(1) && String::from_utf8_lossy(&none.stderr).contains("TrackingAllocator"));
        let missing = run(directory.path(), &["no-such-program-here"]);
        assert!(String::from_utf8_lossy(&missing.stderr).starts_with("error: cannot run no-such-program-here: "));
    }
}
