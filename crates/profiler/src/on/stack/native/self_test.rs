//! Which way of taking stacks works in this program.

use std::hint::black_box;

use super::bounds::Bounds;
use super::walk::{self, Registers};
#[cfg(feature = "unwind")]
use super::{dwarf, modules};
use crate::heap::Unwinding;

/// One stack, seen both ways.
struct Seen {
    by_pointers: Vec<usize>,
    #[cfg(feature = "unwind")]
    by_tables: Vec<usize>,
}

/// Frame pointers if they find the functions of this test and of the program that called it, as the tables do.
#[inline(never)]
pub(super) fn run() -> Unwinding {
    let seen = black_box(first());
    let holds = |frames: &[usize]| {
        let functions =
            [second as fn() -> Seen as usize, first as fn() -> Seen as usize, run as fn() -> Unwinding as usize];
        frames.len() >= functions.len()
            && functions.iter().zip(frames).all(|(function, frame)| is_in(*frame, *function))
    };
    #[cfg(feature = "unwind")]
    if holds(&seen.by_tables) {
        let finds_all = holds(&seen.by_pointers) && agree(&seen.by_pointers, &seen.by_tables, &of_the_program());
        return if finds_all { Unwinding::FramePointers } else { Unwinding::Framehop };
    }
    if holds(&seen.by_pointers) { Unwinding::FramePointers } else { Unwinding::None }
}

/// Whether a return address is of that small function.
fn is_in(address: usize, function: usize) -> bool {
    const LONGEST: usize = 4096;
    address > function && address - function < LONGEST
}

#[inline(never)]
fn first() -> Seen {
    black_box(second())
}

#[inline(never)]
fn second() -> Seen {
    black_box(third())
}

#[inline(never)]
fn third() -> Seen {
    let registers = Registers::here();
    let bounds = Bounds::new();
    let is_home = bounds.reach(registers.stack);
    let mut by_pointers = Vec::new();
    let push = |address| by_pointers.push(address);
    if is_home {
        walk::chain(&registers, &bounds, push);
    } else {
        walk::careful_chain(&registers, super::bounds::foreign, push);
    }
    #[cfg(feature = "unwind")]
    let by_tables = {
        let read = |address| walk::word(&registers, is_home.then_some(&bounds), address);
        let mut frames = Vec::new();
        dwarf::unwind(&registers, 0, read, |address| frames.push(address));
        frames
    };
    Seen {
        by_pointers,
        #[cfg(feature = "unwind")]
        by_tables,
    }
}

/// Where the program's own code is.
#[cfg(feature = "unwind")]
fn of_the_program() -> std::ops::Range<usize> {
    let mut code = None;
    modules::each(&mut |module| {
        code.get_or_insert(module.code);
    });
    code.unwrap_or_default()
}

/// Whether frame pointers find every function of the program that the tables know of, in order. Libraries of C may lack them;
/// so does the start of the program and of a thread, which is C's, too, and linked into the program if that is static.
#[cfg(feature = "unwind")]
fn agree(by_pointers: &[usize], by_tables: &[usize], program: &std::ops::Range<usize>) -> bool {
    const START: usize = 3;
    let wanted = &by_tables[..by_tables.len().saturating_sub(START)];
    let mut left = by_pointers.iter();
    wanted.iter().filter(|address| program.contains(address)).all(|address| left.any(|found| found == address))
}

#[cfg(all(test, feature = "unwind"))]
mod tests {
    use super::*;

    #[test]
    fn a_function_that_is_missed_is_missed() {
        let tables = [100, 101, 900, 102, 901, 902, 103];
        let agree = |pointers: &[usize]| agree(pointers, &tables, &(100..200));
        assert!(agree(&[100, 101, 900, 102, 901, 902, 103]));
        assert!(agree(&[100, 101, 102]), "C between and at the start");
        assert!(agree(&[100, 101, 950, 102, 999]), "something more");
        assert!(!agree(&[100, 102]));
        assert!(!agree(&[100, 101]));
        assert!(!agree(&[101, 100, 102]));
    }
}
