//! Texts of which each is there once.

use super::bytes::Once;
use super::keys::{scattered, start};
use super::peer::{InternerField, Interning};
use super::roster;
use crate::case::{Case, Contender};
use crate::contenders::Scale;
use crate::measure::HeldBytes;

/// Bytes of each text.
pub(super) const LENGTH: usize = 17;

/// Texts that are live.
const TEXTS: u64 = 100_000;

fn text(i: u64) -> String {
    format!("carrier/tail{i:05}")
}

/// Texts and a table in which all are, in their order.
pub(super) struct Live<P: Interning> {
    texts: Vec<String>,
    table: P,
    handles: Vec<P::Handle>,
}

impl<P: Interning> Live<P> {
    pub(super) fn new(n: u64) -> Self {
        let table = P::new();
        let texts: Vec<String> = (0..n).map(text).collect();
        let handles = texts.iter().map(|text| table.intern(text)).collect();
        Self { texts, table, handles }
    }

    #[inline(always)]
    pub(super) fn hit(&self, i: u64) -> u64 {
        let nth = scattered(i, self.texts.len() as u64) as usize;
        u64::from(self.table.is_nth(&self.table.intern(&self.texts[nth]), nth))
    }

    /// 1 when the text is still the same one.
    fn right(&self, nth: usize) -> u64 {
        let again = self.table.intern(&self.texts[nth]);
        u64::from(P::same(&again, &self.handles[nth]) && self.table.text(&again) == self.texts[nth])
    }
}

struct Hits {
    case: Case,
    texts: u64,
}

impl InternerField for Hits {
    fn enter<P: Interning>(self, name: &str) -> Self {
        let Self { case, texts } = self;
        let operation = |live: &Live<P>, start: &mut u64, i: u64| live.hit(start.wrapping_add(i));
        Self { case: case.with(Contender::new(name, move || Live::<P>::new(texts), start, operation)), texts }
    }
}

/// Finds a live text, and drops the handle.
pub(super) fn hit(threads: usize, scale: Scale) -> Case {
    let case = Case::new("weakcache", "interner", "intern and drop, 100k live texts of 17 bytes", |n| n)
        .note(
            "ns of a core per look-up of a text that is live, and drop of its handle. In favour of lasso and ustr: they never free a \
             text, and their handles count nothing.",
        )
        .threads(threads);
    let texts = if scale == Scale::Smoke { 1_000 } else { TEXTS };
    roster::interners(Hits { case, texts }).case
}

struct Bytes(Case);

impl InternerField for Bytes {
    fn enter<P: Interning>(self, name: &str) -> Self {
        let once = Once::new();
        let contender = Contender::untimed(name)
            .figure("beyond the text", "bytes", TEXTS, once.nth(0, bytes::<P>))
            .figure("left when all are dropped", "bytes", TEXTS, once.nth(1, bytes::<P>))
            .figure("handle", "bytes", TEXTS, once.nth(2, bytes::<P>));
        Self(self.0.with(contender))
    }
}

fn bytes<P: Interning>(n: u64) -> ([f64; 3], u64) {
    let texts: Vec<String> = (0..n).map(text).collect();
    let mut handles = Vec::with_capacity(texts.len());
    let held = HeldBytes::begin();
    let per_text = || held.bytes() as f64 / n as f64;
    let table = P::new();
    handles.extend(texts.iter().map(|text| table.intern(text)));
    let live = per_text() - LENGTH as f64;
    let mut all = Live { texts, table, handles };
    let answer = (0..n as usize).map(|nth| all.right(nth)).sum();
    all.handles.clear();
    ([live, per_text(), size_of::<P::Handle>() as f64], answer)
}

/// What a text costs. To be found before anything else uses the tables that there is one of in a process.
pub(super) fn cost() -> Case {
    let case = Case::new("weakcache", "interner", "bytes per text of 17 bytes", |n| n).note(
        "Bytes asked of the allocator per text, of 100,000: beyond its 17, without the handle; in all when every handle is \
         dropped; and the size of a handle. A table keeps its room; lasso and ustr keep everything.",
    );
    roster::interners(Bytes(case)).0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_as_long_as_said_and_differ() {
        let texts: std::collections::HashSet<String> = (0..TEXTS).map(text).collect();
        assert_eq!(texts.len() as u64, TEXTS);
        assert!(texts.iter().all(|text| text.len() == LENGTH));
    }
}
