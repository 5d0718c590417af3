//! A recursion that memoization turns from seconds into milliseconds, and what its cache did.
//!
//! `cargo run -p lagom-memo --example memoize`

use std::time::Instant;

use lagom_memo::memoize;

/// In how many ways the first `kinds` coins make up `amount`.
#[memoize(capacity = 100_000)]
fn ways(amount: u32, kinds: usize) -> u64 {
    const COINS: [u32; 8] = [1, 2, 5, 10, 20, 50, 100, 200];
    match (amount, kinds) {
        (0, _) => 1,
        (_, 0) => 0,
        _ => {
            let coin = COINS[kinds - 1];
            let with = if amount >= coin { ways(amount - coin, kinds) } else { 0 };
            with + ways(amount, kinds - 1)
        }
    }
}

fn main() {
    for turn in ["first", "second"] {
        let start = Instant::now();
        let ways = ways(1000, 8);
        println!("{turn} call: {ways} ways to pay 10.00, in {:?}", start.elapsed());
    }
    println!("{}", ways::cache_info());
}
