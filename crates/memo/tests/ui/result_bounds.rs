use lagom_memo::memoize;
use std::rc::Rc;

struct Unclonable;

#[memoize]
fn unclonable(_n: u8) -> Unclonable {
    Unclonable
}

#[memoize]
fn shared(n: u8) -> Rc<u8> {
    Rc::new(n)
}

#[memoize]
fn fallible(n: u8) -> Result<Rc<u8>, String> {
    Ok(Rc::new(n))
}

fn main() {}
