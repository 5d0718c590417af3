//! What has several owners, and cells.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::rc::{self, Rc};
use std::sync::{Arc, Mutex, OnceLock, RwLock};

use lagom_profiler::HeapSize;
use lagom_profiler::heap::{SizeVisitor, measure_value, measure_values};

use crate::exact;

#[test]
fn blocks_of_shared_values() {
    exact(|| (Rc::new(1_u8), Rc::new(1_u64), Rc::new([1_u8; 17]), Rc::new(()), Rc::new(1_u128)));
    exact(|| (Rc::<str>::from("text"), Rc::<[u16]>::from([1, 2, 3]), Rc::<[u8]>::default(), Rc::new("a".to_owned())));
    exact(|| (Arc::new(1_u8), Arc::<str>::from("text"), Arc::<[String]>::from(["a".to_owned()]), Arc::new(vec![1])));
}

#[test]
fn shared_values_count_once() {
    exact(|| {
        let one = Rc::new("shared".to_owned());
        (vec![one.clone(), one.clone()], Some(one.clone()), one)
    });
    exact(|| {
        let one: Arc<[String]> = ["a".to_owned(), "b".to_owned()].into();
        BTreeMap::from([(1, one.clone()), (2, one.clone()), (3, one)])
    });
    // Once in a walk, not once and for all.
    let shared = Rc::new(7_u64);
    let both = [shared.clone(), shared];
    assert_eq!(both[0].heap_size(), 24);
    assert_eq!(both.heap_size(), 24);
    assert_eq!(measure_values([&both[0] as &dyn HeapSize, &both[1]]).amount().bytes(), 24);
    // Values without a size have places of their own.
    exact(|| {
        let one = Rc::new(());
        let other = Rc::new(());
        [one.clone(), one, other.clone(), other]
    });
}

#[test]
fn weak_pointers() {
    let owner = Rc::new([1_u64; 4]);
    let weak = Rc::downgrade(&owner);
    assert_eq!((weak.heap_size(), rc::Weak::<u8>::new().heap_size()), (0, 0));
    exact(|| {
        let owner = Rc::new([1_u64; 4]);
        let weak = Rc::downgrade(&owner);
        [weak.clone(), weak]
    });
    exact(|| {
        let owner = Arc::new("gone, but not its block".to_owned());
        Arc::downgrade(&owner)
    });
    exact(|| {
        let owner = Arc::new(1_u8);
        (Arc::downgrade(&owner), owner)
    });
}

#[test]
fn cells() {
    exact(|| (Cell::new(1), RefCell::new("a".to_owned()), Mutex::new("b".to_owned()), RwLock::new(vec![1])));
    exact(|| (OnceCell::from("a".to_owned()), OnceLock::from("b".to_owned()), OnceCell::<String>::new()));
    let cell = RefCell::new("borrowed".to_owned());
    {
        let _shared = cell.borrow();
        assert_eq!(cell.heap_size(), 8);
    }
    let _writing = cell.borrow_mut();
    let measured = measure_value(&[Some(&cell)].map(|_| RefCell::new(1)));
    assert_eq!(measured.locked(), 0);
    assert_eq!((measure_value(&cell).locked(), measure_value(&cell).amount().bytes()), (1, 0));
}

#[test]
fn locks_are_looked_into_without_waiting() {
    let lock = RwLock::new("text".to_owned());
    let reading = lock.read().unwrap();
    assert_eq!(lock.heap_size(), 4);
    drop(reading);
    let writing = lock.write().unwrap();
    assert_eq!((lock.heap_size(), measure_value(&lock).locked()), (0, 1));
    drop(writing);
    let poisoned = Arc::new(Mutex::new("text".to_owned()));
    let its = poisoned.clone();
    std::thread::spawn(move || {
        let _guard = its.lock().unwrap();
        panic!("poisons the lock");
    })
    .join()
    .unwrap_err();
    assert!(poisoned.is_poisoned());
    let lock: &Mutex<String> = &poisoned;
    assert_eq!((lock.heap_size(), measure_value(lock).locked()), (4, 0));
}

#[test]
fn nothing_stays_locked() {
    let list = (0..100).fold(None, |next, n| Some(Link::new(n, next)));
    assert_eq!(measure_value(&list).locked(), 0);
    let mut at = list;
    while let Some(link) = at {
        at = link.0.try_lock().unwrap().1.take();
    }
}

struct Link(Arc<Mutex<(u8, Option<Link>)>>);

impl Link {
    fn new(n: u8, next: Option<Self>) -> Self {
        Self(Arc::new(Mutex::new((n, next))))
    }
}

impl HeapSize for Link {
    fn visit_heap<'a>(&'a self, visitor: &mut SizeVisitor<'a>) {
        self.0.visit_heap(visitor);
    }
}

/// `dyn Trait` asks the type behind it.
#[test]
fn trait_objects() {
    trait Shape: HeapSize + Debug {}
    impl Shape for u64 {}
    impl Shape for String {}
    exact(|| [Box::new(7_u64) as Box<dyn Shape>, Box::new("text".to_owned())]);
    exact(|| [Rc::new(7_u64) as Rc<dyn Shape>, Rc::new("text".to_owned())]);
    let text = "text".to_owned();
    let shape: &dyn Shape = &text;
    assert_eq!(shape.total_size(), size_of::<String>() + 4);
}

#[test]
fn cycles_end() {
    #[derive(Default)]
    struct Node(RefCell<Vec<Rc<Node>>>);
    impl HeapSize for Node {
        fn visit_heap<'a>(&'a self, visitor: &mut SizeVisitor<'a>) {
            self.0.visit_heap(visitor);
        }
    }
    exact(|| {
        let (parent, child) = (Rc::new(Node::default()), Rc::new(Node::default()));
        child.0.borrow_mut().push(parent.clone());
        parent.0.borrow_mut().push(child);
        parent.0.borrow_mut().push(parent.clone());
        parent
    });
}

/// Says what may be borrowed for writing when the walk comes by.
struct Witness(Rc<RefCell<Vec<Vec<Witness>>>>, Rc<Cell<Option<bool>>>);

impl HeapSize for Witness {
    fn visit_heap<'a>(&'a self, _: &mut SizeVisitor<'a>) {
        self.1.set(Some(self.0.try_borrow_mut().is_ok()));
    }
}

#[test]
fn cells_are_held_while_something_inside_waits_and_no_longer() {
    let cell = Rc::new(RefCell::new(Vec::new()));
    let (inside, behind) = (Rc::new(Cell::new(None)), Rc::new(Cell::new(None)));
    cell.borrow_mut().push(vec![Witness(cell.clone(), inside.clone())]);
    // In a nest that is so deep that what is in the cell must wait, at one of these depths behind the cell itself.
    for depth in 0..40 {
        let mut nest: Box<dyn HeapSize> = Box::new((cell.clone(), Witness(cell.clone(), behind.clone())));
        for _ in 0..depth {
            nest = Box::new(nest);
        }
        behind.set(None);
        assert!(nest.heap_size() > 0);
        assert_eq!(inside.take(), Some(false), "depth {depth}");
        // At two depths one of the vectors in the cell waits; beyond, the cell itself.
        let waits = (29..31).contains(&depth);
        assert_eq!(behind.get().map(|free| !free), Some(waits), "depth {depth}");
    }
    cell.borrow_mut().clear();
}
