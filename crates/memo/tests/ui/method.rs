use lagom_memo::memoize;

struct Counter(u64);

impl Counter {
    #[memoize]
    fn doubled(&self) -> u64 {
        2 * self.0
    }
}

fn main() {}
