use lagom_memo::memoize;

#[memoize]
fn double(n: u32) -> u32 {
    2 * n
}

fn main() {
    double("two");
}
