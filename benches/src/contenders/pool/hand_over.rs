//! One thread takes and fills, another gives back.

use std::hint::spin_loop;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use mimalloc::MiMalloc;
use rtrb::{Consumer, Producer, PushError, RingBuffer};
#[cfg(unix)]
use tikv_jemallocator::Jemalloc;

use super::counted::{Count, Counted};
use super::lock_free::{Crossbeam, Lockfree, Opool, ShardedSlabOwned};
use super::locked::{Deadpool, MutexVec, ObjectPool, Original};
use super::malloc::Bare;
use super::object::{KIB, Object};
use super::ours::Ours;
use super::peer::{First, Shared, chosen, pools};
use super::per_thread::{Regex, ThreadStacks};
use crate::case::{Case, Contender, Found, Worker};
use crate::measure::Batch;

/// Objects on their way from one thread to the other.
const RING: usize = 256;

/// Idle objects that a bounded pool may keep: all that come back while the thread that takes does not run.
const MAX_IDLE: usize = 2 * RING;

/// Tells the other thread that this one will never come.
#[derive(Clone, Default)]
struct Alarm(Arc<AtomicBool>);

impl Drop for Alarm {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.store(true, Ordering::Relaxed);
        }
    }
}

impl Alarm {
    /// Tries until it succeeds.
    #[inline]
    fn insist<R>(&self, mut attempt: impl FnMut() -> Option<R>) -> R {
        let mut spins = 0_u32;
        loop {
            if let Some(result) = attempt() {
                return result;
            }
            spins = spins.wrapping_add(1);
            if spins.is_multiple_of(1 << 8) {
                assert!(!self.0.load(Ordering::Relaxed), "the other thread panicked");
                thread::yield_now();
            }
            spin_loop();
        }
    }
}

#[inline]
fn send<T>(ring: &mut Producer<T>, alarm: &Alarm, held: T) {
    let mut held = Some(held);
    alarm.insist(|| match ring.push(held.take()?) {
        Ok(()) => Some(()),
        Err(PushError::Full(back)) => {
            held = Some(back);
            None
        }
    });
}

#[inline]
fn receive<T>(ring: &mut Consumer<T>, alarm: &Alarm) -> T {
    alarm.insist(|| ring.pop().ok())
}

/// As [`Field`](super::peer::Field), for those whose objects in use may go to another thread.
trait Road: Sized {
    fn enter<P: Shared>(self, name: &str) -> Self
    where
        for<'a> P::Held<'a>: Send;
}

/// ns per object.
struct Timed(Case);

impl Road for Timed {
    fn enter<P: Shared>(self, name: &str) -> Self
    where
        for<'a> P::Held<'a>: Send,
    {
        let contender = Contender::from_workers(name, |_| {
            // Never freed, as what is on its way borrows from them; a few of them per run.
            let pools = Box::leak(pools::<P>(MAX_IDLE, First::Other));
            let pool = chosen(pools);
            let (mut ring, mut end) = RingBuffer::<P::Held<'static>>::new(RING);
            let alarm = Alarm::default();
            let heard = alarm.clone();
            let produce = move |batch: &mut Batch<'_>| {
                let (mut sum, alarm) = (0_u64, alarm.clone());
                batch.time(|i| {
                    let mut held = pool.take();
                    sum = sum.wrapping_add(P::fill(&mut held, i));
                    send(&mut ring, &alarm, held);
                });
                batch.answer_sum(sum);
            };
            let consume = move |batch: &mut Batch<'_>| {
                let (mut sum, alarm) = (0_u64, heard.clone());
                batch.time(|_| {
                    pool.give(receive(&mut end, &alarm));
                    sum = sum.wrapping_add(P::Object::FILLED);
                });
                batch.answer_sum(sum);
            };
            vec![Box::new(produce) as Worker, Box::new(consume) as Worker]
        });
        Self(self.0.with(contender))
    }
}

/// Objects made on the way.
struct Made(Case);

impl Road for Made {
    fn enter<P: Shared>(self, name: &str) -> Self
    where
        for<'a> P::Held<'a>: Send,
    {
        let contender = Contender::untimed(name)
            .figure("made for 40,000 handed over", "objects", 40_000, made::<P>)
            .figure("made for 400,000 handed over", "objects", 400_000, made::<P>);
        Self(self.0.with(contender))
    }
}

fn made<P: Shared>(n: u64) -> Found
where
    for<'a> P::Held<'a>: Send,
{
    let count = Count::begin();
    let pool = P::new(MAX_IDLE);
    let (mut ring, mut end) = RingBuffer::<P::Held<'_>>::new(RING);
    let alarm = Alarm::default();
    let answer = thread::scope(|scope| {
        let heard = alarm.clone();
        let pool = &pool;
        scope.spawn(move || (0..n).for_each(|_| pool.give(receive(&mut end, &heard))));
        let mut sum = 0;
        for i in 0..n {
            let mut held = pool.take();
            sum += P::fill(&mut held, i);
            send(&mut ring, &alarm, held);
        }
        sum
    });
    Found { value: count.made() as f64, answer }
}

/// Those that use objects again.
fn bounded<O: Object, R: Road>(road: R) -> R {
    road.enter::<Ours<O>>("lagom")
        .enter::<Opool<O>>("opool")
        .enter::<Crossbeam<O>>("ArrayQueue")
        .enter::<Lockfree<O>>("lockfree-object-pool")
        .enter::<ObjectPool<O>>("object-pool")
        .enter::<Deadpool<O>>("deadpool unmanaged")
        .enter::<Original<O>>("the Python original")
        .enter::<MutexVec<O>>("Mutex<Vec>")
}

/// Those that do so now and then only, and keep what they made.
fn unbounded<O: Object, R: Road>(road: R) -> R {
    road.enter::<Regex<O>>("regex-automata")
        .enter::<ThreadStacks<O>>("thread_local")
        .enter::<ShardedSlabOwned<O>>("sharded-slab owned")
}

/// How long an object takes.
pub(super) fn timed<O: Object>() -> Case {
    let case = Case::new("pool", "hand-over", format!("{}, producer and consumer", O::NAME), |n| O::FILLED * n).threads(2).note(
        "ns of wall time per object: one thread takes, cleans, fills and sends it through a ring of 256 (rtrb, the same for all), the other gives it \
         back. The distance between the two cores decides: see the median. 512 may be idle; bounds, counts and guards as in hold 1. regex-automata, thread_local \
         and sharded-slab are not timed: they fill the memory with objects.",
    );
    let road = bounded::<O, _>(Timed(case)).enter::<Bare<MiMalloc, O>>("mimalloc");
    #[cfg(unix)]
    let road = road.enter::<Bare<Jemalloc, O>>("jemalloc");
    road.enter::<Bare<std::alloc::System, O>>("glibc malloc").0
}

/// How many objects it takes.
pub(super) fn objects() -> Case {
    type Counts = Counted<{ 4 * KIB }>;
    let case = Case::new("pool", "hand-over", "objects made by producer and consumer", |n| Counts::FILLED * n)
        .note("Objects that are made while so many are handed over through a ring of 256; all but 256 could be used again.")
        .threads(2);
    unbounded::<Counts, _>(bounded::<Counts, _>(Made(case))).0
}
