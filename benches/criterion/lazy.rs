//! The contenders of `lagom-lazy` under criterion.

mod support;

fn main() {
    support::run("lazy");
}
