//! Collections in one block, texts, lists.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::{BinaryHeap, LinkedList, VecDeque};
use std::ffi::{CString, OsString};
use std::path::{Path, PathBuf};

use lagom_profiler::HeapSize;
use proptest::prelude::*;

use crate::exact;

#[test]
fn nothing_owns_nothing() {
    exact(|| (Vec::<u64>::new(), String::new(), VecDeque::<u8>::new(), LinkedList::<u8>::new(), Box::new(())));
    exact(|| (Vec::<()>::with_capacity(9), vec![(); 9], VecDeque::from(vec![(); 3])));
    exact(|| (Box::<[u8]>::default(), Box::<str>::default(), PathBuf::new(), OsString::new()));
    exact(|| (1_u8, 'a', 1.5_f64, true, [1_u16; 4], std::time::Duration::ZERO, std::marker::PhantomData::<String>));
    let text = String::from("borrowed");
    exact(|| (&text, text.as_str(), Cow::Borrowed(text.as_str()), &raw const text));
    exact(|| (u8::max as fn(u8, u8) -> u8, std::ptr::NonNull::<u8>::dangling(), None::<Box<u8>>, Ok::<u8, String>(1)));
}

#[test]
fn capacity_counts_not_length() {
    exact(|| Vec::<u64>::with_capacity(10));
    exact(|| {
        let mut values = vec![1_u32, 2, 3, 4, 5, 6, 7];
        values.truncate(2);
        values
    });
    exact(|| VecDeque::<u16>::with_capacity(33));
    exact(|| BinaryHeap::<u128>::with_capacity(5));
    exact(|| String::with_capacity(100));
    exact(|| PathBuf::with_capacity(77));
    exact(|| OsString::with_capacity(78));
    assert_eq!(Vec::<u64>::with_capacity(10).heap_size(), 80);
}

#[test]
fn texts() {
    exact(|| CString::new("text").unwrap());
    exact(|| (PathBuf::from("/a/b"), OsString::from("c"), Box::<str>::from("def"), Box::<Path>::from(Path::new("g"))));
    exact(|| Cow::<str>::Owned("owned".to_owned()));
    exact(|| Cow::<[String]>::Owned(vec!["owned".to_owned()]));
}

#[test]
fn what_is_inside_counts() {
    exact(|| vec![vec![1_u8; 3], Vec::new(), Vec::with_capacity(50)]);
    exact(|| [Some(String::from("a")), None]);
    exact(|| (Ok::<_, Vec<u8>>(Box::new(1_u64)), Err::<u8, _>(vec![1_u64; 3])));
    exact(|| ["a", "bc"].map(String::from).into_iter().collect::<LinkedList<String>>());
    exact(|| LinkedList::from([1_u8, 2, 3]));
    exact(|| LinkedList::from([[1_u64; 5]; 3]));
    exact(|| vec!["a".to_owned()]..=vec!["b".to_owned(), "c".to_owned()]);
    exact(|| Box::<[Box<u64>]>::from([Box::new(1), Box::new(2)]));
    exact(|| (std::cmp::Reverse("a".to_owned()), std::num::Wrapping(3), std::ops::Bound::Included("b".to_owned())));
    exact(|| Box::pin("pinned".to_owned()));
    // Inside of what is inside.
    exact(|| (vec![["a".to_owned()]], vec![("a".to_owned(), 1)], vec![Some("b".to_owned())]));
    exact(|| (vec!["a".to_owned()..="b".to_owned()], vec![OnceCell::from("c".to_owned())]));
    exact(|| {
        vec![(Err::<u8, _>("a".to_owned()), std::cell::RefCell::new("b".to_owned()), Cow::<str>::Owned("c".into()))]
    });
}

#[test]
fn alignment_beyond_that_of_allocators() {
    #[derive(Clone, Copy)]
    #[repr(align(64))]
    struct Line(#[allow(dead_code, reason = "is there for its size")] [u8; 65]);
    impl HeapSize for Line {
        fn visit_heap<'a>(&'a self, _: &mut lagom_profiler::heap::SizeVisitor<'a>) {}
    }
    let line = Line([0; 65]);
    exact(|| vec![line; 3]);
    exact(|| Box::new(line));
    exact(|| LinkedList::from([line; 3]));
    exact(|| std::rc::Rc::new(line));
    exact(|| (0..40).map(|n| (n, line)).collect::<std::collections::HashMap<u8, Line>>());
    exact(|| (0..40).map(|n| (n, line)).collect::<std::collections::BTreeMap<u8, Line>>());
}

#[derive(Clone, Debug)]
enum Change {
    Push(String),
    Pop,
    Reserve(usize),
    Shrink,
    Rotate(usize),
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        4 => ".{0,20}".prop_map(Change::Push),
        2 => Just(Change::Pop),
        1 => (0..200_usize).prop_map(Change::Reserve),
        1 => Just(Change::Shrink),
        1 => (0..10_usize).prop_map(Change::Rotate),
    ]
}

proptest! {
    #[test]
    fn vectors_after_any_changes(changes in proptest::collection::vec(change(), 0..100)) {
        exact(|| {
            let mut values = Vec::new();
            for change in &changes {
                match change {
                    Change::Push(text) => values.push(text.clone()),
                    Change::Pop => drop(values.pop()),
                    Change::Reserve(room) => values.reserve(*room),
                    Change::Shrink => values.shrink_to_fit(),
                    Change::Rotate(by) => drop(values.drain(..values.len().min(*by))),
                }
            }
            values
        });
        exact(|| {
            let mut values = VecDeque::new();
            for change in &changes {
                match change {
                    Change::Push(text) => values.push_back(text.clone()),
                    Change::Pop => drop(values.pop_front()),
                    Change::Reserve(room) => values.reserve_exact(*room),
                    Change::Shrink => values.shrink_to_fit(),
                    Change::Rotate(by) => values.rotate_left(values.len().min(*by)),
                }
            }
            values
        });
        exact(|| {
            let mut values = LinkedList::new();
            for change in &changes {
                match change {
                    Change::Push(text) => values.push_front(text.clone()),
                    Change::Pop => drop(values.pop_back()),
                    _ => {}
                }
            }
            values
        });
        exact(|| {
            let mut values = BinaryHeap::new();
            for change in &changes {
                match change {
                    Change::Push(text) => values.push((text.len(), text.clone())),
                    Change::Pop => drop(values.pop()),
                    Change::Reserve(room) => values.reserve(*room),
                    _ => values.shrink_to_fit(),
                }
            }
            values
        });
        exact(|| {
            let mut text = String::new();
            for change in &changes {
                match change {
                    Change::Push(more) => text.push_str(more),
                    Change::Pop => drop(text.pop()),
                    Change::Reserve(room) => text.reserve(*room),
                    _ => text.shrink_to_fit(),
                }
            }
            text
        });
    }
}
