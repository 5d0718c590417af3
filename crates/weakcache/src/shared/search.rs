//! The search for an entry that is made if it is missing, in steps that threads and tasks share.

use lagom_base::flight::{Outcome, Party};
use lagom_base::sync::Arc;

use crate::shared::cached::Cached;
use crate::shared::engine::Engine;
use crate::shared::failure::{Failure, Flight, OnError};
use crate::shared::fill::LoadError;
use crate::shared::load::Lead;
use crate::shared::shard::Shard;

/// A search for the entry of a key.
pub(super) struct Search<'a, K, V> {
    engine: &'a Engine<K, V>,
    shard: &'a Shard<K, V>,
    hash: u32,
    /// Until it is put in.
    key: Option<K>,
    /// What the first look saw, until something is made of it.
    seen: Option<Seen<V>>,
}

/// What was there for the key, as of a number of links.
struct Seen<V> {
    found: Option<Cached<V>>,
    links: usize,
}

/// What is to be done next.
pub(super) enum Step<V> {
    /// Nothing: here is the entry.
    Found(Cached<V>),
    /// To wait for a load, and then see [what came of it](Search::waited).
    Wait(Cached<V>, Arc<Flight>),
    /// To make the value: as this one, the [lead](Search::lead) of the load of this node.
    Lead(Cached<V>, Party),
}

/// What a search comes to.
pub(super) type Filled<K, V, E> = Result<Cached<V>, LoadError<K, E>>;

#[cfg(feature = "async")]
impl<'a, K: Eq, V> Search<'a, K, V> {
    /// One that is to begin with [`first_look`](Self::first_look).
    pub(super) fn new(engine: &'a Engine<K, V>, shard: &'a Shard<K, V>, hash: u32, key: K) -> Self {
        Self { engine, shard, hash, key: Some(key), seen: None }
    }

    /// The live entry, if it is there at once; the look counts.
    pub(super) fn first_look(&mut self) -> Option<Cached<V>> {
        let Some(key) = &self.key else { unreachable!("it was not put in yet") };
        let look = self.engine.first_look(self.shard, self.hash, |other| other == key);
        look.map_err(|seen| self.seen = Some(seen)).ok()
    }

    /// The lead of a load that [`next`](Self::next) began.
    pub(super) fn lead(&self, own: Cached<V>, leader: Party) -> Lead<'a, K, V> {
        Lead::new(self.engine, self.shard, own, leader)
    }
}

impl<'a, K: Eq, V> Search<'a, K, V> {
    #[inline(never)]
    fn look(&self) -> Seen<V> {
        let Some(key) = &self.key else { unreachable!("it was not put in yet") };
        let links = self.shard.links();
        Seen { found: self.engine.find_any(self.shard, self.hash, |other| other == key), links }
    }

    /// Goes on until something is found or can be done; `leader` is who would make the value.
    #[inline(always)] // As a function it costs a fresh key 20 instructions of 1,130.
    pub(super) fn next(&mut self, leader: impl Fn() -> Party) -> Step<V> {
        let Self { engine, shard, hash, .. } = *self;
        loop {
            match self.seen.take().unwrap_or_else(|| self.look()) {
                Seen { found: Some(found), .. } => match engine.flight(shard, &found) {
                    Some(flight) => return Step::Wait(found, flight),
                    None if engine.is_good(shard, &found, engine.now()) => return Step::Found(found),
                    None => {}
                },
                Seen { found: None, links } => {
                    let leader = leader();
                    if let Some(own) = engine.start_load(shard, hash, &mut self.key, links, leader) {
                        return Step::Lead(own, leader);
                    }
                }
            }
        }
    }

    /// What came of a wait for a load; nothing if the search goes on.
    pub(super) fn waited<P: OnError<E>, E>(
        &mut self,
        found: Cached<V>,
        outcome: Outcome<Option<Failure>>,
    ) -> Option<Filled<K, V, E>> {
        match outcome {
            Outcome::Landed(None) | Outcome::Abandoned => {
                let good = self.engine.is_good(self.shard, &found, self.engine.now());
                good.then_some(Ok(found))
            }
            Outcome::Landed(Some(failure)) => {
                drop(found);
                P::take(failure).map(|error| Err(LoadError::Failed(error)))
            }
            Outcome::Cycle => {
                drop(found);
                Some(Err(LoadError::NeedsItself(self.key.take().expect("it was not put in yet"))))
            }
        }
    }
}

impl<K: Eq, V> Engine<K, V> {
    /// The live entry, if it is there at once; the look counts.
    #[inline]
    fn first_look(&self, shard: &Shard<K, V>, hash: u32, is: impl Fn(&K) -> bool) -> Result<Cached<V>, Seen<V>> {
        let links = shard.links();
        let now = self.now();
        let found = self.find_any(shard, hash, is);
        let hit = found.as_ref().is_some_and(|found| self.is_good(shard, found, now));
        self.count_lookup(shard, hit);
        if hit && let Some(found) = found {
            self.used(shard, &found);
            return Ok(found);
        }
        Err(Seen { found, links })
    }

    /// The live entry, or one of the value that one thread's `make` returns while the others wait.
    #[inline]
    pub(super) fn get_or_load<P: OnError<E>, E>(
        &self,
        shard: &Shard<K, V>,
        hash: u32,
        key: K,
        make: impl FnOnce() -> Result<V, E>,
    ) -> Filled<K, V, E> {
        let seen = match self.first_look(shard, hash, |other| *other == key) {
            Ok(found) => {
                // Here: a panic in a drop at the end of the function would leak the result.
                drop((key, make));
                return Ok(found);
            }
            Err(seen) => seen,
        };
        let mut search = Search { engine: self, shard, hash, key: Some(key), seen: Some(seen) };
        let filled = loop {
            match search.next(Party::thread) {
                Step::Found(found) => break Ok(found),
                Step::Wait(found, flight) => {
                    let outcome = flight.wait();
                    drop(flight);
                    if let Some(filled) = search.waited::<P, E>(found, outcome) {
                        break filled;
                    }
                }
                Step::Lead(own, leader) => {
                    let mut lead = Lead::new(self, shard, own, leader);
                    lead.note_start();
                    return lead.run::<P, E>(make).map_err(LoadError::Failed);
                }
            }
        };
        drop((search, make));
        filled
    }
}
