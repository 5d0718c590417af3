//! The interner under code that panics, re-enters, collides, nests and outlives.

use std::cell::{Cell, RefCell};
use std::hash::{BuildHasher, Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use lagom_weakcache::{Interned, Interner};

/// Runs `f` on a thread of its own and fails if it hangs.
fn within_seconds(f: impl FnOnce() + Send + 'static) {
    let (done, waits) = mpsc::channel();
    let runner = thread::spawn(move || {
        f();
        done.send(()).unwrap();
    });
    match waits.recv_timeout(Duration::from_secs(if cfg!(miri) { 300 } else { 20 })) {
        Err(mpsc::RecvTimeoutError::Timeout) => panic!("it hangs"),
        _ => runner.join().unwrap(),
    }
}

/// Hashes everything to what the function makes of a number.
#[derive(Clone, Copy)]
struct By(fn(u64) -> u64);

struct ByHasher(fn(u64) -> u64, u64);

impl BuildHasher for By {
    type Hasher = ByHasher;

    fn build_hasher(&self) -> ByHasher {
        ByHasher(self.0, 0)
    }
}

impl Hasher for ByHasher {
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|&byte| self.1 = self.1.wrapping_mul(31).wrapping_add(byte.into()));
    }

    fn write_u64(&mut self, number: u64) {
        self.1 = number;
    }

    fn finish(&self) -> u64 {
        self.0(self.1)
    }
}

/// `n`, or few where an interpreter runs the test.
const fn many(n: u32) -> u32 {
    if cfg!(miri) { n / 300 } else { n }
}

#[test]
#[cfg_attr(miri, ignore = "too much for it")]
fn hashers_that_are_constant_or_vary_in_few_bits() {
    for spread in [|_| 0, |n| n, |n| n << 48, |n| n & 1, |n| u64::MAX - n] as [fn(u64) -> u64; 5] {
        let numbers = Interner::<u64>::builder().hasher(By(spread)).build();
        let held: Vec<_> = (0..300).map(|n| numbers.intern(&n)).collect();
        for (n, handle) in (0..300).zip(&held) {
            assert_eq!((**handle, numbers.get(&n).as_ref()), (n, Some(handle)));
        }
        assert_eq!((numbers.len(), numbers.get(&300)), (300, None));
        let stats = numbers.stats();
        assert_eq!((stats.hits(), stats.misses(), stats.loads(), stats.deaths()), (300, 301, 300, 0));
        let (gone, kept): (Vec<_>, Vec<_>) = held.into_iter().partition(|handle| **handle % 3 > 0);
        drop(gone);
        assert_eq!((numbers.len(), numbers.stats().deaths()), (100, 200));
        assert!((0..300).all(|n| numbers.get(&n).is_some() == (n % 3 == 0)));
        drop(kept);
        assert!(numbers.is_empty());
    }
}

/// A value whose code does what a test wants, each time that it runs.
struct Wild {
    id: u64,
    on: fn(When, u64),
}

#[derive(Clone, Copy, PartialEq)]
enum When {
    Hash,
    Eq,
    Clone,
    Drop,
}

impl Hash for Wild {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.on)(When::Hash, self.id);
        state.write_u64(self.id);
    }
}

impl PartialEq for Wild {
    fn eq(&self, other: &Self) -> bool {
        (self.on)(When::Eq, self.id);
        self.id == other.id
    }
}

impl Eq for Wild {}

impl Clone for Wild {
    fn clone(&self) -> Self {
        (self.on)(When::Clone, self.id);
        Self { ..*self }
    }
}

impl Drop for Wild {
    fn drop(&mut self) {
        (self.on)(When::Drop, self.id);
    }
}

#[test]
fn values_whose_code_uses_the_same_interner() {
    thread_local! {
        static DEPTH: Cell<u32> = const { Cell::new(0) };
        static VALUES: Interner<Wild, By> = Interner::builder().hasher(By(|_| 0)).shards(1).build();
        static SEEN: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    }
    /// Interns a value of its own in the same shard, under the same hash; that one's code does nothing.
    fn reenter(when: When, _: u64) {
        SEEN.with_borrow_mut(|seen| seen.push(when as u8));
        if DEPTH.replace(1) == 0 {
            VALUES.with(|values| {
                let inner = values.intern(&Wild { id: 99, on: reenter });
                assert!(inner.id == 99 && values.get(&*inner).is_some() && values.len() < 100);
                let _ = (values.stats(), values.bytes(), format!("{values:?}"));
                values.shrink_to_fit();
            });
            DEPTH.set(0);
        }
    }
    within_seconds(|| {
        VALUES.with(|values| {
            let ids = if cfg!(miri) { 3 } else { 10 };
            let held: Vec<_> = (0..ids).map(|id| values.intern(&Wild { id, on: reenter })).collect();
            assert!(held.iter().all(|handle| values.get(handle).as_ref() == Some(handle)));
            assert_eq!(values.len() as u64, ids);
            drop(held);
            assert!(values.is_empty());
        });
        let seen = SEEN.take();
        for when in [When::Hash, When::Eq, When::Clone, When::Drop] {
            assert!(seen.contains(&(when as u8)), "each kind of code ran");
        }
    });
}

#[test]
fn panics_in_hash_eq_clone_and_drop() {
    thread_local!(static BOMB: Cell<Option<When>> = const { Cell::new(None) });
    fn blow(when: When, _: u64) {
        if BOMB.get() == Some(when) {
            BOMB.set(None);
            panic!("as told");
        }
    }
    let wild = |id| Wild { id, on: blow };
    let values = Interner::builder().hasher(By(|_| 7)).build();
    let held: Vec<_> = (0..3).map(|id| values.intern(&wild(id))).collect();
    let (mut lookups, mut hits) = (3, 0);

    for (when, id, counts) in [(When::Hash, 1, false), (When::Eq, 1, true), (When::Eq, 3, true), (When::Clone, 3, true)]
    {
        let value = wild(id);
        BOMB.set(Some(when));
        assert!(catch_unwind(AssertUnwindSafe(|| values.intern(&value))).is_err());
        lookups += u64::from(counts);
        assert_eq!(values.stats().hits() + values.stats().misses(), lookups);
        assert_eq!((values.len(), values.stats().hits()), (3, hits), "what panicked found nothing");
        assert!(values.get(&wild(2)).as_ref() == Some(&held[2]));
        (lookups, hits) = (lookups + 1, hits + 1);
    }

    let fourth = values.intern(&wild(3));
    BOMB.set(Some(When::Drop));
    catch_unwind(AssertUnwindSafe(|| drop(fourth))).unwrap_err();
    assert_eq!((values.len(), values.stats().deaths(), values.get(&wild(3)).is_none()), (3, 1, true));
    drop(held);
    assert!(values.is_empty());
}

#[test]
fn values_that_hold_handles_of_the_same_interner_die_flat() {
    #[derive(Clone, PartialEq, Eq, Hash)]
    struct Link(u32, Option<Interned<Link>>);

    let links = Interner::<Link>::new();
    let mut last = None;
    for n in 0..many(100_000) {
        last = Some(links.intern_owned(Link(n, last)));
    }
    assert_eq!(links.len(), many(100_000) as usize);
    // As little stack as a thread gets; 100,000 nested drops would take megabytes.
    thread::Builder::new().stack_size(64 * 1024).spawn(move || drop(last)).unwrap().join().unwrap();
    assert_eq!((links.len(), links.stats().deaths()), (0, many(100_000).into()));
}

#[test]
fn a_chain_with_bombs_dies_whole() {
    static ALIVE: AtomicUsize = AtomicUsize::new(0);
    #[derive(PartialEq, Eq, Hash)]
    struct Link(u32, Option<Interned<Link>>);
    impl Drop for Link {
        fn drop(&mut self) {
            ALIVE.fetch_sub(1, SeqCst);
            assert!(self.0 != 500 && (self.0 != 5 || thread::panicking()), "as told");
        }
    }

    let links = Interner::<Link>::new();
    let mut last = None;
    for n in 0..1000 {
        ALIVE.fetch_add(1, SeqCst);
        last = Some(links.intern_owned(Link(n, last)));
    }
    catch_unwind(AssertUnwindSafe(|| drop(last))).unwrap_err();
    assert_eq!((ALIVE.load(SeqCst), links.len()), (0, 0));
    // The next chain is put off and dropped like the first.
    ALIVE.fetch_add(200, SeqCst);
    drop((1000..1200).fold(None, |last, n| Some(links.intern_owned(Link(n, last)))));
    assert_eq!((ALIVE.load(SeqCst), links.len()), (0, 0));
}

#[test]
fn handles_outlive_the_interner_in_other_threads_and_thread_locals() {
    thread_local!(static KEPT: RefCell<Vec<Interned<Arc<str>>>> = const { RefCell::new(Vec::new()) });
    let marker: Arc<str> = Arc::from("marker");
    let values = Interner::<Arc<str>>::new();
    let handle = values.intern(&marker);
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let handle = handle.clone();
            thread::spawn(move || KEPT.with_borrow_mut(|kept| kept.extend([handle.clone(), handle])))
        })
        .collect();
    drop(values);
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    assert_eq!((Arc::strong_count(&marker), &**handle), (2, "marker"));
    drop(handle);
    assert_eq!(Arc::strong_count(&marker), 1);
}

#[test]
fn a_chain_dies_while_its_thread_is_torn_down() {
    #[derive(PartialEq, Eq, Hash)]
    struct Link(u32, Option<Interned<Link>>);
    thread_local!(static LAST: RefCell<Option<Interned<Link>>> = const { RefCell::new(None) });

    let links = Arc::new(Interner::<Link>::new());
    let inner = Arc::clone(&links);
    let builder = thread::Builder::new().stack_size(64 * 1024);
    let thread = builder.spawn(move || {
        let chain = (0..many(50_000)).fold(None, |last, n| Some(inner.intern_owned(Link(n, last))));
        LAST.set(chain);
    });
    thread.unwrap().join().unwrap();
    assert!(links.is_empty());
}

#[test]
fn sizes_and_alignments() {
    #[derive(Clone, Debug, PartialEq, Eq, Hash)]
    #[repr(align(256))]
    struct Wide(u8);

    let (wides, rows) = (Interner::<Wide>::new(), Interner::<[Wide]>::new());
    let (wide, row) = (wides.intern(&Wide(1)), rows.intern(&[Wide(1), Wide(2)]));
    assert!((&raw const *wide).addr() % 256 == 0 && row.as_ptr().addr() % 256 == 0);
    assert_eq!((&*wide, &*row), (&Wide(1), &[Wide(1), Wide(2)][..]));
    let nothings = Interner::<[()]>::new();
    assert_eq!((nothings.intern(&[(); 7]).len(), nothings.intern(&[]).len()), (7, 0));
    let texts = Interner::<str>::new();
    for len in (0..100).step_by(if cfg!(miri) { 30 } else { 1 }) {
        let text = "ä".repeat(len);
        assert_eq!(&*texts.intern(&text), text);
        let numbers = Interner::<[u128]>::new();
        assert_eq!(&*numbers.intern(&vec![u128::MAX; len]), vec![u128::MAX; len]);
    }
    let objects = Interner::<Box<[u8]>>::new();
    assert_eq!(objects.intern(&vec![1; 9].into()), objects.intern_owned(Box::<[u8]>::from(vec![1; 9])));
}

#[test]
fn an_owned_value_moves_in_or_is_dropped() {
    let counted = Arc::new(());
    let rows = Interner::<[Arc<()>]>::new();
    let row = rows.intern_owned(vec![Arc::clone(&counted); 3]);
    assert_eq!(Arc::strong_count(&counted), 4, "moved");
    let same = rows.intern_owned(vec![Arc::clone(&counted); 3]);
    assert_eq!((Arc::strong_count(&counted), same == row), (4, true), "dropped");
    drop((row, same));
    assert_eq!(Arc::strong_count(&counted), 1);
    let texts = Interner::<str>::new();
    assert_eq!(texts.intern_owned(String::from("a")), texts.intern_owned(Box::<str>::from("a")));
}

#[test]
fn any_number_of_shards() {
    for shards in [0, 1, 3, many(900) as usize] {
        let numbers = Interner::<u32>::builder().shards(shards).build();
        let held: Vec<_> = (0..many(600)).map(|n| numbers.intern(&n)).collect();
        assert!((0..many(600)).all(|n| *numbers.get(&n).unwrap() == n) && numbers.len() == held.len());
    }
}
