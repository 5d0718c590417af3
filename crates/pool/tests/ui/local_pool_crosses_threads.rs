use lagom_pool::LocalPool;

fn main() {
    let pool = LocalPool::new(String::new);
    std::thread::scope(|scope| {
        scope.spawn(|| pool.clear());
    });
}
