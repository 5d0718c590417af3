//! The contenders of `lagom-pool` under criterion.

mod support;

fn main() {
    support::run("pool");
}
