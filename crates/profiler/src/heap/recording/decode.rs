//! The events of one block.

use super::error::RecordingError;
use super::fields::Fields;
use super::format;
use super::predict::{FramePredictor, Predictor};

/// What happened to one block of memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Event {
    Alloc { address: u64, size: u64, stack: u32 },
    Free { address: u64 },
    Realloc { old: u64, new: u64, size: u64, stack: u32 },
}

/// A stack, in numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Definition {
    pub(super) number: u32,
    /// Innermost first.
    pub(super) frames: Vec<u64>,
    pub(super) span: String,
}

/// What comes next in a block.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Item<'a> {
    Event(Event),
    /// The next event is at this moment.
    Time(u64),
    Stack(&'a Definition),
}

/// Reads a block from its first event on.
#[derive(Debug)]
pub(super) struct Decoder {
    predictor: Predictor,
    frames: Box<FramePredictor>,
    at: usize,
    ticks: u64,
    defined: Definition,
}

impl Decoder {
    /// Of a payload that begins at these ticks.
    pub(super) fn new(ticks: u64) -> Self {
        Self {
            predictor: Predictor::NEW,
            frames: Box::new(FramePredictor::NEW),
            at: format::ABOUT,
            ticks,
            defined: Definition::default(),
        }
    }

    /// The next item; `None` at the end. `offset` is where the payload lies in the file.
    #[inline]
    pub(super) fn next(&mut self, payload: &[u8], offset: u64) -> Result<Option<Item<'_>>, RecordingError> {
        let mut fields = Fields::new(payload, self.at);
        let Some(tag) = fields.u8() else { return Ok(None) };
        let begin = self.at;
        let damaged = |what| RecordingError::damaged(offset + begin as u64, what);
        let event = match tag & 3 {
            format::FREE => self.free(tag, &mut fields),
            format::ALLOC => self.alloc(tag, &mut fields),
            format::REALLOC => self.realloc(tag, &mut fields),
            _ if tag == format::TIME => {
                let passed = fields.varint().ok_or_else(|| damaged("a moment is cut short"))?;
                self.ticks = self.ticks.saturating_add(passed);
                self.at = fields.at();
                return Ok(Some(Item::Time(self.ticks)));
            }
            _ if tag == format::STACK => {
                self.define(&mut fields).ok_or_else(|| damaged("a stack is cut short or too deep"))?;
                self.at = fields.at();
                return Ok(Some(Item::Stack(&self.defined)));
            }
            _ => return Err(damaged("an event of an unknown kind")),
        };
        self.at = fields.at();
        event.map(|event| Some(Item::Event(event))).ok_or_else(|| damaged("an event is cut short or unknown"))
    }

    fn free(&mut self, tag: u8, fields: &mut Fields<'_>) -> Option<Event> {
        let address = self.released(tag >> 2, fields)?;
        self.predictor.free(address);
        Some(Event::Free { address })
    }

    fn alloc(&mut self, tag: u8, fields: &mut Fields<'_>) -> Option<Event> {
        let (address, idle) = self.placed(tag >> 4, fields)?;
        let stack = if tag & format::NEW_STACK == 0 { self.predictor.stack() } else { self.stack(fields)? };
        let size = if tag & format::NEW_SIZE == 0 { self.predictor.size(stack) } else { fields.varint()? };
        self.predictor.alloc(address, size, stack, idle);
        Some(Event::Alloc { address, size, stack })
    }

    fn realloc(&mut self, tag: u8, fields: &mut Fields<'_>) -> Option<Event> {
        let old = if tag & format::OTHER_BLOCK == 0 {
            self.predictor.last()
        } else {
            let code = fields.u8()?;
            self.released(code, fields)?
        };
        let (new, idle) = if tag & format::MOVED == 0 {
            (old, None)
        } else {
            let code = fields.u8()?;
            self.placed(code, fields)?
        };
        let stack = if tag & format::NEW_STACK == 0 { self.predictor.resizer() } else { self.stack(fields)? };
        let size = if tag & format::NEW_SIZE == 0 { self.predictor.grown(stack) } else { fields.varint()? };
        self.predictor.realloc(old, new, size, stack, idle);
        Some(Event::Realloc { old, new, size, stack })
    }

    /// Where an allocation is, and which of the idle ones.
    #[inline]
    fn placed(&self, code: u8, fields: &mut Fields<'_>) -> Option<(u64, Option<usize>)> {
        let behind = self.predictor.behind();
        let address = match code {
            0..format::BEHIND => {
                let at = usize::from(code);
                return Some((self.predictor.idle()[at], Some(at)));
            }
            format::BEHIND => behind,
            format::ALLOC_NEAR..format::ALLOC_RAW => near(behind, code - format::ALLOC_NEAR, fields)?,
            format::ALLOC_RAW => fields.u64()?,
            format::ALLOC_ODD => odd(behind, fields)?,
            _ => return None,
        };
        Some((address, None))
    }

    #[inline]
    fn released(&self, code: u8, fields: &mut Fields<'_>) -> Option<u64> {
        let (gone, last) = (self.predictor.gone(), self.predictor.last());
        Some(match code {
            format::LAST => last,
            format::STEP..format::FREE_NEAR => {
                let code = code - format::STEP;
                apart(gone, u64::from(code / 2) + 1, code % 2 == 1)
            }
            format::FREE_NEAR..format::FREE_RAW => near(gone, code - format::FREE_NEAR, fields)?,
            format::FREE_RAW => fields.u64()?,
            format::FREE_ODD => odd(gone, fields)?,
            format::ASIDE..64 => {
                let code = code - format::ASIDE;
                apart(last, u64::from(code / 2) + 1, code % 2 == 1)
            }
            _ => return None,
        })
    }

    /// A number, by its difference to that of the stack defined last.
    fn stack(&self, fields: &mut Fields<'_>) -> Option<u32> {
        let step = u32::try_from(fields.varint()?).ok()?;
        Some(self.defined.number.wrapping_add((step >> 1) ^ 0_u32.wrapping_sub(step & 1)))
    }

    fn define(&mut self, fields: &mut Fields<'_>) -> Option<()> {
        let number = self.stack(fields)?;
        let shared = usize::try_from(fields.varint()?).ok()?;
        let own = usize::try_from(fields.varint()?).ok()?;
        let frames = &mut self.defined.frames;
        let inner = frames.len().checked_sub(shared)?;
        if own > format::FRAMES || own + shared > format::FRAMES {
            return None;
        }
        let mut new = Vec::with_capacity(own);
        let mut frame = 0_u64;
        while new.len() < own {
            let expected = usize::try_from(fields.varint()?).ok().filter(|run| *run <= own - new.len())?;
            for _ in 0..expected {
                let caller = self.frames.caller(frame);
                self.frames.note(frame, caller);
                frame = caller;
                new.push(frame);
            }
            if new.len() < own {
                let inner = frame;
                frame = match usize::try_from(fields.varint()?).ok()?.checked_sub(1) {
                    Some(slot) => self.frames.known(slot)?,
                    None => {
                        let step = fields.varint()?;
                        inner.wrapping_add((step >> 1) ^ 0_u64.wrapping_sub(step & 1))
                    }
                };
                self.frames.note(inner, frame);
                new.push(frame);
            }
        }
        frames.splice(..inner, new);
        if let Some(length) = usize::try_from(fields.varint()?).ok()?.checked_sub(1) {
            self.defined.span = String::from_utf8_lossy(fields.take(length)?).into_owned();
        }
        self.defined.number = number;
        Some(())
    }
}

/// So many units of 16 bytes from `base`.
fn apart(base: u64, units: u64, down: bool) -> u64 {
    let distance = units << 4;
    if down { base.wrapping_sub(distance) } else { base.wrapping_add(distance) }
}

fn near(base: u64, code: u8, fields: &mut Fields<'_>) -> Option<u64> {
    let units = fields.number(usize::from(code / 2) + 1)?;
    Some(apart(base, units, code % 2 == 1))
}

fn odd(base: u64, fields: &mut Fields<'_>) -> Option<u64> {
    Some(base.wrapping_add_signed(i64::from(fields.u32()?.cast_signed())))
}
