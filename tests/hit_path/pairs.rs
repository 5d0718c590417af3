//! Compiled by the test beside it, which reads the machine code of these functions.

use std::hint::black_box;
use std::sync::{Mutex, PoisonError};

use lagom_pool::Pool;

/// One object, borrowed and given back.
#[inline(never)]
pub fn borrowed(pool: &Pool<Vec<u8>>) {
    let mut buffer = pool.acquire();
    black_box(&mut *buffer);
}

/// The same with a guard that borrows nothing.
#[inline(never)]
pub fn owned(pool: &Pool<Vec<u8>>) {
    let mut buffer = pool.acquire_owned();
    black_box(&mut *buffer);
}

/// What the pool must not be like.
#[inline(never)]
pub fn locked(pool: &Mutex<Vec<Vec<u8>>>) {
    let idle = pool.lock().unwrap_or_else(PoisonError::into_inner).pop();
    let mut buffer = idle.unwrap_or_default();
    black_box(&mut buffer);
    pool.lock().unwrap_or_else(PoisonError::into_inner).push(buffer);
}
