#![deny(dead_code)]

use lagom_memo::memoize;

#[memoize]
fn unused(n: u32) -> u32 {
    n
}

#[memoize]
fn used(n: u32) -> u32 {
    n
}

fn main() {
    used(1);
}
