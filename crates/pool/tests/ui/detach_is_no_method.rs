fn main() {
    let pool = lagom_pool::Pool::new(String::new);
    let _: String = pool.acquire().detach();
}
