use lagom_memo::memoize;
use std::borrow::Cow;

#[memoize]
fn nested(words: &[&str]) -> usize {
    words.len()
}

#[memoize]
fn holding<'a>(word: Cow<'a, str>) -> usize {
    word.len()
}

#[memoize]
fn maybe(word: Option<&str>) -> usize {
    word.map_or(0, str::len)
}

#[memoize]
fn first(text: &str) -> &str {
    &text[..1]
}

#[memoize]
fn never(n: u8) -> ! {
    panic!("{n}")
}

fn main() {}
