//! Rivals that keep objects by thread.

use std::cell::RefCell;
use std::ops::DerefMut;

use regex_automata::util::pool::{Pool as RegexPool, PoolGuard};
use thread_local::ThreadLocal;

use super::object::Object;
use super::peer::Peer;

/// regex-automata's own pool. The first thread to use it owns its fast path for ever.
pub(super) struct Regex<O>(RegexPool<O>);

impl<O: Object> Peer for Regex<O> {
    type Object = O;
    type Held<'a> = PoolGuard<'a, O, fn() -> O>;

    fn new(_: usize) -> Self {
        Self(RegexPool::new(|| O::make()))
    }

    #[inline(always)]
    fn take(&self) -> Self::Held<'_> {
        self.0.get()
    }

    #[inline(always)]
    fn fill(held: &mut Self::Held<'_>, i: u64) -> u64 {
        held.clean();
        held.deref_mut().fill(i)
    }
}

/// A stack for each thread, without bound and without guards.
pub(super) struct ThreadStacks<O: Send>(ThreadLocal<Padded<RefCell<Vec<O>>>>);

/// On cache lines of its own: thread_local puts those of several threads side by side.
#[repr(align(128))]
struct Padded<T>(T);

impl<O> Default for Padded<RefCell<Vec<O>>> {
    fn default() -> Self {
        Self(RefCell::default())
    }
}

impl<O: Object> Peer for ThreadStacks<O> {
    type Object = O;
    type Held<'a> = O;
    const GUARD: bool = false;

    fn new(_: usize) -> Self {
        Self(ThreadLocal::new())
    }

    #[inline(always)]
    fn take(&self) -> O {
        let idle = self.0.get_or_default().0.borrow_mut().pop();
        idle.unwrap_or_else(|| O::make())
    }

    #[inline(always)]
    fn fill(held: &mut O, i: u64) -> u64 {
        held.clean();
        held.fill(i)
    }

    #[inline(always)]
    fn give(&self, object: O) {
        self.0.get_or_default().0.borrow_mut().push(object);
    }
}
