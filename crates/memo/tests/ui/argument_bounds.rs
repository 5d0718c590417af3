use lagom_memo::memoize;
use std::rc::Rc;

#[derive(Clone)]
struct Unhashed;

#[memoize]
fn unhashed(_value: Unhashed) -> u8 {
    1
}

#[memoize]
fn by_ref(_value: &Unhashed) -> u8 {
    1
}

#[memoize]
fn shared(value: Rc<u8>) -> u8 {
    *value
}

fn main() {}
