//! Stacks by the tables that are there for exceptions, for programs without frame pointers.
//!
//! What is loaded is told to an unwinder outside of the hook; a change makes a new one, which takes the place of the old. That
//! one stays, for a thread may be using it, and so do copies of the tables of libraries: a library may go while its tables are
//! read. Rules that were worked out lie in caches, of which a thread borrows a set for one stack.
#![allow(unsafe_code, reason = "unwind tables in memory, caches that are lent by a flag")]

use std::cell::UnsafeCell;
use std::num::NonZero;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, Ordering};

use framehop::{
    CacheNative, ExplicitModuleSectionInfo, FrameAddress, MustNotAllocateDuringUnwind, UnwindRegsNative, Unwinder as _,
    UnwinderNative,
};
use lagom_base::sync::{Mutex, MutexGuard};

use super::modules::{self, Module};
#[cfg(target_arch = "x86_64")]
use super::signals;
use super::walk::Registers;
use crate::on::memory;
use crate::on::stack::MOST_FRAMES;

type Unwinder = UnwinderNative<&'static [u8], MustNotAllocateDuringUnwind>;
type Cache = CacheNative<MustNotAllocateDuringUnwind>;

/// framehop's caches have 509 places, and two addresses in one place drive each other out: some 300 ns for each. So there are
/// several, and an address has its place in one of them.
const CACHES: usize = 4;

static UNWINDER: AtomicPtr<Unwinder> = AtomicPtr::new(ptr::null_mut());
static SETS: AtomicPtr<Vec<Set>> = AtomicPtr::new(ptr::null_mut());
/// Stacks that were not taken, as all caches were in use.
static MISSED: AtomicU32 = AtomicU32::new(0);

#[repr(align(128))]
struct Set {
    is_lent: AtomicBool,
    caches: UnsafeCell<[Cache; CACHES]>,
}

// SAFETY: the caches are used by who holds the flag.
unsafe impl Sync for Set {}

/// Gives a set back.
struct Lent(&'static Set);

impl Drop for Lent {
    fn drop(&mut self) {
        self.0.is_lent.store(false, Ordering::Release);
    }
}

/// What the next unwinder is made from.
struct Told {
    unwinder: Unwinder,
    /// Tables that were copied. They hold no absolute addresses, so that a library that comes back finds its own.
    copies: Vec<&'static [u8]>,
}

static TOLD: Mutex<Option<Told>> = Mutex::new(None);

/// What leads to memory of the unwinder's.
pub(super) fn own_statics() {
    memory::own_static(&TOLD);
    memory::own_static(&SETS);
    memory::own_static(&UNWINDER);
}

/// Tells what has come and gone.
pub(super) struct Change(MutexGuard<'static, Option<Told>>);

impl Change {
    pub(super) fn begin() -> Self {
        Self(TOLD.lock())
    }

    fn told(&mut self) -> &mut Told {
        self.0.get_or_insert_with(|| Told { unwinder: Unwinder::new(), copies: Vec::new() })
    }

    /// A module that is loaded, and stays so during the call; for ever, unless `may_go`.
    pub(super) fn add(&mut self, module: &Module, may_go: bool) {
        let told = self.told();
        if let Some(tables) = tables(module, may_go.then_some(&mut told.copies)) {
            told.unwinder.add_module(tables);
        }
    }

    pub(super) fn remove(&mut self, module: &Module) {
        self.told().unwinder.remove_module(module.all.start as u64);
    }

    /// From now on stacks are taken so.
    pub(super) fn end(mut self) {
        if SETS.load(Ordering::Relaxed).is_null() {
            SETS.store(Box::into_raw(Box::new(sets())), Ordering::Release);
        }
        #[cfg(target_arch = "x86_64")]
        signals::look();
        let unwinder = self.told().unwinder.clone();
        UNWINDER.store(Box::into_raw(Box::new(unwinder)), Ordering::Release);
    }
}

/// Enough that nobody waits, if not many more threads unwind at once than there are cores.
fn sets() -> Vec<Set> {
    let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
    let caches = || std::array::from_fn(|_| Cache::new_in());
    let set = || Set { is_lent: AtomicBool::new(false), caches: UnsafeCell::new(caches()) };
    (0..(2 * cores).clamp(4, 64)).map(|_| set()).collect()
}

/// A module with its tables; with copies of them if they may go.
fn tables(module: &Module, copies: Option<&mut Vec<&'static [u8]>>) -> Option<framehop::Module<&'static [u8]>> {
    /// How the place of `.eh_frame` is written: four bytes, signed, relative to themselves. All linkers do.
    const RELATIVE: u8 = 0x1b;
    let (index, segment) = module.tables.clone()?;
    // SAFETY: what is used beyond this call is of the program, or a copy; until then all stays loaded.
    let mut index_bytes: &'static [u8] = unsafe { modules::bytes(&index) };
    let (head, rest) = index_bytes.split_first_chunk::<4>()?;
    if head[1] != RELATIVE {
        return None;
    }
    let distance = i32::from_le_bytes(*rest.first_chunk::<4>()?);
    let start = (index.start + 4).checked_add_signed(distance as isize)?;
    if !segment.contains(&start) {
        return None;
    }
    let frames = start..segment.end;
    // SAFETY: as above.
    let mut frames_bytes: &'static [u8] = unsafe { modules::bytes(&frames) };
    if let Some(copies) = copies {
        index_bytes = copied(copies, index_bytes);
        frames_bytes = copied(copies, frames_bytes);
    }
    let stated = |range: &std::ops::Range<usize>| {
        let address = |address: usize| address.wrapping_sub(module.base) as u64;
        address(range.start)..address(range.end)
    };
    let sections = ExplicitModuleSectionInfo {
        base_svma: 0,
        text_svma: Some(stated(&module.code)),
        eh_frame_svma: Some(stated(&frames)),
        eh_frame: Some(frames_bytes),
        eh_frame_hdr_svma: Some(stated(&index)),
        eh_frame_hdr: Some(index_bytes),
        ..Default::default()
    };
    let all = module.all.start as u64..module.all.end as u64;
    Some(framehop::Module::new(String::new(), all, module.base as u64, sections))
}

fn copied(copies: &mut Vec<&'static [u8]>, bytes: &[u8]) -> &'static [u8] {
    if let Some(copy) = copies.iter().find(|copy| **copy == bytes) {
        return copy;
    }
    let copy: &'static [u8] = Box::leak(bytes.into());
    copies.push(copy);
    copy
}

/// Stacks that were not taken, as more threads than expected were at it at once.
pub(super) fn missed() -> u32 {
    MISSED.load(Ordering::Relaxed)
}

/// Hands over the return addresses of the stack, innermost first, at most [`MOST_FRAMES`]; none if nothing is known. `hint`
/// differs between threads.
#[inline(always)]
pub(super) fn unwind(
    registers: &Registers,
    hint: usize,
    mut read: impl FnMut(usize) -> Option<usize>,
    mut each: impl FnMut(usize),
) {
    let Some(unwinder) = modules::shared(&UNWINDER) else { return };
    let Some(set) = borrow(hint) else {
        MISSED.fetch_add(1, Ordering::Relaxed);
        return;
    };
    // SAFETY: whoever holds the flag is alone with the caches, and `set` holds it.
    let caches = unsafe { &mut *set.0.caches.get() };
    #[cfg(target_arch = "x86_64")]
    let mut state = UnwindRegsNative::new(registers.code as u64, registers.stack as u64, registers.frame as u64);
    #[cfg(target_arch = "aarch64")]
    let mut state = UnwindRegsNative::new(registers.link as u64, registers.stack as u64, registers.frame as u64);
    let mut read = |address: u64| read(address as usize).map(|word| word as u64).ok_or(());
    let mut at = FrameAddress::from_instruction_pointer(registers.code as u64);
    let mut count = 0;
    while count < MOST_FRAMES {
        let cache = &mut caches[place(at.address())];
        let Ok(Some(address)) = unwinder.unwind_frame(at, &mut state, cache, &mut read) else { return };
        let Some(next) = FrameAddress::from_return_address(address) else { return };
        each(address as usize);
        count += 1;
        at = next;
        #[cfg(target_arch = "x86_64")]
        if address as usize == signals::end_of_handlers() && count < MOST_FRAMES {
            let Some((code, registers)) = signals::interrupted(state.sp(), &mut read) else { return };
            // All others are return addresses, which lie one behind what is meant.
            each((code as usize).wrapping_add(1));
            count += 1;
            (at, state) = (FrameAddress::from_instruction_pointer(code), registers);
        }
    }
}

/// The cache of an address.
fn place(address: u64) -> usize {
    (address >> 5) as usize % CACHES
}

fn borrow(hint: usize) -> Option<Lent> {
    let sets: &'static [Set] = modules::shared(&SETS)?;
    let begin = hint % sets.len();
    let (before, from) = sets.split_at(begin);
    let set = from.iter().chain(before).find(|set| {
        !set.is_lent.load(Ordering::Relaxed)
            && set.is_lent.compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed).is_ok()
    })?;
    Some(Lent(set))
}
