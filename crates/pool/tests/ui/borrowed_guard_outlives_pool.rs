fn main() {
    let pool = lagom_pool::Pool::new(String::new);
    let guard = pool.acquire();
    drop(pool);
    drop(guard);
}
