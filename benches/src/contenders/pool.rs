//! Object pools.
//!
//! One operation is a pair: acquire an object, write 16 bytes into it, give it back; once on the way it is reset, where
//! the pool does that or its user must.

use std::hint::black_box;
use std::sync::Arc;
use std::sync::Mutex;

use lagom_pool::Pool;

use super::Scale;
use crate::case::{Case, Contender};

/// Idle objects that a bounded pool may keep.
const MAX_IDLE: usize = 64;
const HELD: u64 = 16;
const BUFFER: usize = 4096;

type Buffer = Vec<u8>;
type Block = [u8; 64];

pub(super) fn cases(_: Scale) -> Vec<Case> {
    let mut cases = Vec::new();
    for threads in [1, 2] {
        cases.push(hold_one(threads));
        cases.push(hold_many(threads));
        cases.push(block(threads));
    }
    cases
}

fn buffer() -> Buffer {
    Vec::with_capacity(BUFFER)
}

/// Writes into a cleared buffer; 16 when it had been cleared.
fn fill(buffer: &mut Buffer, i: u64) -> u64 {
    buffer.extend_from_slice(&i.to_le_bytes());
    buffer.extend_from_slice(&i.to_le_bytes());
    black_box(&mut *buffer).len() as u64
}

/// Writes into a zeroed block; 1 when it had been zeroed.
fn mark(block: &mut Block, i: u64) -> u64 {
    let zeroed = u64::from(block[0] == 0);
    block[0] = 1;
    block[8..16].copy_from_slice(&i.to_le_bytes());
    black_box(block);
    zeroed
}

fn ours() -> Pool<Buffer> {
    Pool::builder(buffer).max_idle(MAX_IDLE).reset(Vec::clear).build()
}

/// Prefilled with 32, as in the package's own documentation. It resets nothing: its user clears after pulling.
fn object_pool() -> object_pool::Pool<Buffer> {
    object_pool::Pool::new(32, buffer)
}

struct Allocator;

impl opool::PoolAllocator<Buffer> for Allocator {
    #[inline]
    fn allocate(&self) -> Buffer {
        buffer()
    }

    #[inline]
    fn reset(&self, buffer: &mut Buffer) {
        buffer.clear();
    }
}

impl opool::PoolAllocator<Block> for Allocator {
    #[inline]
    fn allocate(&self) -> Block {
        [0; 64]
    }

    #[inline]
    fn reset(&self, block: &mut Block) {
        *block = [0; 64];
    }
}

fn opool() -> opool::Pool<Allocator, Buffer> {
    opool::Pool::new(MAX_IDLE, Allocator)
}

type RegexPool<T> = regex_automata::util::pool::Pool<T>;

/// The first thread to use this pool owns its fast path for ever: here that is one of the measured threads.
fn regex_owner<T: Send + 'static>(make: fn() -> T) -> RegexPool<T> {
    RegexPool::new(make)
}

/// Here a thread that is not measured was first.
fn regex_other<T: Send + 'static>(make: fn() -> T) -> RegexPool<T> {
    let pool = RegexPool::new(make);
    std::thread::scope(|scope| {
        scope.spawn(|| drop(pool.get()));
    });
    pool
}

fn hold_one(threads: usize) -> Case {
    Case::new("pool", "core", "Vec 4 KiB, hold 1", |n| 16 * n)
        .note(
            "ns per acquire, write 16 bytes, reset, release. The pools but ours and opool keep without bound, none but ours \
               counts, the Vec stack has no guard, malloc resets nothing: in their favour.",
        )
        .threads(threads)
        .with(Contender::shared("lagom", ours, |pool, i| fill(&mut pool.acquire(), i)))
        .with(Contender::shared("lagom owned", ours, |pool, i| fill(&mut pool.acquire_owned(), i)))
        .with(Contender::shared("object-pool", object_pool, |pool, i| {
            let mut buffer = pool.pull(self::buffer);
            buffer.clear();
            fill(&mut buffer, i)
        }))
        .with(Contender::shared(
            "object-pool owned",
            || Arc::new(object_pool()),
            |pool, i| {
                let mut buffer = pool.pull_owned(self::buffer);
                buffer.clear();
                fill(&mut buffer, i)
            },
        ))
        .with(Contender::shared("opool", opool, |pool, i| fill(&mut pool.get(), i)))
        .with(Contender::shared("regex-automata owner", || regex_owner(buffer), regex_fill))
        .with(Contender::shared("regex-automata other", || regex_other(buffer), regex_fill))
        .with(Contender::shared(
            "Mutex<Vec>",
            || Mutex::new(Vec::new()),
            |stack: &Mutex<Vec<Buffer>>, i| {
                let mut buffer = pop(stack).unwrap_or_else(self::buffer);
                buffer.clear();
                let filled = fill(&mut buffer, i);
                push(stack, buffer);
                filled
            },
        ))
        .with(Contender::shared("malloc", || (), |(), i| fill(&mut buffer(), i)))
}

fn regex_fill(pool: &RegexPool<Buffer>, i: u64) -> u64 {
    let mut buffer = pool.get();
    buffer.clear();
    fill(&mut buffer, i)
}

fn hold_many(threads: usize) -> Case {
    Case::new("pool", "core", "Vec 4 KiB, hold 16", |n| 16 * HELD * n)
        .note(
            "ns per pair, 16 objects held at once: the owner path of regex-automata serves one of them. In favour of \
               the others: bounds, counts and guards as above.",
        )
        .items(HELD, "ns/op")
        .threads(threads)
        .with(Contender::shared("lagom", ours, |pool, i| fill_all(std::array::from_fn(|_| pool.acquire()), i)))
        .with(Contender::shared("object-pool", object_pool, |pool, i| {
            fill_all(
                std::array::from_fn(|_| {
                    let mut buffer = pool.pull(buffer);
                    buffer.clear();
                    buffer
                }),
                i,
            )
        }))
        .with(Contender::shared("opool", opool, |pool, i| fill_all(std::array::from_fn(|_| pool.get()), i)))
        .with(Contender::shared(
            "regex-automata owner",
            || regex_owner(buffer),
            |pool, i| {
                fill_all(
                    std::array::from_fn(|_| {
                        let mut buffer = pool.get();
                        buffer.clear();
                        buffer
                    }),
                    i,
                )
            },
        ))
        .with(Contender::shared(
            "Mutex<Vec>",
            || Mutex::new(Vec::new()),
            |stack: &Mutex<Vec<Buffer>>, i| {
                let mut held: [Buffer; HELD as usize] = std::array::from_fn(|_| pop(stack).unwrap_or_else(buffer));
                let mut sum = 0;
                for buffer in &mut held {
                    buffer.clear();
                    sum += fill(buffer, i);
                }
                held.into_iter().for_each(|buffer| push(stack, buffer));
                sum
            },
        ))
        .with(Contender::shared(
            "malloc",
            || (),
            |(), i| {
                let mut held: [Buffer; HELD as usize] = std::array::from_fn(|_| buffer());
                held.iter_mut().map(|buffer| fill(buffer, i)).sum()
            },
        ))
}

fn fill_all<G: std::ops::DerefMut<Target = Buffer>>(mut held: [G; HELD as usize], i: u64) -> u64 {
    held.iter_mut().map(|buffer| fill(buffer, i)).sum()
}

fn block(threads: usize) -> Case {
    Case::new("pool", "core", "64-byte struct, hold 1", |n| n)
        .note(
            "ns per pair; the reset zeroes 64 bytes, for malloc the making does. In favour of the others: bounds and \
               counts as above.",
        )
        .threads(threads)
        .with(Contender::shared(
            "lagom",
            || Pool::builder(|| [0_u8; 64]).max_idle(MAX_IDLE).reset(|block| *block = [0; 64]).build(),
            |pool, i| mark(&mut pool.acquire(), i),
        ))
        .with(Contender::shared(
            "object-pool",
            || object_pool::Pool::new(32, || [0_u8; 64]),
            |pool, i| {
                let mut block = pool.pull(|| [0; 64]);
                *block = [0; 64];
                mark(&mut block, i)
            },
        ))
        .with(Contender::shared(
            "opool",
            || opool::Pool::new(MAX_IDLE, Allocator),
            |pool: &opool::Pool<_, Block>, i| mark(&mut pool.get(), i),
        ))
        .with(Contender::shared("regex-automata owner", || regex_owner(|| [0_u8; 64]), regex_mark))
        .with(Contender::shared("regex-automata other", || regex_other(|| [0_u8; 64]), regex_mark))
        .with(Contender::shared(
            "malloc",
            || (),
            |(), i| {
                // Through a black box, as allocating zeroed memory is slower in some allocators.
                let mut block = Box::new(black_box([0; 64]));
                mark(&mut block, i)
            },
        ))
}

fn regex_mark(pool: &RegexPool<Block>, i: u64) -> u64 {
    let mut block = pool.get();
    *block = [0; 64];
    mark(&mut block, i)
}

fn pop<T>(stack: &Mutex<Vec<T>>) -> Option<T> {
    stack.lock().unwrap_or_else(std::sync::PoisonError::into_inner).pop()
}

fn push<T>(stack: &Mutex<Vec<T>>, object: T) {
    stack.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(object);
}
