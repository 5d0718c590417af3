use lagom_memo::memoize;

#[memoize]
fn pop(list: &mut Vec<u8>) -> Option<u8> {
    list.pop()
}

fn main() {}
