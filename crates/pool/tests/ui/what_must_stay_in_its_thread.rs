//! An object comes back in any thread: what may not cross threads may not be pooled for several.

use std::cell::Cell;
use std::rc::Rc;

use lagom_pool::{Pooled, PooledOwned};

fn send<T: Send>(_: &T) {}

fn sync<T: Sync>(_: &T) {}

fn borrowed(guard: &Pooled<'_, Rc<u8>>) {
    send(guard);
}

fn owned(guard: &PooledOwned<Rc<u8>>) {
    send(guard);
}

fn shared_guard(guard: &PooledOwned<Cell<u8>>) {
    sync(guard);
}

fn main() {}
