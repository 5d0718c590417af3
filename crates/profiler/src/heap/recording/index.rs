//! Where the blocks of a file are, and what is said in those that are no events.

use std::borrow::Cow;
use std::collections::HashMap;

use super::error::RecordingError;
use super::fields::Fields;
use super::format::{self, HEADER, PREAMBLE};
use super::module::Module;
use super::source::Source;

/// What is read without looking at events.
#[derive(Debug, Default)]
pub(super) struct Index {
    pub(super) start: Start,
    pub(super) modules: Vec<Module>,
    pub(super) threads: Vec<Thread>,
    pub(super) end: Option<End>,
    /// Behind the last whole block is something else.
    pub(super) cut: Option<RecordingError>,
    /// The latest moment of which both clocks are known: ticks and nanoseconds.
    latest: (u64, u64),
}

#[derive(Debug, Default)]
pub(super) struct Start {
    pub(super) process: u32,
    pub(super) page_size: u32,
    pub(super) unix_ns: u64,
    pub(super) ticks: u64,
    pub(super) program: String,
}

#[derive(Debug, Default)]
pub(super) struct Thread {
    /// That of its last block.
    pub(super) name: String,
    pub(super) blocks: Vec<Block>,
    events: u64,
    lost: u64,
}

/// A block of events.
#[derive(Clone, Copy, Debug)]
pub(super) struct Block {
    /// Of the payload.
    pub(super) offset: u64,
    pub(super) length: usize,
    /// In ticks; the end is not before the begin.
    pub(super) begin: u64,
    pub(super) end: u64,
}

/// What the program's own counters said last.
#[derive(Clone, Copy, Debug)]
pub(super) struct End {
    ns: u64,
    pub(super) peak: u64,
}

impl Index {
    pub(super) fn read(source: &Source) -> Result<Self, RecordingError> {
        let none = |_| RecordingError::damaged(0, "this is no recording of the heap");
        let preamble = source.read(0, PREAMBLE).map_err(none)?;
        let mut fields = Fields::new(&preamble, format::MAGIC.len());
        if !preamble.starts_with(&format::MAGIC) {
            return Err(none(RecordingError::damaged(0, "")));
        }
        if let Some(version) = fields.u32()
            && version != format::VERSION
        {
            return Err(RecordingError::damaged(8, format!("this is format {version}, known is {}", format::VERSION)));
        }
        let mut index = Self::default();
        let mut numbers = HashMap::new();
        let mut offset = PREAMBLE as u64;
        let (kind, payload) = read_block(source, offset)?;
        if kind != format::START {
            return Err(RecordingError::damaged(offset, "the first block does not tell of the start"));
        }
        index.add(kind, offset, &payload, &mut numbers)?;
        offset += (HEADER + payload.len()) as u64;
        while offset < source.length() {
            match read_block(source, offset) {
                Ok((kind, payload)) => {
                    index.add(kind, offset, &payload, &mut numbers)?;
                    offset += (HEADER + payload.len()) as u64;
                }
                Err(error) if is_last(source, offset)? => {
                    index.cut = Some(error);
                    break;
                }
                Err(error) => return Err(error),
            }
        }
        index.modules.sort_by_key(Module::begin);
        index.modules.dedup();
        Ok(index)
    }

    fn add(
        &mut self,
        kind: u32,
        offset: u64,
        payload: &[u8],
        numbers: &mut HashMap<u32, usize>,
    ) -> Result<(), RecordingError> {
        let mut fields = Fields::new(payload, 0);
        let read = match kind {
            format::START => self.start(&mut fields),
            format::MODULES => self.modules(&mut fields),
            format::EVENTS => self.events_block(&mut fields, offset, payload.len(), numbers),
            format::END => self.end(&mut fields),
            _ => Some(()),
        };
        read.ok_or_else(|| RecordingError::damaged(offset, "what a block holds is cut short"))
    }

    fn start(&mut self, fields: &mut Fields<'_>) -> Option<()> {
        let (process, page_size, unix_ns) = (fields.u32()?, fields.u32()?, fields.u64()?);
        self.start = Start { process, page_size, unix_ns, ticks: fields.u64()?, program: fields.text()? };
        Some(())
    }

    fn modules(&mut self, fields: &mut Fields<'_>) -> Option<()> {
        while !fields.is_empty() {
            self.modules.push(Module::read(fields)?);
        }
        Some(())
    }

    fn events_block(
        &mut self,
        fields: &mut Fields<'_>,
        offset: u64,
        length: usize,
        numbers: &mut HashMap<u32, usize>,
    ) -> Option<()> {
        let (number, _, begin, end, ns) = (fields.u32()?, fields.u32()?, fields.u64()?, fields.u64()?, fields.u64()?);
        let (events, lost) = (fields.u32()?, fields.u32()?);
        let name = fields.take(format::NAME)?;
        let name = name.split(|byte| *byte == 0).next().unwrap_or_default();
        let at = *numbers.entry(number).or_insert_with(|| {
            self.threads.push(Thread::default());
            self.threads.len() - 1
        });
        let thread = &mut self.threads[at];
        thread.name = String::from_utf8_lossy(name).into_owned();
        thread.events = thread.events.saturating_add(u64::from(events));
        thread.lost = thread.lost.saturating_add(u64::from(lost));
        let end = end.max(begin);
        thread.blocks.push(Block { offset: offset + HEADER as u64, length, begin, end });
        self.latest = self.latest.max((end, ns));
        Some(())
    }

    fn end(&mut self, fields: &mut Fields<'_>) -> Option<()> {
        let (ns, _events, _lost) = (fields.u64()?, fields.u64()?, fields.u64()?);
        let (_current, peak, _allocations, _allocated) = (fields.u64()?, fields.u64()?, fields.u64()?, fields.u64()?);
        self.end = Some(End { ns, peak });
        Some(())
    }

    pub(super) fn events(&self) -> u64 {
        self.threads.iter().fold(0, |sum, thread| sum.saturating_add(thread.events))
    }

    pub(super) fn lost(&self) -> u64 {
        self.threads.iter().fold(0, |sum, thread| sum.saturating_add(thread.lost))
    }

    /// In nanoseconds.
    pub(super) fn duration(&self) -> u64 {
        self.latest.1.max(self.end.map_or(0, |end| end.ns))
    }

    /// Nanoseconds of a tick.
    pub(super) fn scale(&self) -> f64 {
        let ticks = self.latest.0.saturating_sub(self.start.ticks);
        if ticks == 0 { 1.0 } else { self.latest.1 as f64 / ticks as f64 }
    }

    /// In ticks.
    pub(super) fn latest(&self) -> u64 {
        self.latest.0.max(self.start.ticks)
    }
}

/// The kind and the content of the block that begins here.
fn read_block(source: &Source, offset: u64) -> Result<(u32, Cow<'_, [u8]>), RecordingError> {
    let header = source.read(offset, HEADER)?;
    let field = |at: usize| Fields::new(&header, at).u32().unwrap_or_default();
    let damaged = |what| RecordingError::damaged(offset, what);
    if !header.starts_with(&format::SYNC) {
        return Err(damaged("no block begins here"));
    }
    let (checksum, kind, length) = (field(4), field(8), field(12) as usize);
    if length > format::LONGEST {
        return Err(damaged("a block is longer than any may be"));
    }
    let block = source.read(offset, HEADER + length)?;
    if format::checksum(&block[8..]) != checksum {
        return Err(damaged("the checksum of a block is wrong"));
    }
    let payload = match block {
        Cow::Borrowed(bytes) => Cow::Borrowed(&bytes[HEADER..]),
        Cow::Owned(mut bytes) => Cow::Owned(bytes.split_off(HEADER)),
    };
    Ok((kind, payload))
}

/// Whether no whole block lies behind this place. So one that is not whole was the last, and nothing else is lost.
fn is_last(source: &Source, offset: u64) -> Result<bool, RecordingError> {
    const CHUNK: usize = 1 << 20;
    // Of a file full of what looks like blocks not all are tried.
    let mut tries = 64 << 20;
    let mut at = offset + 1;
    loop {
        let length = usize::try_from(source.length().saturating_sub(at)).unwrap_or(CHUNK).min(CHUNK);
        if length < HEADER {
            return Ok(true);
        }
        let chunk = source.read(at, length)?;
        for begin in 0..=length - format::SYNC.len() {
            if !chunk[begin..].starts_with(&format::SYNC) {
                continue;
            }
            if read_block(source, at + begin as u64).is_ok() {
                return Ok(false);
            }
            let tried =
                chunk.get(begin + 12..begin + HEADER).map_or(0, |field| Fields::new(field, 0).u32().unwrap_or(0));
            tries -= 64 + i64::from(tried).min(CHUNK as i64);
            if tries < 0 {
                return Ok(false);
            }
        }
        at += (length - HEADER + 1) as u64;
    }
}
