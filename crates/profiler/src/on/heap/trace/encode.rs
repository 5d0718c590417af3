//! Events into bytes: see the [format](crate::heap::recording::format).

use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicU32, AtomicU64};

use crate::heap::recording::format;
use crate::heap::recording::predict::{FramePredictor, Predictor};
use crate::on::clock;

/// Bytes of a block with its header.
const CAPACITY: usize = 64 << 10;
/// Before the first event.
const FRONT: usize = format::HEADER + format::ABOUT;
/// More than any event with its time needs: tags 1 + 1, varints at most 10 each.
const ROOM: usize = 80;
/// How far the codes of places of releases reach, in units of 16 bytes.
const STEPS: u64 = (format::FREE_NEAR - format::STEP) as u64 / 2;
const ASIDES: u64 = (64 - format::ASIDE) as u64 / 2;
/// The most bytes of a span's name; what is longer is cut.
const SPAN: usize = 255;
/// The most bytes of a stack: tag, numbers, of each frame a run, a mark and a varint.
const STACK_ROOM: usize = 64 + 13 * format::FRAMES + SPAN;

/// The most events between two readings of the clock, while one thread records, and once there are more, whose events are to be
/// put in order.
const ALONE: u32 = 32;
const TOGETHER: u32 = 4;
/// Ticks between two readings: below, they become rarer, above, more frequent; of a busy thread some 10 µs, and each event of
/// an idle one has its own.
const SHORT: u64 = 1 << 14;
const LONG: u64 = 1 << 16;

/// Threads that were not running, or did not allocate, when the others read their clocks read them before their next event: else
/// what they did before and after a pause would look as if it were of one moment. So each looks whether the epoch is
/// still the same, and the epoch changes when some thread reads its clock anyway, a few times in ten microseconds at most.
static EPOCH: Line = Line { number: AtomicU32::new(0), most: AtomicU32::new(ALONE), since: AtomicU64::new(0) };
/// In ticks.
const EPOCH_LENGTH: u64 = 1 << 11;

#[repr(align(128))]
struct Line {
    number: AtomicU32,
    /// Events between two readings.
    most: AtomicU32,
    /// In ticks.
    since: AtomicU64,
}

/// How many threads take part in the recording: none at its start.
pub(super) fn expect(threads: u32) {
    EPOCH.most.store(if threads > 1 { TOGETHER } else { ALONE }, Relaxed);
}

/// The block that a thread fills. All zero is a valid one, to be [begun](Log::begin).
#[repr(C)]
pub(super) struct Log {
    predictor: Predictor,
    length: usize,
    events: u32,
    /// Events until the clock is read, and how many there were from the last reading on.
    left: u32,
    run: u32,
    epoch: u32,
    callers_are_new: bool,
    /// The stack defined last: its number, how many of `frames` are there, how many bytes of `span`.
    defined: u32,
    depth: usize,
    span_length: usize,
    begin: u64,
    ticks: u64,
    /// Innermost first.
    frames: [usize; format::FRAMES],
    span: [u8; SPAN],
    /// Not reset before it is used.
    callers: FramePredictor,
    bytes: [u8; CAPACITY],
}

/// What is known of a block besides its events.
#[derive(Clone, Copy, Debug)]
pub(super) struct About {
    pub(super) thread: u32,
    pub(super) system: u32,
    /// Since the start of the recording.
    pub(super) ns: u64,
    pub(super) lost: u32,
    pub(super) name: [u8; format::NAME],
}

impl Log {
    /// Nothing is in it, nothing is known.
    pub(super) fn begin(&mut self) {
        self.predictor = Predictor::NEW;
        self.length = FRONT;
        self.events = 0;
        self.defined = 0;
        self.depth = 0;
        self.span_length = 0;
        self.callers_are_new = false;
        self.begin = clock::ticks();
        self.ticks = self.begin;
        self.run = self.run.max(1);
        self.left = self.run;
        self.epoch = EPOCH.number.load(Relaxed);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.length <= FRONT
    }

    pub(super) const fn events(&self) -> u32 {
        self.events
    }

    /// Whether another event has room.
    #[inline]
    pub(super) const fn has_room(&self) -> bool {
        self.length + ROOM <= CAPACITY
    }

    /// Whether a stack and the event with it have room.
    pub(super) const fn has_room_for_stack(&self) -> bool {
        self.length + STACK_ROOM + ROOM <= CAPACITY
    }

    /// Whether an allocation by this stack needs its number.
    #[inline]
    pub(super) fn expects(&self, stack: u32) -> bool {
        self.predictor.stack() == stack
    }

    #[inline]
    pub(super) fn alloc(&mut self, address: usize, size: usize, stack: u32) {
        self.tick();
        let (address, size) = (address as u64, size as u64);
        let at = self.length;
        let mut end = at + 1;
        let (code, idle) = self.place(address, &mut end);
        let mut tag = format::ALLOC | code << 4;
        if self.predictor.stack() != stack {
            tag |= format::NEW_STACK;
            self.stack(stack, &mut end);
        }
        if self.predictor.size(stack) != size {
            tag |= format::NEW_SIZE;
            self.varint(size, &mut end);
        }
        self.finish(at, tag, end);
        self.predictor.alloc(address, size, stack, idle);
    }

    #[inline]
    pub(super) fn free(&mut self, address: usize) {
        self.tick();
        let address = address as u64;
        let at = self.length;
        let mut end = at + 1;
        let code = self.release(address, &mut end);
        self.finish(at, format::FREE | code << 2, end);
        self.predictor.free(address);
    }

    #[inline]
    pub(super) fn realloc(&mut self, old: usize, new: usize, size: usize, stack: u32) {
        self.tick();
        let (old, new, size) = (old as u64, new as u64, size as u64);
        let at = self.length;
        let mut tag = format::REALLOC;
        let mut end = at + 1;
        let mut idle = None;
        if old != self.predictor.last() {
            tag |= format::OTHER_BLOCK;
            end += 1;
            let code = self.release(old, &mut end);
            self.byte(at + 1, code);
        }
        if old != new {
            tag |= format::MOVED;
            let at = end;
            end += 1;
            let code;
            (code, idle) = self.place(new, &mut end);
            self.byte(at, code);
        }
        if self.predictor.resizer() != stack {
            tag |= format::NEW_STACK;
            self.stack(stack, &mut end);
        }
        if self.predictor.grown(stack) != size {
            tag |= format::NEW_SIZE;
            self.varint(size, &mut end);
        }
        self.finish(at, tag, end);
        self.predictor.realloc(old, new, size, stack, idle);
    }

    /// Defines a stack, for which there is [room](Self::has_room_for_stack).
    pub(super) fn define(&mut self, number: u32, frames: &[usize], span: &str) {
        let frames = &frames[..frames.len().min(format::FRAMES)];
        let known = &self.frames[..self.depth];
        let shared = frames.iter().rev().zip(known.iter().rev()).take_while(|(a, b)| a == b).count();
        let own = frames.len() - shared;
        let mut end = self.length;
        self.byte(end, format::STACK);
        end += 1;
        self.stack(number, &mut end);
        self.varint(shared as u64, &mut end);
        self.varint(own as u64, &mut end);
        if !self.callers_are_new {
            self.callers = FramePredictor::NEW;
            self.callers_are_new = true;
        }
        let (mut inner, mut expected) = (0_u64, 0);
        for frame in &frames[..own] {
            let frame = *frame as u64;
            if self.callers.caller(inner) == frame {
                expected += 1;
            } else {
                self.varint(expected, &mut end);
                expected = 0;
                let slot = FramePredictor::slot(frame);
                if self.callers.known(slot) == Some(frame) {
                    self.varint(slot as u64 + 1, &mut end);
                } else {
                    self.varint(0, &mut end);
                    let step = frame.wrapping_sub(inner).cast_signed();
                    self.varint(((step << 1) ^ (step >> 63)).cast_unsigned(), &mut end);
                }
            }
            self.callers.note(inner, frame);
            inner = frame;
        }
        if expected > 0 {
            self.varint(expected, &mut end);
        }
        self.frames[..frames.len()].copy_from_slice(frames);
        self.depth = frames.len();
        self.defined = number;
        let span = &span.as_bytes()[..span.len().min(SPAN)];
        if *span == self.span[..self.span_length] {
            self.varint(0, &mut end);
        } else {
            self.varint(span.len() as u64 + 1, &mut end);
            for byte in span {
                self.byte(end, *byte);
                end += 1;
            }
            self.span[..span.len()].copy_from_slice(span);
            self.span_length = span.len();
        }
        self.length = end;
    }

    /// The block with its header, ready to be written.
    pub(super) fn seal(&mut self, about: &About) -> &[u8] {
        let now = clock::ticks();
        let length = self.length.min(CAPACITY);
        let payload = (length - format::HEADER) as u32;
        let fields: [(usize, usize, u64); 10] = [
            (8, 4, u64::from(format::EVENTS)),
            (12, 4, u64::from(payload)),
            (16, 4, u64::from(about.thread)),
            (20, 4, u64::from(about.system)),
            (24, 8, self.begin),
            (32, 8, now),
            (40, 8, about.ns),
            (48, 4, u64::from(self.events)),
            (52, 4, u64::from(about.lost)),
            (0, 4, u64::from(u32::from_le_bytes(format::SYNC))),
        ];
        for (at, length, value) in fields {
            self.bytes[at..at + length].copy_from_slice(&value.to_le_bytes()[..length]);
        }
        self.bytes[56..FRONT].copy_from_slice(&about.name);
        let checksum = format::checksum(&self.bytes[8..length]);
        self.bytes[4..8].copy_from_slice(&checksum.to_le_bytes());
        &self.bytes[..length]
    }

    /// Reads the clock now and then.
    #[inline]
    fn tick(&mut self) {
        self.left = self.left.wrapping_sub(1);
        let epoch = EPOCH.number.load(Relaxed);
        if self.left == 0 || epoch != self.epoch {
            self.stamp(epoch);
        }
    }

    #[cold]
    #[inline(never)]
    fn stamp(&mut self, epoch: u32) {
        let now = clock::ticks();
        let passed = now.saturating_sub(self.ticks);
        self.ticks += passed;
        self.epoch = epoch;
        if self.left == 0 && now.saturating_sub(EPOCH.since.load(Relaxed)) > EPOCH_LENGTH {
            EPOCH.since.store(now, Relaxed);
            self.epoch = EPOCH.number.fetch_add(1, Relaxed).wrapping_add(1);
        }
        if passed > LONG {
            self.run = (self.run / 2).max(1);
        } else if passed < SHORT {
            self.run *= 2;
        }
        self.run = self.run.min(EPOCH.most.load(Relaxed));
        self.left = self.run;
        let mut end = self.length;
        self.byte(end, format::TIME);
        end += 1;
        self.varint(passed, &mut end);
        self.length = end;
    }

    #[inline]
    fn finish(&mut self, at: usize, tag: u8, end: usize) {
        self.byte(at, tag);
        self.length = end;
        self.events += 1;
    }

    #[inline]
    fn byte(&mut self, at: usize, byte: u8) {
        self.bytes[at % CAPACITY] = byte;
    }

    /// Writes 8 bytes, of which the lowest are meant: behind them nothing is yet.
    #[inline]
    fn put(&mut self, at: usize, value: u64) {
        if let Some(place) = self.bytes.get_mut(at..at + 8) {
            place.copy_from_slice(&value.to_le_bytes());
        }
    }

    #[inline]
    fn varint(&mut self, mut value: u64, end: &mut usize) {
        while value >= 0x80 {
            self.byte(*end, value as u8 | 0x80);
            value >>= 7;
            *end += 1;
        }
        self.byte(*end, value as u8);
        *end += 1;
    }

    /// The number of a stack, by its difference to that of the one defined last.
    #[inline]
    fn stack(&mut self, number: u32, end: &mut usize) {
        let step = number.wrapping_sub(self.defined).cast_signed();
        self.varint(u64::from(((step << 1) ^ (step >> 31)).cast_unsigned()), end);
    }

    /// The code of an allocation's place, its bytes written, and which of the idle ones it is.
    #[inline]
    fn place(&mut self, address: u64, end: &mut usize) -> (u8, Option<usize>) {
        let idle = self.predictor.idle();
        if address == idle[0] {
            return (0, Some(0));
        }
        let behind = self.predictor.behind();
        if address == behind {
            return (format::BEHIND, None);
        }
        if let Some(at) = idle.iter().position(|idle| *idle == address) {
            return (at as u8, Some(at));
        }
        let code = match self.near(address.wrapping_sub(behind).cast_signed(), end) {
            Near::Close(code) => format::ALLOC_NEAR + code,
            Near::Odd => format::ALLOC_ODD,
            Near::Far => self.raw(address, format::ALLOC_RAW, end),
        };
        (code, None)
    }

    /// The code of a release's place, its bytes written.
    #[inline]
    fn release(&mut self, address: u64, end: &mut usize) -> u8 {
        let last = self.predictor.last();
        if address == last {
            return format::LAST;
        }
        let distance = address.wrapping_sub(self.predictor.gone()).cast_signed();
        if let Some(code) = step(distance, STEPS) {
            return format::STEP + code;
        }
        if let Some(code) = step(address.wrapping_sub(last).cast_signed(), ASIDES) {
            return format::ASIDE + code;
        }
        match self.near(distance, end) {
            Near::Close(code) => format::FREE_NEAR + code,
            Near::Odd => format::FREE_ODD,
            Near::Far => self.raw(address, format::FREE_RAW, end),
        }
    }

    #[inline]
    fn near(&mut self, distance: i64, end: &mut usize) -> Near {
        let units = distance.unsigned_abs();
        if units.is_multiple_of(16) && units >> 4 < 1 << 32 {
            let units = units >> 4;
            // As a branch it would be missed half the time.
            let length = (71 - (units | 1).leading_zeros() as usize) / 8;
            self.put(*end, units);
            *end += length;
            return Near::Close((length as u8 - 1) * 2 + u8::from(distance < 0));
        }
        if let Ok(distance) = i32::try_from(distance) {
            self.put(*end, u64::from(distance.cast_unsigned()));
            *end += 4;
            return Near::Odd;
        }
        Near::Far
    }

    #[cold]
    fn raw(&mut self, address: u64, code: u8, end: &mut usize) -> u8 {
        self.put(*end, address);
        *end += 8;
        code
    }
}

enum Near {
    /// So many bytes times 16, and the direction.
    Close(u8),
    Odd,
    Far,
}

/// The code of a few units of 16 bytes.
#[inline]
fn step(distance: i64, most: u64) -> Option<u8> {
    let units = distance.unsigned_abs().rotate_right(4);
    // Nothing, or no multiple of 16, becomes very large.
    let from_one = units.wrapping_sub(1);
    (from_one < most).then(|| from_one as u8 * 2 + u8::from(distance < 0))
}
