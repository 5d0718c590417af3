//! `#[profile]` on every kind of function, under the strictest lints and with std names shadowed.
#![cfg(all(feature = "enabled", feature = "macros"))]
#![forbid(unsafe_op_in_unsafe_fn)]
#![deny(warnings, clippy::all)]
#![allow(clippy::needless_lifetimes, reason = "lifetimes are what is tested")]

use std::fmt::Debug;

use lagom_profiler::{FunctionStats, profile, summary};

fn stats(name: &str) -> FunctionStats {
    summary().get(name).unwrap_or_else(|| panic!("{name} was not recorded")).clone()
}

/// Calls, errors, panics.
fn outcomes(name: &str) -> (u64, u64, u64) {
    let stats = stats(name);
    (stats.calls(), stats.errors(), stats.panics())
}

const LINE_OF_UNIT: u32 = line!() + 3;

#[profile]
fn unit() {}

#[profile]
fn number(value: u32) -> u32 {
    if value == 0 {
        return 7;
    }
    value
}

#[profile]
fn question(text: &str) -> Result<u32, std::num::ParseIntError> {
    let number: u32 = text.parse()?;
    Ok(number)
}

#[test]
fn plain_functions() {
    unit();
    assert_eq!((number(0), number(3)), (7, 3));
    assert!(question("5").is_ok() && question("x").is_err());
    assert_eq!(outcomes("unit"), (1, 0, 0));
    assert_eq!(outcomes("number"), (2, 0, 0));
    assert_eq!(outcomes("question"), (2, 1, 0));
    assert_eq!(stats("unit").file(), file!());
    assert_eq!(stats("unit").module(), module_path!());
    assert_eq!(stats("unit").line(), LINE_OF_UNIT, "the line of the function, not of the attribute");
}

mod aliased {
    pub(super) type Answer = std::result::Result<u8, ()>;
    /// Not a `Result`, whatever its name.
    pub(super) struct Result<T>(pub(super) T);
    impl<T> Result<T> {
        #[allow(dead_code, reason = "must not be taken for the real one")]
        pub(super) fn is_err(&self) -> bool {
            true
        }
    }
}

#[profile]
fn by_alias(ok: bool) -> aliased::Answer {
    if ok { Ok(1) } else { Err(()) }
}

#[profile]
fn by_io(ok: bool) -> std::io::Result<()> {
    if ok { Ok(()) } else { Err(std::io::ErrorKind::NotFound.into()) }
}

#[profile]
fn lookalike() -> aliased::Result<u8> {
    aliased::Result(1)
}

#[profile]
fn generic_value<T>(value: T) -> T {
    value
}

#[profile]
fn generic_result<T, E>(value: Result<T, E>) -> Result<T, E> {
    value
}

#[test]
fn an_error_is_found_by_type_not_by_name() {
    let _ = (by_alias(true), by_alias(false), by_alias(false));
    let _ = (by_io(true), by_io(false));
    assert_eq!(lookalike().0, 1);
    let _ = generic_result::<u8, String>(Err(String::new()));
    let _ = generic_result::<&str, ()>(Ok("x"));
    assert_eq!(outcomes("by_alias"), (3, 2, 0));
    assert_eq!(outcomes("by_io"), (2, 1, 0));
    assert_eq!(outcomes("lookalike"), (1, 0, 0));
    assert_eq!(outcomes("generic_result"), (2, 1, 0));
    // Documented: behind a bare type parameter nothing is known.
    let _ = generic_value::<Result<(), ()>>(Err(()));
    let _ = generic_value(3);
    assert_eq!(outcomes("generic_value"), (2, 0, 0));
}

#[profile]
fn longest<'a, const N: usize>(words: &'a [&'a str; N], _unused: &str) -> Option<&'a str> {
    words.iter().copied().max_by_key(|word| word.len())
}

#[profile]
fn last_mut(values: &mut [u8]) -> Option<&mut u8> {
    values.last_mut()
}

struct Wrapped<'a>(&'a mut u8);

#[profile]
fn reborrow<'a>(value: &'a mut u8) -> Wrapped<'a> {
    *value += 1;
    Wrapped(value)
}

#[profile]
fn iterator<'a>(values: &'a [u8]) -> impl Iterator<Item = u8> + use<'a> {
    values.iter().map(|value| value + 1)
}

#[profile]
fn result_of_impl(ok: bool) -> Result<impl Debug, Box<dyn std::error::Error>> {
    if !ok {
        Err("no")?;
    }
    Ok([1, 2])
}

#[profile]
fn boxed(double: bool) -> Box<dyn Fn(u8) -> u8> {
    if double {
        return Box::new(|x| 2 * x);
    }
    Box::new(|x| x)
}

#[profile]
fn argument_impl(mut values: impl Iterator<Item = u8>, (a, mut b): (u8, u8)) -> Vec<u8> {
    b += a;
    values.next();
    values.chain([b]).collect()
}

#[profile]
fn never() -> ! {
    panic!("on purpose")
}

#[profile]
async fn never_later() -> ! {
    std::future::ready(()).await;
    panic!("on purpose")
}

#[profile]
async fn never_ready() -> ! {
    loop {
        std::future::pending::<()>().await;
    }
}

#[test]
fn functions_that_never_return() {
    assert!(std::panic::catch_unwind(|| never()).is_err());
    assert_eq!(outcomes("never"), (1, 0, 1));
    assert!(std::panic::catch_unwind(|| block_on(never_later())).is_err());
    assert_eq!(outcomes("never_later"), (1, 0, 1));
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(std::pin::pin!(never_ready()).poll(&mut context).is_pending());
    assert_eq!((stats("never_ready").calls(), stats("never_ready").cancelled()), (1, 1));
}

#[test]
fn signatures_of_all_kinds() {
    assert_eq!(longest(&["a", "abc", "ab"], ""), Some("abc"));
    let mut values = vec![1, 2];
    *last_mut(&mut values).expect("not empty") = 9;
    assert_eq!(values, [1, 9]);
    let mut value = 1;
    *reborrow(&mut value).0 += 1;
    assert_eq!(value, 3);
    assert_eq!(iterator(&[1, 2]).collect::<Vec<_>>(), [2, 3]);
    assert_eq!(format!("{:?}", result_of_impl(true).expect("ok")), "[1, 2]");
    assert!(result_of_impl(false).is_err());
    assert_eq!(outcomes("result_of_impl"), (2, 1, 0));
    assert_eq!(boxed(true)(4) + boxed(false)(4), 12);
    assert_eq!(argument_impl([1, 2].into_iter(), (3, 4)), [2, 7]);
}

struct Counter {
    count: u32,
    name: String,
}

trait Step {
    fn step(&mut self) -> Result<u32, u32>;

    #[profile(name = "Step::twice")]
    fn twice(&mut self) -> Result<u32, u32>
    where
        Self: Sized,
    {
        self.step()?;
        self.step()
    }
}

impl Step for Counter {
    #[profile]
    fn step(&mut self) -> Result<u32, u32> {
        self.count += 1;
        if self.count > 2 { Err(self.count) } else { Ok(self.count) }
    }
}

impl Counter {
    #[profile(name = "Counter::new")]
    fn new(name: impl Into<String>) -> Self {
        Self { count: 0, name: name.into() }
    }

    #[profile]
    fn name_mut(&mut self) -> &mut String {
        &mut self.name
    }

    #[profile]
    pub(crate) fn into_name(self) -> String {
        self.name
    }

    #[profile]
    async fn later(&self, ok: bool) -> Result<&str, ()> {
        if !ok {
            return Err(());
        }
        Ok(&self.name)
    }
}

#[test]
fn methods() {
    let mut counter = Counter::new("a");
    counter.name_mut().push('b');
    assert_eq!(counter.twice(), Ok(2));
    assert_eq!(counter.twice(), Err(3));
    assert_eq!(block_on(counter.later(true)), Ok("ab"));
    assert_eq!(block_on(counter.later(false)), Err(()));
    assert_eq!(counter.into_name(), "ab");
    assert_eq!(outcomes("Counter::new"), (1, 0, 0));
    assert_eq!(outcomes("step"), (3, 1, 0));
    assert_eq!(outcomes("Step::twice"), (2, 1, 0));
    assert_eq!(outcomes("into_name"), (1, 0, 0));
    assert_eq!(outcomes("later"), (2, 1, 0));
}

/// # Safety
/// None needed.
#[profile]
unsafe fn unsafe_one(value: *const u8) -> Option<u8> {
    // SAFETY: the caller passes a pointer to a live byte.
    Some(unsafe { *value })
}

#[profile]
extern "C" fn c_abi(value: u8) -> u8 {
    value + 1
}

#[profile]
#[track_caller]
fn caller() -> std::option::Option<&'static std::panic::Location<'static>> {
    Some(std::panic::Location::caller())
}

#[test]
fn qualifiers_stay() {
    let function: unsafe fn(*const u8) -> Option<u8> = unsafe_one;
    // SAFETY: the pointer is to a live byte.
    assert_eq!(unsafe { function(&5) }, Some(5));
    let function: extern "C" fn(u8) -> u8 = c_abi;
    assert_eq!(function(1), 2);
    assert_eq!(caller().expect("there is one").line(), line!());
}

/// Every name the expansion could stumble over.
#[allow(dead_code, unused_macros, reason = "they only stand in the way")]
mod shadowed {
    use lagom_profiler::profile;

    mod core {}
    mod std {}
    struct Option;
    struct Result;
    struct Some;
    struct None;
    struct Ok;
    struct Err;
    struct Box;
    trait Future {}
    trait Drop {}
    macro_rules! line {
        () => {
            compile_error!("shadowed")
        };
    }
    macro_rules! file {
        () => {
            compile_error!("shadowed")
        };
    }
    macro_rules! module_path {
        () => {
            compile_error!("shadowed")
        };
    }

    #[profile]
    pub(super) fn shadowed_sync(ok: bool) -> ::core::result::Result<u8, ()> {
        if ok { ::core::result::Result::Ok(1) } else { ::core::result::Result::Err(()) }
    }

    #[profile]
    pub(super) async fn shadowed_async(ok: bool) -> ::core::result::Result<u8, ()> {
        shadowed_sync(ok)
    }
}

#[test]
fn shadowed_names_do_not_matter() {
    assert!(shadowed::shadowed_sync(false).is_err());
    assert!(block_on(shadowed::shadowed_async(true)).is_ok());
    assert_eq!(outcomes("shadowed_sync"), (2, 1, 0));
    assert_eq!(outcomes("shadowed_async"), (1, 0, 0));
}

mod renamed {
    pub(super) mod somewhere {
        pub(crate) use lagom_profiler as profiler;
    }
}

#[profile(crate = renamed::somewhere::profiler, name = "by path")]
fn by_path() -> Option<()> {
    #![allow(clippy::unnecessary_wraps, reason = "an inner attribute must stay in front")]
    Some(())
}

#[profile(crate = renamed::somewhere::profiler)]
async fn by_path_async() {}

#[test]
fn the_crate_may_be_found_elsewhere() {
    by_path();
    block_on(by_path_async());
    assert_eq!(outcomes("by path"), (1, 0, 0));
    assert_eq!(outcomes("by_path_async"), (1, 0, 0));
}

fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = std::pin::pin!(future);
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    loop {
        if let std::task::Poll::Ready(value) = future.as_mut().poll(&mut context) {
            return value;
        }
    }
}

macro_rules! make {
    ($name:ident, $type:ty) => {
        #[profile]
        fn $name(value: $type) -> $type {
            value
        }
    };
}
make!(made_by_a_macro, Result<u8, u8>);

#[profile]
#[must_use]
fn r#match(value: u8) -> Option<u8> {
    let __lagom_span = value;
    let __lagom_value = __lagom_span;
    Some(__lagom_value)
}

#[test]
fn names_from_macros_and_raw_names() {
    assert!(made_by_a_macro(Err(1)).is_err());
    assert_eq!(outcomes("made_by_a_macro"), (1, 1, 0));
    assert_eq!(r#match(3), Some(3));
    assert_eq!(outcomes("match"), (1, 0, 0));
}
