//! The contenders of `lagom-memo` under criterion.

mod support;

fn main() {
    support::run("memo");
}
