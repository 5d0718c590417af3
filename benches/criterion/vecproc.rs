//! The contenders of `lagom-vecproc` under criterion.

mod support;

fn main() {
    support::run("vecproc");
}
