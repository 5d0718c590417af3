//! Who could take a guard for one of a shorter-lived type could leave a dangling reference in the pool.

use lagom_pool::{LocalPool, LocalPooled, LocalPooledOwned, Pool, Pooled, PooledOwned};

fn owned<'a>(guard: PooledOwned<&'static str>) -> PooledOwned<&'a str> {
    guard
}

fn borrowed<'a>(guard: Pooled<'a, &'static str>) -> Pooled<'a, &'a str> {
    guard
}

fn pool<'a>(pool: &'a Pool<&'static str>) -> &'a Pool<&'a str> {
    pool
}

fn local_owned<'a>(guard: LocalPooledOwned<&'static str>) -> LocalPooledOwned<&'a str> {
    guard
}

fn local_borrowed<'a>(guard: LocalPooled<'a, &'static str>) -> LocalPooled<'a, &'a str> {
    guard
}

fn local_pool<'a>(pool: &'a LocalPool<&'static str>) -> &'a LocalPool<&'a str> {
    pool
}

fn main() {}
