use lagom_profiler::{profile, profile_all, profile_lines};

#[profile(nme = "typo")]
fn unknown() {}

#[profile(name = "a", name = "b")]
fn twice() {}

#[profile(name = "")]
fn empty() {}

#[profile(name = 3)]
fn number() {}

#[profile(group = "")]
fn empty_group() {}

#[profile(repeats())]
fn nothing_chosen(_key: u8) {}

#[profile(repeats)]
fn nothing_to_compare(_unused: u8) {}

#[profile(records = 0)]
fn no_records() {}

#[profile(records = 5_000_000_000)]
fn many_records() {}

#[profile(records = MANY)]
fn records_by_name() {}

#[profile(size)]
fn no_size() {}

#[profile(skip, name = "a")]
fn skipped() {}

#[profile(group = "a", skip)]
fn skipped_too() {}

#[profile_all(name = "all")]
mod all {}

#[profile_lines(group = "lines", name = "a")]
fn lines() {}

#[profile(crate = lagom_profiler, crate = lagom_profiler)]
fn two_crates() {}

fn main() {}
