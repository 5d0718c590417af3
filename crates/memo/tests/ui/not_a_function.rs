use lagom_memo::memoize;

#[memoize]
struct Counter(u64);

fn main() {
    let _ = Counter(1).0;
}
