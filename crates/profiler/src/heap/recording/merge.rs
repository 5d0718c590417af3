//! The events of all threads in the order of time.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::hash_map::Entry;
use std::collections::{BinaryHeap, HashMap};

use super::decode::{Decoder, Definition, Event, Item};
use super::error::RecordingError;
use super::index::{Block, Index};
use super::source::Source;

/// When an event was, in ticks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Moment {
    /// As good as can be said: between two readings of the clock events are taken to follow each other closely.
    pub(super) guess: u64,
    /// It was not before this, and not after that.
    pub(super) earliest: u64,
    pub(super) latest: u64,
}

/// Between two events of a thread, if it paused before the clock was read again: some 100 ns.
const CLOSE: u64 = 1 << 8;
/// A longer time between two readings is a pause.
const PAUSE: u64 = 1 << 16;

/// The frames that a file may define per byte; one that holds more was made to fill memory.
const FRAMES_PER_BYTE: u64 = 12;

/// The stacks that were defined, by number.
pub(super) type Stacks = HashMap<u32, Definition>;

struct Lane<'a> {
    source: &'a Source,
    blocks: std::slice::Iter<'a, Block>,
    open: Option<Open<'a>>,
    /// The events between two readings of the clock.
    run: Vec<Event>,
    at: usize,
    begin: u64,
    end: u64,
    step: u64,
}

struct Open<'a> {
    block: Block,
    payload: Cow<'a, [u8]>,
    decoder: Decoder,
    /// The moment of the next event.
    ticks: u64,
}

/// Shows every event with its moment and its thread, and collects the stacks.
pub(super) fn merge(
    source: &Source,
    index: &Index,
    mut show: impl FnMut(usize, &Event, Moment),
) -> Result<Stacks, RecordingError> {
    let mut stacks = Stacks::default();
    let mut frames_left = (1 << 20) + FRAMES_PER_BYTE * source.length();
    let mut define = |definition: &Definition| {
        if let Entry::Vacant(place) = stacks.entry(definition.number) {
            frames_left = frames_left.checked_sub(definition.frames.len() as u64)?;
            place.insert(definition.clone());
        }
        Some(())
    };
    let lane = |blocks| Lane { source, blocks, open: None, run: Vec::new(), at: 0, begin: 0, end: 0, step: 0 };
    let mut lanes: Vec<_> = index.threads.iter().map(|thread| lane(thread.blocks.iter())).collect();
    let first = |(at, thread): (usize, &super::index::Thread)| Some(Reverse((thread.blocks.first()?.begin, at)));
    let mut queue: BinaryHeap<_> = index.threads.iter().enumerate().filter_map(first).collect();
    while let Some(Reverse((_, at))) = queue.pop() {
        let until = queue.peek().map_or(u64::MAX, |Reverse((next, _))| *next);
        let lane = &mut lanes[at];
        while lane.fill(&mut define)? {
            let moment = lane.moment();
            if moment.guess > until {
                queue.push(Reverse((moment.guess, at)));
                break;
            }
            show(at, &lane.run[lane.at], moment);
            lane.at += 1;
        }
    }
    Ok(stacks)
}

impl Lane<'_> {
    /// Of the next event.
    #[inline]
    fn moment(&self) -> Moment {
        let guess = self.begin.saturating_add(self.step.saturating_mul(self.at as u64));
        // The first is at the reading itself.
        Moment { guess, earliest: self.begin, latest: if self.at == 0 { self.begin } else { self.end } }
    }

    /// Has a next event at hand; `false` if there is none.
    #[inline]
    fn fill(&mut self, define: &mut impl FnMut(&Definition) -> Option<()>) -> Result<bool, RecordingError> {
        while self.at >= self.run.len() {
            if !self.next_run(define)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn next_run(&mut self, define: &mut impl FnMut(&Definition) -> Option<()>) -> Result<bool, RecordingError> {
        self.run.clear();
        self.at = 0;
        if self.open.is_none() {
            let Some(block) = self.blocks.next() else {
                self.run = Vec::new();
                return Ok(false);
            };
            let payload = self.source.read(block.offset, block.length)?;
            let decoder = Decoder::new(block.begin);
            self.open = Some(Open { block: *block, payload, decoder, ticks: block.begin });
        }
        let Some(open) = &mut self.open else { return Ok(false) };
        self.begin = open.ticks;
        let end = loop {
            match open.decoder.next(&open.payload, open.block.offset)? {
                Some(Item::Event(event)) => self.run.push(event),
                Some(Item::Stack(definition)) => define(definition).ok_or_else(|| {
                    RecordingError::damaged(open.block.offset, "the file defines more stacks than any program has")
                })?,
                Some(Item::Time(ticks)) if self.run.is_empty() => {
                    open.ticks = ticks;
                    self.begin = ticks;
                }
                Some(Item::Time(ticks)) => {
                    open.ticks = ticks;
                    break ticks;
                }
                None => {
                    let end = open.block.end;
                    self.open = None;
                    break end;
                }
            }
        };
        self.end = end.max(self.begin);
        let passed = self.end - self.begin;
        self.step = passed / (self.run.len() as u64).max(1);
        if passed > PAUSE {
            self.step = self.step.min(CLOSE);
        }
        Ok(true)
    }
}
