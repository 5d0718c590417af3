//! Stacks as they come, in every way there is for this build: by tables with the feature `unwind`, by frame pointers if it was
//! built with `-C force-frame-pointers=yes`.
#![allow(unsafe_code, reason = "threads, signals and stacks of C")]

use std::cell::Cell;
use std::hint::black_box;
use std::ptr;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

use super::*;
use crate::on::stack::{frames, prepare, span};

mod hostile;
mod strange;

thread_local! {
    /// Without a destructor, so that it is there till the end.
    static CACHE: StackCache = const { StackCache::new() };
}

/// What works here.
fn ways() -> Vec<Unwinding> {
    prepare();
    let mut ways = Vec::new();
    if cfg!(feature = "unwind") {
        ways.push(Unwinding::Framehop);
    }
    if best() == Unwinding::FramePointers {
        ways.push(Unwinding::FramePointers);
    }
    ways
}

#[inline(never)]
fn take(way: Unwinding, span: u32) -> u32 {
    // SAFETY: it lives as long as the thread, and has no destructor.
    let cache = unsafe { &*CACHE.with(ptr::from_ref) };
    black_box(here_by(cache, span, way))
}

fn frames_at(number: u32) -> Vec<usize> {
    let mut buffer = [0; MOST_FRAMES];
    let count = frames(number, &mut buffer);
    buffer[..count].to_vec()
}

/// So many calls of this function below the closure.
#[inline(never)]
fn deep<R>(depth: usize, f: &mut dyn FnMut() -> R) -> R {
    black_box(if black_box(depth) == 0 { f() } else { deep(depth - 1, f) })
}

/// How often one return address is there most often: that of the recursion.
fn most_frequent(frames: &[usize]) -> usize {
    frames.iter().map(|frame| frames.iter().filter(|other| *other == frame).count()).max().unwrap_or(0)
}

#[test]
fn chains_are_as_deep_as_they_are() {
    for way in ways() {
        for depth in [5, 20, 40, 80] {
            let number = deep(depth, &mut || take(way, 0));
            assert_eq!(most_frequent(&frames_at(number)), depth, "{way:?}");
        }
        let [one, other] = [5, 6].map(|depth| frames_at(deep(depth, &mut || take(way, 0))));
        assert_eq!(one.len() + 1, other.len());
        // Innermost first, outermost last.
        assert_eq!(one.first(), other.first());
        assert_eq!(one[8..], other[9..]);
    }
}

#[test]
fn of_deep_stacks_the_innermost_are_kept() {
    for way in ways() {
        let [shallow, numbers @ ..] = [5, 500, 501, 2000].map(|depth| deep(depth, &mut || take(way, 0)));
        let [shallow, kept] = [shallow, numbers[0]].map(frames_at);
        assert_eq!(kept.len(), MOST_FRAMES);
        assert_eq!(kept[..4], shallow[..4]);
        assert!(most_frequent(&kept) > MOST_FRAMES - 10);
        assert_eq!(numbers, [numbers[0]; 3]);
    }
}

#[test]
fn the_first_frame_is_the_callers() {
    for way in ways() {
        let mut buffer = [0; MOST_FRAMES];
        let count = frames(take(way, 0), &mut buffer);
        assert!(count > 3);
        let function = the_first_frame_is_the_callers as fn() as usize;
        assert!((function..function + 4096).contains(&buffer[0]), "{way:?}: {:x?}", &buffer[..count]);
        let mut short = [0; 2];
        assert_eq!(frames(take(way, 0), &mut short), 2);
    }
}

#[test]
fn equal_stacks_have_equal_numbers() {
    for way in ways() {
        let take_all = move || {
            // Of a length that the compiler does not know: one call in the code, one return address.
            let spans = black_box(vec![0, 1, 0, 7, 7]);
            spans.into_iter().map(|span| deep(10, &mut || take(way, span))).collect::<Vec<_>>()
        };
        let numbers: Vec<_> = (0..4).map(|_| std::thread::spawn(take_all).join().unwrap()).collect();
        assert!(numbers.iter().all(|those| *those == numbers[0]), "{way:?}: {numbers:?}");
        let [zero, one, zero_again, seven, seven_again] = numbers[0][..] else { panic!() };
        assert!(zero == zero_again && seven == seven_again, "{way:?}: {numbers:?}");
        assert!(zero != one && one != seven && zero != seven && zero != 0, "{way:?}: {numbers:?}");
        assert_eq!([zero, one, seven].map(span), [0, 1, 7]);
        assert_eq!(frames_at(zero), frames_at(seven));
    }
}

#[test]
fn different_stacks_have_different_numbers() {
    for way in ways() {
        let mut numbers: Vec<u32> = (0..100).map(|depth| deep(depth, &mut || take(way, 0))).collect();
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers.len(), 100);
    }
}

#[test]
fn std_between_is_seen_through() {
    #[inline(never)]
    fn compare(way: Unwinding, left: u32, right: u32, number: &Cell<u32>) -> std::cmp::Ordering {
        number.set(take(way, 0));
        left.cmp(&right)
    }
    for way in ways() {
        let number = Cell::new(0);
        let numbers = std::thread::spawn(move || {
            deep(3, &mut || {
                let mut values: Vec<u32> = (0..100).map(|at| at * 37 % 100).collect();
                values.sort_by(|left, right| compare(way, *left, *right, &number));
                number.get()
            })
        });
        assert_eq!(most_frequent(&frames_at(numbers.join().unwrap())), 3, "{way:?}");
    }
}

#[test]
fn a_span_without_a_stack_has_a_number() {
    let [one, two] = [1001, 1002].map(|span| take(Unwinding::None, span));
    assert!(one != two && one != 0);
    assert_eq!((frames_at(one).len(), span(one)), (0, 1001));
}

/// What the others rely on: this build says by which way it takes stacks.
#[test]
fn the_way_is_chosen() {
    let best = best();
    let built_with_frame_pointers =
        option_env!("RUSTFLAGS").is_some_and(|flags| flags.contains("force-frame-pointers=yes"));
    if built_with_frame_pointers {
        assert_eq!(best, Unwinding::FramePointers);
    } else {
        assert_eq!(best, if cfg!(feature = "unwind") { Unwinding::Framehop } else { Unwinding::None });
    }
}
