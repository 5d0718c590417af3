//! What `#[profile]` and `span!` are told: sizes, arguments that repeat, records, groups. Which code of the author's they
//! run, when, and on what.
#![cfg(all(feature = "enabled", feature = "macros"))]
#![deny(warnings, clippy::all, trivial_numeric_casts)]

use std::cell::RefCell;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::task::{Context, Poll, Waker};

use lagom_profiler::{profile, span, summary};

thread_local!(static SEEN: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) });

fn note(what: impl Into<String>) {
    SEEN.with_borrow_mut(|seen| seen.push(what.into()));
}

fn seen() -> Vec<String> {
    SEEN.take()
}

/// Notes what is asked of it.
#[derive(Clone, Copy)]
struct Spy(&'static str);

impl Spy {
    fn size(&self) -> i32 {
        note(format!("size of {}", self.0));
        3
    }
}

impl Hash for Spy {
    fn hash<H: Hasher>(&self, state: &mut H) {
        note(format!("hash of {}", self.0));
        self.0.hash(state);
    }
}

impl fmt::Display for Spy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        note(format!("text of {}", self.0));
        f.write_str(self.0)
    }
}

#[profile(size = first.size() + second.size(), group = "spies", name = "two spies")]
fn sized(first: Spy, Pair(second, _): Pair) -> u8 {
    note("body");
    7
}

struct Pair(Spy, #[allow(dead_code, reason = "not asked")] Spy);

#[profile(size = (text.len()))]
fn sized_by_what_moves(text: String) -> Result<String, String> {
    Ok(text)
}

#[profile(size = 2.5 * weight)]
fn sized_by_a_float(weight: f64) -> bool {
    weight > 0.0
}

#[profile(size = { let large: u64 = count; large })]
fn sized_by_u64(count: u64) -> u64 {
    count
}

#[test]
fn the_size_is_found_before_the_body() {
    assert_eq!(sized(Spy("a"), Pair(Spy("b"), Spy("c"))), 7);
    assert_eq!(seen(), ["size of a", "size of b", "body"]);
    assert_eq!(sized_by_what_moves("text".to_owned()).as_deref(), Ok("text"));
    assert!(sized_by_a_float(0.5));
    assert_eq!(sized_by_u64(3), 3);
    assert_eq!(summary().get("two spies").map(|function| function.calls()), Some(1));
}

#[profile]
#[allow(clippy::ptr_arg, reason = "a vector is what is tested")]
fn lengths_by_type(scale: f32, _unused: &[i64], values: &[f64], others: &mut Vec<u8>) -> usize {
    scale as usize + values.len() + others.len()
}

#[profile]
fn length_of_a_mutable_slice(values: &mut [f32]) -> Option<&mut f32> {
    values.first_mut()
}

#[profile]
fn length_of_what_is_taken_apart([first, ..]: &[u8; 2], bytes: &std::vec::Vec<u8>) -> u8 {
    *first + bytes[0]
}

#[profile]
fn a_name_that_is_no_vector(values: &not_std::Vec<f64>) -> &f64 {
    &values.0
}

mod not_std {
    #[allow(clippy::box_collection, reason = "its name is what matters")]
    pub(crate) struct Vec<T>(pub(crate) T);
}

#[test]
fn slices_of_numbers_tell_their_length() {
    assert_eq!(lengths_by_type(0.5, &[], &[1.0, 2.0], &mut vec![1]), 3);
    assert_eq!(length_of_a_mutable_slice(&mut [1.0]), Some(&mut 1.0));
    assert_eq!(length_of_what_is_taken_apart(&[1, 2], &vec![3]), 4);
    assert_eq!(*a_name_that_is_no_vector(&not_std::Vec(0.5)), 0.5);
}

struct Opaque;

#[profile(repeats)]
#[allow(clippy::too_many_arguments, reason = "one of each kind")]
fn all_of_them(
    first: Spy,
    (second, third): (Spy, &Spy),
    weight: f64,
    _unused: Spy,
    #[cfg(not(any()))] present: Spy,
    #[cfg(any())] absent: Spy,
    opaque: Opaque,
    by_reference: &Opaque,
    mut last: impl Iterator<Item = Spy>,
) -> usize {
    note("body");
    let (Opaque, Opaque, all) = (opaque, by_reference, [first, second, *third, present]);
    last.next();
    all.len() + last.count() + weight as usize
}

#[profile(repeats(key, options.depth, options.weight * 2.0))]
fn chosen(key: Spy, options: &Options) -> Result<u8, u8> {
    note("body");
    Ok(options.depth)
}

struct Options {
    depth: u8,
    weight: f64,
}

#[profile(repeats = key.0)]
fn one_chosen(key: Spy) -> &'static str {
    key.0
}

#[derive(Hash)]
struct Key(Spy);

impl Key {
    #[profile(repeats)]
    fn lookup(&self) -> u8 {
        note("body");
        1
    }

    #[profile(repeats)]
    fn into_value<const N: usize, T>(mut self, parts: [T; N], text: &str) -> usize {
        self.0 = Spy(if text.is_empty() { "x" } else { "y" });
        parts.len()
    }
}

impl Options {
    #[profile(repeats, size = self.depth)]
    fn change(&mut self) {
        self.depth += 1;
    }
}

#[test]
fn arguments_that_are_hash_are_hashed() {
    let (first, third) = (Spy("1"), Spy("3"));
    let last = [Spy("6")].into_iter();
    assert_eq!(all_of_them(first, (Spy("2"), &third), 0.5, Spy("4"), Spy("5"), Opaque, &Opaque, last), 4);
    assert_eq!(seen(), ["hash of 1", "hash of 2", "hash of 3", "hash of 5", "body"]);
    assert_eq!(chosen(Spy("key"), &Options { depth: 3, weight: 0.5 }), Ok(3));
    assert_eq!(seen(), ["hash of key", "body"]);
    assert_eq!(one_chosen(Spy("text")), "text");
    assert_eq!(seen(), [""; 0]);
    assert_eq!(Key(Spy("self")).lookup(), 1);
    assert_eq!(seen(), ["hash of self", "body"]);
    assert_eq!(Key(Spy("mine")).into_value([Opaque], ""), 1);
    assert_eq!(seen(), ["hash of mine"]);
    let mut options = Options { depth: 1, weight: 1.0 };
    options.change();
    assert_eq!(options.depth, 2);
}

struct Unshown;

#[profile(records = 10)]
fn recorded(error: Option<Spy>) -> Result<u8, Spy> {
    note("body");
    error.map_or(Ok(1), Err)
}

#[profile(records)]
fn recorded_without_a_text(ok: bool) -> Result<impl fmt::Debug, Unshown> {
    if ok { Ok([1]) } else { Err(Unshown) }
}

#[profile(records = 0x10)]
fn recorded_without_errors() {}

#[profile(records)]
fn recorded_of_any_type<T, E>(value: Result<T, E>) -> Result<T, E> {
    value
}

#[test]
fn texts_of_errors_are_asked_for_at_the_end() {
    assert!(recorded(None).is_ok());
    assert_eq!(seen(), ["body"]);
    assert!(recorded(Some(Spy("failure"))).is_err());
    assert_eq!(seen(), ["body", "text of failure"]);
    assert!(recorded_without_a_text(true).is_ok() && recorded_without_a_text(false).is_err());
    recorded_without_errors();
    assert!(recorded_of_any_type::<u8, _>(Err(Unshown)).is_err());
    let errors = |name: &str| summary().get(name).map(|function| (function.calls(), function.errors()));
    assert_eq!(errors("recorded"), Some((2, 1)));
    assert_eq!(errors("recorded_without_a_text"), Some((2, 1)));
    assert_eq!(errors("recorded_of_any_type"), Some((1, 1)));
}

#[profile(size = first.size(), repeats(first), records = 3, group = "async")]
async fn later(first: Spy, fail: bool) -> Result<u8, Spy> {
    note("body");
    std::future::ready(()).await;
    if fail { Err(first) } else { Ok(2) }
}

#[profile(repeats)]
async fn later_still<T: Send>(value: T, values: &[f64], spy: &Spy) -> usize {
    drop(value);
    values.len() + spy.0.len()
}

#[test]
fn async_functions_tell_it_in_their_first_poll() {
    fn ready<F: Future>(future: F) -> F::Output {
        match std::pin::pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(value) => value,
            Poll::Pending => unreachable!("nothing to wait for"),
        }
    }
    let future = later(Spy("a"), true);
    assert_eq!(seen(), [""; 0]);
    assert!(ready(future).is_err());
    assert_eq!(seen(), ["size of a", "hash of a", "body", "text of a"]);
    let future: Box<dyn Future<Output = usize> + Send> = Box::new(later_still(3, &[0.5], &Spy("b")));
    assert_eq!(ready(Box::into_pin(future)), 2);
    assert_eq!(seen(), ["hash of b"]);
}

#[test]
fn spans_have_groups_and_sizes() {
    const GROUP: &str = "a constant";
    let spy = Spy("a");
    {
        let _plain = span!("plain");
        let _comma = span!("comma",);
        let _group = span!("with a group", group = GROUP);
        assert_eq!(seen(), [""; 0]);
        let _size = span!("with a size", size = spy.size(),);
        let _both = span!("with both", group = concat!("g", "h"), size = spy.size());
        let span = span!("with both again", size = spy.size() as u64, group = "g");
        span.fail();
    }
    assert_eq!(seen(), ["size of a"; 3]);
    let summary = summary();
    let errors = |name| summary.get(name).map(|function| (function.calls(), function.errors()));
    assert_eq!((errors("with a size"), errors("with both again")), (Some((1, 0)), Some((1, 1))));
}
