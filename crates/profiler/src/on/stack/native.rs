//! Linux on x86-64 and aarch64.

mod bounds;
#[cfg(feature = "unwind")]
mod dwarf;
mod modules;
mod self_test;
#[cfg(all(feature = "unwind", target_arch = "x86_64"))]
mod signals;
#[cfg(test)]
mod tests;
mod walk;

use std::ops::Range;
use std::ptr;
use std::sync::Once;
use std::sync::atomic::{AtomicPtr, Ordering};

use lagom_base::sync::Mutex;

pub(super) use self::bounds::Bounds;
use self::modules::{Changes, Module};
use self::walk::Registers;
use super::cache::StackCache;
use super::{MOST_FRAMES, chosen};
use crate::heap::Unwinding;
use crate::on::memory;

/// The number of the stack of the function that this is inlined into, whose return address is the innermost.
#[inline(always)]
pub(super) fn here(cache: &StackCache, span: u32) -> u32 {
    here_by(cache, span, chosen())
}

#[inline(always)]
pub(super) fn here_by(cache: &StackCache, span: u32, unwinding: Unwinding) -> u32 {
    let registers = Registers::here();
    if unwinding == Unwinding::FramePointers && cache.bounds.hold(registers.stack) {
        let mut hash = super::seed(span);
        walk::chain(&registers, &cache.bounds, |address| hash = super::step(hash, address));
        if let Some(number) = cache.find(hash) {
            return number;
        }
    }
    far(cache, span, &registers, unwinding)
}

/// As [`here`], on any stack, in any way.
#[inline(never)]
fn far(cache: &StackCache, span: u32, registers: &Registers, unwinding: Unwinding) -> u32 {
    memory::keeping_errno(|| {
        let mut hash = super::seed(span);
        walk(cache, registers, unwinding, |address| hash = super::step(hash, address));
        cache.find(hash).unwrap_or_else(|| unseen(cache, span, registers, unwinding))
    })
}

/// A stack that the thread has not seen lately: walks it once more, now for its frames.
#[cold]
#[inline(never)]
fn unseen(cache: &StackCache, span: u32, registers: &Registers, unwinding: Unwinding) -> u32 {
    let mut frames = [0; MOST_FRAMES];
    let mut count = 0;
    walk(cache, registers, unwinding, |address| {
        frames[count] = address;
        count += 1;
    });
    super::number(cache, span, &frames[..count], known)
}

/// Hands over the return addresses of a stack, innermost first, at most [`MOST_FRAMES`].
#[inline(always)]
fn walk(cache: &StackCache, registers: &Registers, unwinding: Unwinding, each: impl FnMut(usize)) {
    let bounds = &cache.bounds;
    let is_home = bounds.hold(registers.stack) || bounds.reach(registers.stack);
    match unwinding {
        Unwinding::FramePointers if is_home => walk::chain(registers, bounds, each),
        Unwinding::FramePointers => walk::careful_chain(registers, bounds::foreign, each),
        #[cfg(feature = "unwind")]
        Unwinding::Framehop => {
            let hint = ptr::from_ref(cache).addr() >> 16;
            dwarf::unwind(registers, hint, |address| walk::word(registers, is_home.then_some(bounds), address), each);
        }
        _ => {}
    }
}

/// Where code is, to tell return addresses from what the frame pointer of a function without one points to.
static CODE: AtomicPtr<Vec<Range<usize>>> = AtomicPtr::new(ptr::null_mut());

/// The frames up to the outermost that may be one: that of a function in something that is loaded.
fn known(frames: &[usize]) -> &[usize] {
    let Some(code) = modules::shared(&CODE) else { return frames };
    let is_code = |address: &usize| code.iter().any(|range| range.contains(address));
    let count = frames.iter().rposition(is_code).map_or(frames.len(), |at| at + 1);
    &frames[..count]
}

/// What is loaded, as far as it was told.
static LOADED: Mutex<Option<(Vec<Module>, Changes)>> = Mutex::new(None);

/// Looks what is loaded, if that has changed. Allocates and locks, so not for the hook.
pub(super) fn refresh() {
    // What is allocated here is nobody's leak, though no scan looks for what holds it.
    crate::on::heap_aside(look);
}

fn look() {
    static OWN: Once = Once::new();
    OWN.call_once(|| {
        memory::own_static(&LOADED);
        memory::own_static(&CODE);
        #[cfg(feature = "unwind")]
        dwarf::own_statics();
    });
    let mut loaded = LOADED.lock();
    if loaded.as_ref().is_some_and(|(_, changes)| *changes == modules::changes()) {
        return;
    }
    #[cfg(feature = "unwind")]
    let before = loaded.as_ref().map_or(&[][..], |(modules, _)| modules);
    let mut now = Vec::new();
    #[cfg(feature = "unwind")]
    let mut tables = dwarf::Change::begin();
    let changes = modules::each(&mut |module| {
        #[cfg(feature = "unwind")]
        if !before.contains(&module) {
            // The program itself is never unloaded.
            tables.add(&module, !now.is_empty());
        }
        now.push(module);
    });
    #[cfg(feature = "unwind")]
    {
        before.iter().filter(|module| !now.contains(module)).for_each(|gone| tables.remove(gone));
        tables.end();
    }
    // What was there before stays: a thread may be looking at it.
    let code: Vec<_> = now.iter().map(|module| module.code.clone()).collect();
    CODE.store(Box::into_raw(Box::new(code)), Ordering::Release);
    *loaded = Some((now, changes));
}

/// How stacks are best taken in this program.
pub(super) fn best() -> Unwinding {
    self_test::run()
}

/// Whether stacks can be taken so at all.
pub(super) fn is_there(unwinding: Unwinding) -> bool {
    unwinding != Unwinding::Framehop || cfg!(feature = "unwind")
}

/// Stacks that were not taken, as more threads than expected were at it at once.
pub(super) fn missed() -> u32 {
    #[cfg(feature = "unwind")]
    return dwarf::missed();
    #[cfg(not(feature = "unwind"))]
    return 0;
}
