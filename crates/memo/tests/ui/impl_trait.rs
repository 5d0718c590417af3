use lagom_memo::memoize;

#[memoize]
fn shown(value: impl ToString) -> String {
    value.to_string()
}

#[memoize]
fn all(values: Vec<impl ToString>) -> usize {
    values.len()
}

#[memoize]
fn upto(n: u8) -> impl Iterator<Item = u8> {
    0..n
}

fn main() {}
