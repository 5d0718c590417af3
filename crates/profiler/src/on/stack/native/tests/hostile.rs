//! Frame pointers that are none.

use super::*;
use crate::on::stack::native::walk::{careful_chain, chain};

/// A made-up chain on the own stack, from what `make` writes: it is given the address of the first word.
fn walked(make: impl Fn(&mut [usize], usize)) -> Vec<usize> {
    let mut words = [0usize; 64];
    let start = words.as_ptr() as usize;
    make(&mut words, start);
    black_box(&words);
    let mut registers = Registers::here();
    assert!(registers.stack <= start);
    registers.frame = words[0];
    let cache = Box::new(StackCache::new());
    assert!(cache.bounds.reach(registers.stack));
    let (mut fast, mut careful) = (Vec::new(), Vec::new());
    chain(&registers, &cache.bounds, |address| fast.push(address));
    careful_chain(&registers, bounds::foreign, |address| careful.push(address));
    assert_eq!(fast, careful);
    black_box(&words);
    fast
}

/// Words of a frame at an index.
fn frame(words: &mut [usize], at: usize, next: usize, address: usize) {
    words[at] = next;
    words[at + 1] = address;
}

#[test]
fn a_chain_is_followed() {
    let found = walked(|words, start| {
        words[0] = start + 8 * 8;
        frame(words, 8, start + 16 * 8, 0x1111_1111);
        frame(words, 16, start + 20 * 8, 0x2222_2222);
        frame(words, 20, 0, 0x3333_3333);
    });
    assert_eq!(found, [0x1111_1111, 0x2222_2222, 0x3333_3333]);
}

#[test]
fn what_is_no_frame_ends_it() {
    let ends = |next: fn(usize) -> usize| {
        let found = walked(|words, start| {
            words[0] = start + 8 * 8;
            frame(words, 8, start + 16 * 8, 0x1111_1111);
            frame(words, 16, next(start), 0x2222_2222);
            frame(words, 32, 0, 0x3333_3333);
        });
        assert_eq!(found, [0x1111_1111, 0x2222_2222]);
    };
    ends(|_| 0);
    ends(|_| 1);
    ends(|_| 8);
    ends(|_| usize::MAX);
    ends(|_| usize::MAX - 7);
    ends(|_| usize::MAX & !15);
    // A circle, backwards, halfway over itself, not aligned.
    ends(|start| start + 16 * 8);
    ends(|start| start + 8 * 8);
    ends(|start| start + 17 * 8);
    ends(|start| start + 32 * 8 + 4);
    // Memory that is no stack, and none at all.
    ends(|_| what_is_no_frame_ends_it as fn() as usize & !15);
    ends(|_| 0x7fff_ffff_f000);
    ends(|_| 1 << 63);
}

#[test]
fn an_address_where_no_code_is_ends_it() {
    for address in [0, 1, 4095] {
        let found = walked(|words, start| {
            words[0] = start + 8 * 8;
            frame(words, 8, start + 16 * 8, 0x1111_1111);
            frame(words, 16, start + 32 * 8, address);
            frame(words, 32, 0, 0x3333_3333);
        });
        assert_eq!(found, [0x1111_1111]);
    }
}

#[test]
fn the_last_word_of_a_stack_is_not_passed() {
    let registers = Registers::here();
    let cache = Box::new(StackCache::new());
    assert!(cache.bounds.reach(registers.stack));
    for below in [0, 8] {
        let frame = cache.bounds.high() - below;
        let mut found = 0;
        chain(&Registers { frame, ..registers }, &cache.bounds, |_| found += 1);
        assert_eq!(found, 0);
    }
}

#[test]
fn what_lies_behind_the_program_is_cut_off() {
    prepare();
    let code = what_lies_behind_the_program_is_cut_off as fn() as usize;
    let nowhere = code & 0xfff | 0x10_0000;
    assert_eq!(known(&[code, nowhere, code, nowhere, nowhere]), [code, nowhere, code]);
    assert_eq!(known(&[code]), [code]);
    // Nothing is known of such a stack; it is not taken for an empty one.
    assert_eq!(known(&[nowhere, nowhere]), [nowhere, nowhere]);
}
