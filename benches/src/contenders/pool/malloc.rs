//! No pool at all: memory of the object's size from an allocator, called by name.

use std::marker::PhantomData;

use super::object::Object;
use super::peer::Peer;
use crate::contenders::raw::{Malloc, Raw};

/// Memory as it comes: nothing is written but the 16 bytes that all write.
pub(super) struct Bare<A, O>(PhantomData<(A, O)>);

impl<A: Malloc, O: Object> Peer for Bare<A, O> {
    type Object = O;
    type Held<'a> = Raw<A>;

    fn new(_: usize) -> Self {
        Self(PhantomData)
    }

    #[inline(always)]
    fn take(&self) -> Raw<A> {
        Raw::new(O::BYTES)
    }

    #[inline(always)]
    fn fill(held: &mut Raw<A>, i: u64) -> u64 {
        O::fill_raw(held, i)
    }
}

/// Memory that is zeroed after it was handed out, as a new plain struct is.
pub(super) struct Zeroed<A, O>(PhantomData<(A, O)>);

impl<A: Malloc, O: Object> Peer for Zeroed<A, O> {
    type Object = O;
    type Held<'a> = Raw<A>;

    fn new(_: usize) -> Self {
        Self(PhantomData)
    }

    #[inline(always)]
    fn take(&self) -> Raw<A> {
        let mut raw = Raw::new(O::BYTES);
        raw.zero();
        raw
    }

    #[inline(always)]
    fn fill(held: &mut Raw<A>, i: u64) -> u64 {
        O::fill_raw(held, i)
    }
}
