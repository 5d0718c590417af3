use std::borrow::Cow;

use lagom_memo::memoize;

#[memoize]
fn argument(text: Cow<str>) -> usize {
    text.len()
}

#[derive(Clone)]
struct Borrowed<'a>(&'a str);

#[memoize]
fn result(text: &str) -> Borrowed {
    Borrowed(text)
}

#[memoize]
fn argument_behind(text: &Cow<str>) -> usize {
    text.len()
}

fn main() {}
