//! The interner: never two live objects of one value, no death of what a look-up holds, every block freed once.
//!
//! What blocks count with is modelled, and a drop of a value that does not come after all its uses is found.

use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use lagom_base::sync::atomic;
use lagom_base::sync::loom::{self, thread};
use lagom_weakcache::Interner;

/// A value that loom watches: a drop that races with a use fails.
struct Value {
    id: u8,
    used: atomic::AtomicUsize,
    alive: Arc<AtomicUsize>,
}

impl Value {
    fn new(id: u8, alive: &Arc<AtomicUsize>) -> Self {
        alive.fetch_add(1, SeqCst);
        Self { id, used: atomic::AtomicUsize::new(0), alive: Arc::clone(alive) }
    }

    fn use_it(&self) {
        self.used.load(atomic::Ordering::Relaxed);
    }
}

impl Hash for Value {
    /// All alike, so that they meet.
    fn hash<H: Hasher>(&self, _: &mut H) {}
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        self.use_it();
        self.id == other.id
    }
}

impl Eq for Value {}

impl Drop for Value {
    fn drop(&mut self) {
        self.used.with_mut(|_| ());
        assert!(self.alive.fetch_sub(1, SeqCst) > 0, "dropped twice");
    }
}

/// An interner of such values, and how many of them are alive.
#[derive(Clone)]
struct Setup {
    values: Arc<Interner<Value>>,
    alive: Arc<AtomicUsize>,
}

impl Setup {
    fn new() -> Self {
        Self { values: Arc::new(Interner::builder().shards(1).build()), alive: Arc::default() }
    }

    fn intern(&self, id: u8) -> lagom_weakcache::Interned<Value> {
        self.values.intern_owned(Value::new(id, &self.alive))
    }

    fn alive(&self) -> usize {
        self.alive.load(SeqCst)
    }
}

/// Two threads intern equal texts while a third handle drops: what is held at once is one object.
#[test]
fn interned_at_once() {
    loom::model(|| {
        let words = Arc::new(Interner::<str>::new());
        let early = words.intern("word");
        let dropper = thread::spawn(move || drop(early));
        let other = {
            let words = Arc::clone(&words);
            thread::spawn(move || words.intern("word"))
        };
        let mine = words.intern("word");
        let other = other.join().unwrap();
        dropper.join().unwrap();
        assert!(mine == other);
        assert_eq!(words.len(), 1);
        drop((mine, other));
        assert!(words.is_empty());
    });
}

/// A look-up finds the value alive, or nothing; a dying one is replaced at once and takes only itself out.
#[test]
fn a_death_against_a_newcomer() {
    loom::model(|| {
        let setup = Setup::new();
        let early = setup.intern(1);
        let dropper = thread::spawn(move || {
            early.use_it();
            drop(early);
        });
        let mine = setup.intern(1);
        mine.use_it();
        assert_eq!(setup.values.len(), 1, "the dying one has left, or it is this one");
        dropper.join().unwrap();
        assert_eq!((setup.alive(), setup.values.len()), (1, 1));
        let asked = Value::new(1, &setup.alive);
        assert!(setup.values.get(&asked).expect("held") == mine);
        assert_eq!(setup.values.bytes().values(), size_of::<Value>());
        drop((mine, asked));
        assert_eq!((setup.alive(), setup.values.len(), setup.values.bytes().values()), (0, 0, 0));
        let stats = setup.values.stats();
        assert_eq!(stats.deaths(), stats.loads());
    });
}

/// Two handles, both dropped at once, while it is looked up: one death.
#[test]
fn two_last_drops_against_a_lookup() {
    loom::model(|| {
        let setup = Setup::new();
        let [one, two] = [setup.intern(1), setup.intern(1)];
        let droppers = [one, two].map(|handle| {
            thread::spawn(move || {
                handle.use_it();
                drop(handle);
            })
        });
        let asked = Value::new(1, &setup.alive);
        if let Some(found) = setup.values.get(&asked) {
            found.use_it();
            assert_eq!(setup.alive(), 2);
        }
        droppers.into_iter().for_each(|dropper| dropper.join().unwrap());
        drop(asked);
        assert_eq!((setup.alive(), setup.values.len()), (0, 0));
        assert_eq!(setup.values.stats().deaths(), 1);
    });
}

/// Two threads add the same value, after both have looked for it in vain: one of them is told.
#[test]
fn two_newcomers() {
    loom::model(|| {
        let setup = Setup::new();
        let other = {
            let setup = setup.clone();
            thread::spawn(move || setup.intern(1))
        };
        let mine = setup.intern(1);
        let other = other.join().unwrap();
        assert!(mine == other);
        assert_eq!((setup.alive(), setup.values.len(), setup.values.stats().loads()), (1, 1, 1));
        drop((mine, other));
        assert_eq!((setup.alive(), setup.values.len()), (0, 0));
    });
}

/// Values of one hash, added at once with one that dies: each is compared outside of the lock, none is lost.
#[test]
fn newcomers_of_one_hash() {
    loom::model(|| {
        let setup = Setup::new();
        let early = setup.intern(1);
        let other = {
            let setup = setup.clone();
            thread::spawn(move || {
                drop(early);
                setup.intern(2)
            })
        };
        let mine = setup.intern(3);
        let other = other.join().unwrap();
        assert_eq!((mine.id, other.id, setup.alive(), setup.values.len()), (3, 2, 2, 2));
        drop((mine, other));
        assert_eq!((setup.alive(), setup.values.len()), (0, 0));
    });
}

/// The interner goes while handles drop in other threads.
#[test]
fn an_interner_dropped_before_its_handles() {
    loom::model(|| {
        let setup = Setup::new();
        let [one, two] = [setup.intern(1), setup.intern(1)];
        let third = setup.intern(3);
        let Setup { values, alive } = setup;
        let dropper = thread::spawn(move || drop((one, third)));
        drop(values);
        two.use_it();
        drop(two);
        dropper.join().unwrap();
        assert_eq!(alive.load(SeqCst), 0);
    });
}
