use lagom_memo::memoize;

#[derive(Clone, PartialEq, Eq, Hash)]
struct Counter(u64);

impl Counter {
    #[memoize]
    fn doubled(of: &Self) -> u64 {
        2 * of.0
    }
}

fn main() {}
