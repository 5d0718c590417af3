//! Interners. Those that keep one table for the process are asked through a type without content.

use ahash::RandomState;
use lasso::{Key, Spur, ThreadedRodeo};
use ustr::Ustr;

use super::peer::Interning;

/// internment's counted texts.
pub(super) struct Internment;

impl Interning for Internment {
    type Handle = internment::ArcIntern<str>;

    fn new() -> Self {
        Self
    }

    #[inline(always)]
    fn intern(&self, text: &str) -> Self::Handle {
        text.into()
    }

    fn same(a: &Self::Handle, b: &Self::Handle) -> bool {
        a == b
    }

    #[inline(always)]
    fn text<'a>(&'a self, handle: &'a Self::Handle) -> &'a str {
        handle
    }
}

/// arc-interner. With `str` it makes one block for each call, with `String` two.
pub(super) struct ArcInterner;

impl Interning for ArcInterner {
    type Handle = arc_interner::ArcIntern<str>;

    fn new() -> Self {
        Self
    }

    #[inline(always)]
    fn intern(&self, text: &str) -> Self::Handle {
        text.into()
    }

    fn same(a: &Self::Handle, b: &Self::Handle) -> bool {
        a == b
    }

    #[inline(always)]
    fn text<'a>(&'a self, handle: &'a Self::Handle) -> &'a str {
        handle
    }
}

/// lasso, for threads; frees nothing.
pub(super) struct Lasso(ThreadedRodeo<Spur, RandomState>);

impl Interning for Lasso {
    type Handle = Spur;

    fn new() -> Self {
        Self(ThreadedRodeo::with_hasher(RandomState::new()))
    }

    #[inline(always)]
    fn intern(&self, text: &str) -> Spur {
        self.0.get_or_intern(text)
    }

    fn same(a: &Spur, b: &Spur) -> bool {
        a == b
    }

    fn text<'a>(&'a self, handle: &'a Spur) -> &'a str {
        self.0.resolve(handle)
    }

    /// To resolve a handle takes a lock; they are numbered as they are made.
    #[inline(always)]
    fn is_nth(&self, handle: &Spur, nth: usize) -> bool {
        handle.into_usize() == nth
    }
}

/// ustr; frees nothing.
pub(super) struct Ustrs;

impl Interning for Ustrs {
    type Handle = Ustr;

    fn new() -> Self {
        Self
    }

    #[inline(always)]
    fn intern(&self, text: &str) -> Ustr {
        ustr::ustr(text)
    }

    fn same(a: &Ustr, b: &Ustr) -> bool {
        a == b
    }

    #[inline(always)]
    fn text<'a>(&'a self, handle: &'a Ustr) -> &'a str {
        handle.as_str()
    }
}
