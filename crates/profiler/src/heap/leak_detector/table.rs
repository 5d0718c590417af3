//! What a leak detector has found, for people.

use std::fmt;

use super::growth::LEAST;
use super::{Growth, LeakReport};
use crate::engine;
use crate::format::{Bytes, Count, Mean, WIDTH, printable, tail};
use crate::heap::By;
use crate::heap::snapshot::{Signed, SourceLines, stack};
use crate::report::Chance;

/// Leaks that are printed unless the caller says how many.
const ROWS: usize = 10;

/// ```text
/// 1 of 12 call stacks grows steadily, in 10 cycles after 2 of warm-up
/// +1.20K per cycle in 3.00 blocks: +12.0K in all, grew in 9 of 9 cycles, p <0.0001, 14.4K live
///   app::Cache::insert (src/cache.rs:41)
///     self.entries.push(entry);
///   app::main (src/main.rs:9)
/// ```
impl fmt::Display for LeakReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        engine::heap_aside(|| {
            if !self.mode.keeps_stacks() {
                return write!(f, "no call stacks in the mode {:?}: switch `Live` or `Sample` on first", self.mode);
            }
            if self.mixed {
                return write!(f, "the mode changed between the cycles, so that they cannot be compared");
            }
            if self.cycles < LEAST {
                let (cycles, warm_up) = (self.cycles, self.warm_up);
                return write!(f, "{cycles} cycles after {warm_up} of warm-up are too few: {LEAST} are the least");
            }
            let what = if self.by == By::Stack { "call stack" } else { self.by.name() };
            let (found, all) = (self.leaks.len(), self.changed);
            let grow = if found == 1 { "grows" } else { "grow" };
            write!(f, "{found} of {} {what}s that changed {grow} steadily", Count(all as u64))?;
            write!(f, ", in {} cycles after {} of warm-up", self.cycles, self.warm_up)?;
            if self.interval > 0 {
                let interval = Bytes(self.interval);
                write!(f, "\nestimated from samples, one in {interval}: growth far below that per cycle is not seen")?;
            }
            let lines = SourceLines::default();
            let shown = &self.leaks[..f.precision().unwrap_or(ROWS).min(found)];
            for leak in shown {
                write!(f, "\n{leak}")?;
                if !matches!(self.by, By::Stack) {
                    write!(f, "\n  {}", tail(&printable(&leak.key), WIDTH - 2))?;
                }
                stack(f, &leak.frames, 2, &lines)?;
            }
            match found - shown.len() {
                0 => Ok(()),
                others => write!(f, "\n{others} other"),
            }
        })
    }
}

impl fmt::Display for Growth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = Bytes(self.bytes_per_cycle.round() as u64);
        let (blocks, all) = (Mean(self.blocks_per_cycle.max(0.0)), Signed(self.bytes, true));
        write!(f, "+{bytes} per cycle in {blocks} blocks: {all} in all, more after {} cycles", self.grew)?;
        write!(f, ", p {}, {} live", Chance(self.p), Bytes(self.live.bytes))
    }
}
