//! Weak sets: a member is dropped once, after its last use, and gone when its owner is.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use lagom_base::sync::atomic;
use lagom_base::sync::loom::{self, thread};
use lagom_weakcache::WeakSet;

/// A value that loom watches: a drop that races with a use fails.
struct Value(atomic::AtomicUsize, Arc<AtomicUsize>);

impl Value {
    fn use_it(&self) {
        self.0.load(atomic::Ordering::Relaxed);
    }
}

impl Drop for Value {
    fn drop(&mut self) {
        self.0.with_mut(|_| ());
        assert_eq!(self.1.fetch_add(1, SeqCst), 0, "dropped twice");
    }
}

/// An owner goes while its member may be visited: whoever comes last drops it.
#[test]
fn a_visit_against_the_end_of_an_owner() {
    loom::model(|| {
        let (set, dead) = (Arc::new(WeakSet::new()), Arc::new(AtomicUsize::new(0)));
        let member = set.insert(Value(atomic::AtomicUsize::new(0), Arc::clone(&dead)));
        let visitor = {
            let set = Arc::clone(&set);
            thread::spawn(move || set.for_each(Value::use_it))
        };
        member.use_it();
        drop(member);
        let mut late = 0;
        set.for_each(|_| late += 1);
        assert_eq!((late, set.len()), (0, 0), "gone with its owner");
        visitor.join().unwrap();
        assert_eq!(dead.load(SeqCst), 1);
    });
}

/// Two come and go at once, while the set itself goes.
#[test]
fn owners_outlive_the_set() {
    loom::model(|| {
        let dead = [(); 2].map(|()| Arc::new(AtomicUsize::new(0)));
        let set = Arc::new(WeakSet::new());
        let mine = set.insert(Value(atomic::AtomicUsize::new(0), Arc::clone(&dead[0])));
        let other = {
            let (set, dead) = (Arc::clone(&set), Arc::clone(&dead[1]));
            thread::spawn(move || {
                let other = set.insert(Value(atomic::AtomicUsize::new(0), dead));
                assert!(set.len() > 0);
                drop(set);
                other.use_it();
            })
        };
        drop(set);
        mine.use_it();
        drop(mine);
        other.join().unwrap();
        assert_eq!(dead.map(|dead| dead.load(SeqCst)), [1, 1]);
    });
}
