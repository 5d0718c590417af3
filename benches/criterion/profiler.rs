//! The contenders of `lagom-profiler` under criterion.

mod support;

fn main() {
    support::run("profiler");
}
