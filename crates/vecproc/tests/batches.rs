//! Batches: items are moved once, dropped once, and a panicking iterator does no harm.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use lagom_vecproc::batches;

#[test]
fn items_are_dropped_with_the_next_batch() {
    let item = Rc::new(());
    let items: Vec<Rc<()>> = (0..5).map(|_| item.clone()).collect();
    let mut ours = batches(items, 2);
    assert_eq!(Rc::strong_count(&item), 6);
    assert_eq!(ours.next_batch().map(<[_]>::len), Some(2));
    assert_eq!(Rc::strong_count(&item), 6);
    assert_eq!(ours.next_batch().map(<[_]>::len), Some(2));
    assert_eq!(Rc::strong_count(&item), 4);
    assert_eq!(ours.next_batch().map(<[_]>::len), Some(1));
    drop(ours);
    assert_eq!(Rc::strong_count(&item), 1);
}

#[test]
fn a_panic_of_the_iterator_leaves_the_batches_usable() {
    let mut ours = batches((0..6).inspect(|&i| assert_ne!(i, 3, "on purpose")), 2);
    assert_eq!(ours.next_batch(), Some(&[0, 1][..]));
    assert!(catch_unwind(AssertUnwindSafe(|| ours.next_batch().map(<[_]>::len))).is_err());
    assert_eq!(ours.next_batch(), Some(&[4, 5][..]));
    assert_eq!(ours.next_batch(), None);
}

#[test]
fn batches_of_none_are_batches_of_one() {
    let mut ours = batches([5, 6], 0);
    assert_eq!(ours.next_batch(), Some(&[5][..]));
    assert_eq!(ours.next_batch(), Some(&[6][..]));
    assert_eq!(ours.next_batch(), None);
}

#[test]
fn a_huge_batch_allocates_what_there_is() {
    let mut ours = batches(0..3, usize::MAX);
    assert_eq!(ours.next_batch(), Some(&[0, 1, 2][..]));
    assert_eq!(ours.next_batch(), None);
}

#[test]
fn an_iterator_that_starts_again_is_not_asked_again() {
    let mut turn = 0;
    let mut ours = batches(
        std::iter::from_fn(|| {
            turn += 1;
            (turn % 3 != 0).then_some(turn)
        }),
        10,
    );
    assert_eq!(ours.next_batch(), Some(&[1, 2][..]));
    assert_eq!(ours.next_batch(), None);
    assert_eq!(ours.next_batch(), None);
}
