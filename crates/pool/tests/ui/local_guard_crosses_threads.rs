use lagom_pool::LocalPool;

fn main() {
    let pool = LocalPool::new(String::new);
    let guard = pool.acquire_owned();
    std::thread::spawn(move || drop(guard));
}
