//! Four threads render pages into pooled buffers: a few buffers serve thousands of pages.
//!
//! `cargo run -p lagom-pool --example buffers`

use std::fmt::Write;

use lagom_pool::Pool;

fn main() {
    let pool = Pool::builder(|| String::with_capacity(16 * 1024))
        .max_idle(4)
        .reset(String::clear)
        .retain_if(|page| page.capacity() <= 64 * 1024)
        .build();

    let bytes: usize = std::thread::scope(|scope| {
        let renderers: Vec<_> = (0..4)
            .map(|thread| {
                let pool = &pool;
                scope.spawn(move || (0..2_500).map(|page| render(pool, thread * 2_500 + page)).sum::<usize>())
            })
            .collect();
        renderers.into_iter().map(|renderer| renderer.join().expect("rendering does not panic")).sum()
    });

    println!("10,000 pages, {bytes} bytes");
    println!("{}", pool.stats());
}

/// Renders one page and returns its length.
fn render(pool: &Pool<String>, number: usize) -> usize {
    let mut page = pool.acquire();
    for line in 0..40 {
        writeln!(page, "page {number}, line {line}").expect("writing to a String does not fail");
    }
    page.len()
}
