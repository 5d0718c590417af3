use std::cell::Cell;

fn main() {
    let count = Cell::new(0);
    let _ = lagom_pool::Pool::builder(move || count.replace(count.get() + 1)).build();
}
