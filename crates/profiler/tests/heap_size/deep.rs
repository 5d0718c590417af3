//! Depth costs no stack.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::mem::forget;
use std::rc::Rc;
use std::sync::{Arc, Mutex, RwLock};

use lagom_profiler::HeapSize;
use lagom_profiler::heap::{SizeVisitor, measure_value};

const DEPTH: u64 = 300_000;

/// A nest of one kind of pointer, each around the next; not dropped, as that does cost stack.
macro_rules! nest {
    ($name:ident, $pointer:ty, |$inner:ident| $make:expr) => {
        #[test]
        fn $name() {
            struct Nest(#[allow(clippy::type_complexity, reason = "made by a macro")] $pointer);
            impl HeapSize for Nest {
                fn visit_heap<'a>(&'a self, visitor: &mut SizeVisitor<'a>) {
                    self.0.visit_heap(visitor);
                }
            }
            let empty = {
                let $inner: Option<Nest> = None;
                Nest($make)
            };
            let one = measure_value(&empty).amount();
            let mut nest = empty;
            for _ in 0..DEPTH {
                let $inner = Some(nest);
                nest = Nest($make);
            }
            let all = measure_value(&nest).amount();
            assert!(one.blocks() > 0);
            assert_eq!((all.blocks(), all.bytes()), (one.blocks() * (DEPTH + 1), one.bytes() * (DEPTH + 1)));
            forget(nest);
        }
    };
}

nest!(boxes, Box<Option<Nest>>, |inner| Box::new(inner));
nest!(vectors, Vec<Option<Nest>>, |inner| vec![inner]);
nest!(queues, VecDeque<Option<Nest>>, |inner| VecDeque::from([inner]));
nest!(shared, Rc<Option<Nest>>, |inner| Rc::new(inner));
nest!(shared_cells, Rc<RefCell<Option<Nest>>>, |inner| Rc::new(RefCell::new(inner)));
nest!(shared_locks, Arc<Mutex<Option<Nest>>>, |inner| Arc::new(Mutex::new(inner)));
nest!(other_locks, Box<RwLock<Option<Nest>>>, |inner| Box::new(RwLock::new(inner)));
nest!(trees, BTreeMap<u8, Option<Nest>>, |inner| BTreeMap::from([(1, inner)]));
nest!(tables, HashMap<u8, Option<Nest>>, |inner| HashMap::from([(1, inner)]));
nest!(objects, Box<dyn HeapSize>, |inner| Box::new(inner) as Box<dyn HeapSize>);

/// A panic in the middle leaves no lock behind.
#[test]
fn a_panic_lets_go_of_what_is_held() {
    struct Panics;
    impl HeapSize for Panics {
        fn visit_heap<'a>(&'a self, _: &mut SizeVisitor<'a>) {
            panic!("cannot tell");
        }
    }
    let cell = RefCell::new(Some(Panics));
    let asked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| cell.heap_size()));
    assert!(asked.is_err());
    assert!(cell.try_borrow_mut().is_ok());
}
