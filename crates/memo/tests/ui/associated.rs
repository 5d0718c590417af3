use lagom_memo::memoize;

#[derive(Clone, PartialEq, Eq, Hash)]
struct Counter(u64);

impl Counter {
    #[memoize]
    fn doubled(of: &Self) -> u64 {
        2 * of.0
    }

    #[memoize]
    fn one() -> u64 {
        let one = Self(1);
        one.0
    }

    #[memoize]
    fn plain(n: u64) -> u64 {
        n
    }
}

fn main() {}
