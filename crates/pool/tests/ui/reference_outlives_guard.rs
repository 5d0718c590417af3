fn main() {
    let pool = lagom_pool::Pool::new(String::new);
    let guard = pool.acquire();
    let text: &str = &guard;
    drop(guard);
    println!("{text}");
}
