use lagom_memo::memoize;

#[memoize]
async fn later(n: u8) -> u8 {
    n
}

#[memoize]
const fn ahead(n: u8) -> u8 {
    n
}

#[memoize]
unsafe fn risky(n: u8) -> u8 {
    n
}

#[memoize]
extern "C" fn foreign(n: u8) -> u8 {
    n
}

fn main() {}
