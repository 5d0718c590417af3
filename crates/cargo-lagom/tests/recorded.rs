//! A program that records itself, by `cargo lagom heap run`, and what the views say of it. The program is this one.

use std::path::Path;
use std::process::{Command, Output};

use lagom_profiler::{TrackingAllocator, heap};

#[global_allocator]
static ALLOCATOR: TrackingAllocator = TrackingAllocator::new();

const BLOCKS: usize = 1_000;

fn main() {
    if std::env::args().nth(1).as_deref() == Some("--recorded") {
        return recorded();
    }
    if !cfg!(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64"))) {
        return println!("no call stacks are recorded here");
    }
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("program.heap");
    let program = std::env::current_exe().expect("this program");
    let run = lagom(&["run", "-o", text(&file), text(&program), "--recorded"]);
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));

    let table = printed(&["table", text(&file), "--leaked", "-n", "100"]);
    assert!(table.contains("leak"), "{table}");
    let leaked = table.lines().find(|line| line.contains("recorded::leak")).unwrap_or_else(|| panic!("{table}"));
    assert!(leaked.trim_start().starts_with("12.2K"), "{leaked}");
    let folded = printed(&["transform", "folded", text(&file), "--allocated", "--blocks", "-o", "-"]);
    let boxes = folded.lines().filter(|line| line.contains("recorded::boxes"));
    let blocks: usize =
        boxes.map(|line| line.rsplit(' ').next().expect("a figure").parse::<usize>().expect("a number")).sum();
    // The list itself grows, too.
    assert!((BLOCKS + 1..BLOCKS + 20).contains(&blocks), "{blocks}");
    assert!(printed(&["summary", text(&file)]).contains("temporary"));
    let page = printed(&["transform", "html", text(&file), "-o", "-"]);
    assert!(page.contains("recorded::boxes") && page.contains("The heap over time"));

    // Cut off, as by `kill -9`, it is read up to there; damaged within, it is an error that says where.
    let whole = std::fs::read(&file).expect("the recording");
    std::fs::write(&file, &whole[..whole.len() - 10]).expect("to write");
    assert!(printed(&["summary", text(&file)]).contains("the recording ends before the program did"));
    std::fs::write(&file, &whole[1..]).expect("to write");
    let refused = lagom(&["summary", text(&file)]);
    assert!(refused.status.code() == Some(1) && String::from_utf8_lossy(&refused.stderr).contains("byte 0"));
    println!("a recorded program is told of");
}

fn recorded() {
    heap::record_if_asked().expect("to record");
    leak();
    drop(std::hint::black_box(boxes()));
}

#[inline(never)]
fn leak() {
    std::mem::forget(std::hint::black_box(vec![1_u8; 12_500]));
}

#[allow(clippy::vec_box, reason = "blocks to be counted")]
#[inline(never)]
fn boxes() -> Vec<Box<usize>> {
    let mut list = Vec::new();
    for number in 0..BLOCKS {
        list.push(std::hint::black_box(Box::new(number)));
    }
    list
}

fn lagom(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cargo-lagom"));
    command.arg("heap").args(arguments).output().expect("the command")
}

fn printed(arguments: &[&str]) -> String {
    let output = lagom(arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

fn text(path: &Path) -> &str {
    path.to_str().expect("text")
}
