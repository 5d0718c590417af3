//! A tool that takes lines of logs apart by one of many patterns (regex), of which a day's work needs few.

use std::sync::OnceLock;

use lagom::lazy::Lazy;
use lagom::profiler::{Rule, profile};
use regex::Regex;

use crate::{Random, Run, Workload, timed};

pub(crate) const WORKLOAD: Workload = Workload {
    name: "lines (regex)",
    rule: Rule::DearFirstCall,
    function: "host",
    remedy: "lagom-lazy",
    found: || read(host),
    remedied: || read(host_when_needed),
};

const PATTERNS: [&str; 6] = [
    r"^(?<host>\S{1,30}) \S+ (?<user>\w{1,16}) \[[^\]]+\] ",
    r"^(?<date>\w{3} +\d+ [\d:]{8}) (?<host>[\w.-]{1,30}) (?<unit>\w{1,16})\[\d+\]: ",
    r"^level=(?<level>\w{1,8}) host=(?<host>[\w.-]{1,30}) ",
    r"^\[(?<level>\w{1,8})\] (?<host>[\w.-]{1,30})/(?<path>[\w/-]{1,40}) ",
    r"^(?<host>[\p{L}\d.-]{1,30}): (?<user>[\p{L}\d]{1,16}) ",
    r#"^\{"host":"(?<host>[\w.-]{1,30})","user":"(?<user>\w{1,16})""#,
];

fn compile(pattern: &str) -> Regex {
    Regex::new(pattern).expect("a pattern")
}

fn length_of_host(format: &Regex, line: &str) -> usize {
    format.captures(line).map_or(0, |parts| parts["host"].len())
}

#[profile]
fn host(format: usize, line: &str) -> usize {
    static FORMATS: OnceLock<Vec<Regex>> = OnceLock::new();
    let formats = FORMATS.get_or_init(|| PATTERNS.map(compile).into());
    length_of_host(&formats[format], line)
}

#[profile]
fn host_when_needed(format: usize, line: &str) -> usize {
    static FORMATS: [Lazy<Regex>; PATTERNS.len()] = [
        Lazy::new(|| compile(PATTERNS[0])),
        Lazy::new(|| compile(PATTERNS[1])),
        Lazy::new(|| compile(PATTERNS[2])),
        Lazy::new(|| compile(PATTERNS[3])),
        Lazy::new(|| compile(PATTERNS[4])),
        Lazy::new(|| compile(PATTERNS[5])),
    ];
    length_of_host(&FORMATS[format], line)
}

fn read(host: fn(usize, &str) -> usize) -> Run {
    let mut random = Random(2);
    let mut line = |_| format!("level=info host=node-{}.example.org took=7", random.below(5_000));
    let lines: Vec<String> = (0..2_000).map(&mut line).collect();
    timed(|| lines.iter().map(|line| host(2, line) as u64).sum())
}
