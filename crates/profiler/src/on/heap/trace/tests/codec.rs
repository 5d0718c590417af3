//! Any events, there and back.

use proptest::prelude::*;

use super::super::encode::{About, Log};
use crate::heap::recording::format;
use crate::heap::recording::tests::{Seen, events_of};

fn address() -> impl Strategy<Value = usize> {
    prop_oneof![
        4 => (0..40_usize).prop_map(|at| 0x7000_1000 + at * 16),
        2 => (0..1_000_000_usize).prop_map(|at| 0x7000_1000 + at * 16),
        1 => (0..100_usize).prop_map(|at| 0x7000_1000 + at * 8),
        1 => any::<usize>(),
        1 => Just(0),
        1 => Just(usize::MAX),
    ]
}

fn size() -> impl Strategy<Value = usize> {
    prop_oneof![4 => 0..200_usize, 1 => any::<usize>(), 1 => Just(1 << 32), 1 => Just((1 << 32) + 24)]
}

fn stack() -> impl Strategy<Value = u32> {
    prop_oneof![5 => 0..5_u32, 1 => any::<u32>()]
}

/// Few, so that some follow each other again.
fn frame() -> impl Strategy<Value = usize> {
    prop_oneof![9 => (0..4_usize).prop_map(|at| 0x5000_0000 + at * 100), 1 => any::<usize>()]
}

fn event() -> impl Strategy<Value = Seen> {
    prop_oneof![
        3 => (address(), size(), stack()).prop_map(|(address, size, stack)| Seen::Alloc(address, size, stack)),
        3 => address().prop_map(Seen::Free),
        1 => (address(), address(), size(), stack()).prop_map(|(old, new, size, stack)| Seen::Realloc(old, new, size, stack)),
        1 => (stack(), proptest::collection::vec(frame(), 0..20), "[aé]{0,2}")
            .prop_map(|(stack, frames, span)| Seen::Stack(stack, frames, span)),
    ]
}

/// A log in memory that is zero, as its owner has it.
fn log() -> &'static mut Log {
    let memory = crate::on::memory::reserve(size_of::<Log>()).expect("there is memory");
    // SAFETY: all zero is a valid log, the memory is large enough, and nobody else has it.
    unsafe { memory.cast::<Log>().as_mut() }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: if cfg!(miri) { 4 } else { 256 }, ..ProptestConfig::default() })]

    #[test]
    fn what_goes_in_comes_out(events in proptest::collection::vec(event(), 0..400)) {
        let log = log();
        log.begin();
        for event in &events {
            prop_assert!(log.has_room_for_stack());
            match event {
                Seen::Alloc(address, size, stack) => log.alloc(*address, *size, *stack),
                Seen::Free(address) => log.free(*address),
                Seen::Realloc(old, new, size, stack) => log.realloc(*old, *new, *size, *stack),
                Seen::Stack(stack, frames, span) => log.define(*stack, frames, span),
            }
        }
        let about = About { thread: 1, system: 2, ns: 3, lost: 4, name: [0; format::NAME] };
        let block = log.seal(&about);
        let (kind, payload) = (&block[8..12], &block[format::HEADER..]);
        prop_assert_eq!(kind, format::EVENTS.to_le_bytes());
        prop_assert_eq!(events_of(payload), events);
    }
}

#[test]
fn the_deepest_stack_and_the_longest_event_have_room() {
    let log = log();
    log.begin();
    let mut blocks = 0;
    while log.has_room_for_stack() {
        let far: Vec<usize> = (0..300).map(|at| if at % 2 == 0 { usize::MAX / 2 - blocks } else { at }).collect();
        log.define(u32::MAX, &far, &"x".repeat(1_000));
        log.realloc(1 << 60, 1 << 59, usize::MAX, u32::MAX);
        log.realloc(1 << 58, 1 << 61, usize::MAX - 1, u32::MAX - 1);
        blocks += 1;
    }
    let mut last = 0;
    while log.has_room() {
        last += 1;
        log.realloc(last << 40, 1 << 59, usize::MAX - last, u32::MAX - last as u32);
    }
    let about = About { thread: 1, system: 2, ns: 3, lost: 4, name: [0; format::NAME] };
    let payload = log.seal(&about)[format::HEADER..].to_vec();
    let events = events_of(&payload);
    let deepest = events
        .iter()
        .filter(|event| matches!(event, Seen::Stack(_, frames, span) if frames.len() == 256 && span.len() == 255));
    assert_eq!(deepest.count(), blocks);
    assert_eq!(events.last(), Some(&Seen::Realloc(last << 40, 1 << 59, usize::MAX - last, u32::MAX - last as u32)));
}
