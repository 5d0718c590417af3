use lagom_memo::memoize;

#[memoize]
fn shown<T: ToString>(value: T) -> String {
    value.to_string()
}

#[memoize]
fn sized<const N: usize>(values: [u8; N]) -> usize {
    values.len()
}

fn main() {}
