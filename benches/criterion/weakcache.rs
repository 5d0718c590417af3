//! The contenders of `lagom-weakcache` under criterion.

mod support;

fn main() {
    support::run("weakcache");
}
