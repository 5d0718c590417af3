//! The same bits with every instruction set.
//!
//! The set is chosen once per process, so this test runs itself again in others.

use std::process::{Command, Stdio};

use lagom_vecproc::Pipeline;

use crate::bits::bits;
use crate::inputs::{families, with_special};
use crate::table::{self, Parameters};

/// What the environment chooses a set by.
const SWITCH: &str = "LAGOM_VECPROC_ISA";
/// What is printed before the hash.
const MARK: &str = "hash of all results: ";

/// FNV-1a.
fn hash(hash: &mut u64, results: &[f64]) {
    for word in bits(results) {
        for byte in word.to_le_bytes() {
            *hash = (*hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
        }
    }
}

fn hash_of_all() -> u64 {
    let mut all = 0xcbf2_9ce4_8422_2325;
    let mut add = |x: &[f64], rows: Vec<(&str, Pipeline)>| {
        for (_, pipeline) in rows {
            hash(&mut all, &pipeline.process_batch_to_vec(x).unwrap());
            let mut stream = pipeline.stream().unwrap();
            let mut pieces = x.to_vec();
            pieces.chunks_mut(41).for_each(|piece| stream.process_in_place(piece));
            hash(&mut all, &pieces);
        }
    };
    for n in [0, 1, 9, 33, 65, 127, 1025, 2081] {
        add(&with_special(n, 31), table::all(Parameters::of_window(21)));
    }
    let zeros: Vec<f64> = (0..150).map(|i| if i * i % 7 < 3 { -0.0 } else { 0.0 }).collect();
    add(&zeros, table::all(Parameters::of_window(21)));
    let x = with_special(150, 32);
    for window in (1..=70).step_by(3).chain([32, 63, 64, 96, 127, 128]) {
        add(&x, table::rolling(Parameters { ddof: window % 2, ..Parameters::of_window(window) }));
    }
    for (_, x) in families(140) {
        add(&x, table::all(Parameters::of_window(50)));
    }
    all
}

#[test]
fn give_the_same_bits() {
    let ours = hash_of_all();
    println!("{MARK}{ours:016x}");
    if std::env::var_os(SWITCH).is_some() {
        return;
    }
    let sets: &[&str] = if cfg!(target_arch = "x86_64") { &["avx512", "avx2", "portable"] } else { &["portable"] };
    let start = |set| {
        let mut child = Command::new(std::env::current_exe().unwrap());
        child.args(["--exact", "instruction_sets::give_the_same_bits", "--nocapture"]).env(SWITCH, set);
        child.stdout(Stdio::piped()).spawn().unwrap()
    };
    let children: Vec<_> = sets.iter().map(start).collect();
    for (set, child) in sets.iter().zip(children) {
        let output = child.wait_with_output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{set}: {text}");
        let theirs = text.split(MARK).nth(1).unwrap_or_else(|| panic!("{set} gave no hash: {text}"));
        assert_eq!(theirs[..16], format!("{ours:016x}"), "{set}");
    }
}
