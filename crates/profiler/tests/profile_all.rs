//! `#[profile_all]` on impl blocks, traits and modules.
#![cfg(all(feature = "enabled", feature = "macros"))]
#![deny(warnings, clippy::all)]

use std::fmt;

use lagom_profiler::{lines, profile, profile_all, profile_lines, summary};

/// Calls of all the places of that name; `None` if it was never called.
fn calls(name: &str) -> Option<u64> {
    let summary = summary();
    let found: Vec<u64> = summary
        .functions()
        .iter()
        .filter(|function| function.name() == name)
        .map(|function| function.calls())
        .collect();
    (!found.is_empty()).then(|| found.iter().sum())
}

#[derive(Clone, Debug)]
struct Stack<T> {
    items: Vec<T>,
}

#[profile_all(group = "stacks")]
impl<T: Clone> Stack<T>
where
    T: fmt::Debug,
{
    #![allow(non_snake_case, reason = "an inner attribute must stay in front")]
    const NAME: &'static str = "stack";

    /// A `const fn` stays one.
    const fn new() -> Self {
        Self { items: Vec::new() }
    }

    #[must_use]
    fn push(&mut self, item: T) -> &mut Self {
        self.items.push(item);
        self
    }

    #[profile(skip)]
    fn len(&self) -> usize {
        self.items.len()
    }

    #[profile(name = "its own name")]
    fn first(&self) -> Option<&T> {
        self.items.first()
    }

    #[cfg_attr(not(any()), profile(name = "its own name, if"))]
    fn last(&self) -> Option<&T> {
        self.items.last()
    }

    #[cfg(any())]
    fn absent(&self) -> NoSuchType {}

    fn FAIL(&self, fail: bool) -> Result<(), String> {
        if fail {
            Err(Self::NAME.to_owned())?;
        }
        Ok(())
    }

    async fn later(self) -> Vec<T> {
        self.items
    }

    #[lagom_profiler::profile_lines]
    fn lined(&self) -> Option<T> {
        let first = self.first()?;
        Some(first.clone())
    }

    pub(crate) extern "C" fn c_abi(&self) -> usize {
        self.items.len()
    }

    #[allow(clippy::boxed_local, reason = "a receiver of that kind")]
    fn r#match(self: Box<Self>, [a, b]: [u8; 2]) -> u8 {
        a + b
    }
}

#[profile_all]
impl<T> fmt::Display for Stack<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.items.len())
    }
}

#[profile_all]
impl From<&Stack<u8>> for usize {
    fn from(stack: &Stack<u8>) -> Self {
        stack.items.len()
    }
}

fn block_on<F: Future>(future: F) -> F::Output {
    match std::pin::pin!(future).poll(&mut std::task::Context::from_waker(std::task::Waker::noop())) {
        std::task::Poll::Ready(value) => value,
        std::task::Poll::Pending => unreachable!("nothing to wait for"),
    }
}

#[test]
fn every_method_that_can() {
    let mut stack = Stack::new();
    let _ = stack.push(3).push(4);
    assert_eq!((stack.len(), stack.first(), stack.last()), (2, Some(&3), Some(&4)));
    assert!(stack.FAIL(false).is_ok() && stack.FAIL(true).is_err());
    assert_eq!(block_on(stack.clone().later()), [3, 4]);
    assert_eq!(stack.lined(), Some(3));
    assert_eq!(stack.c_abi(), 2);
    assert_eq!((stack.to_string(), usize::from(&stack)), ("2".to_owned(), 2));
    assert_eq!(Box::new(stack).r#match([1, 2]), 3);
    for (name, expected) in [
        ("Stack::push", Some(2)),
        ("Stack::new", None),
        ("Stack::len", None),
        ("len", None),
        ("its own name", Some(2)),
        ("Stack::first", None),
        ("its own name, if", Some(1)),
        ("Stack::last", None),
        ("Stack::FAIL", Some(2)),
        ("Stack::later", Some(1)),
        ("Stack::lined", Some(1)),
        ("Stack::c_abi", Some(1)),
        ("Stack::fmt", Some(1)),
        ("usize::from", Some(1)),
        ("Stack::match", Some(1)),
    ] {
        assert_eq!(calls(name), expected, "{name}");
    }
    assert_eq!(summary().get("Stack::FAIL").map(|function| function.errors()), Some(1));
    assert_eq!(summary().get("Stack::push").map(|function| function.module().to_owned()), Some(module_path!().into()));
    assert!(lines().iter().any(|table| table.name() == "lined" && table.lines().len() == 2));
}

#[profile_all]
trait Shape {
    const SIDES: u32;

    fn side(&self) -> u32;

    fn around(&self) -> u32 {
        self.side() * Self::SIDES
    }
}

struct Square(u32);

impl Shape for Square {
    const SIDES: u32 = 4;

    fn side(&self) -> u32 {
        self.0
    }
}

#[test]
fn default_methods_of_a_trait() {
    assert_eq!(Square(2).around(), 8);
    assert_eq!((calls("Shape::around"), calls("Shape::side"), calls("side")), (Some(1), None, None));
}

#[profile_all(group = "whole")]
mod whole {
    #![allow(non_snake_case, reason = "an inner attribute must stay in front")]

    use lagom_profiler::{profile, profile_all};

    pub(super) static COUNT: usize = 3;

    pub(super) fn free() -> usize {
        fn inside() -> usize {
            COUNT
        }
        inside()
    }

    pub(super) const fn constant() -> usize {
        7
    }

    #[profile(skip)]
    pub(super) fn skipped_one() {}

    pub(super) struct Thing;

    impl Thing {
        pub(super) fn used(&self) -> u8 {
            1
        }
    }

    #[profile_all(skip)]
    impl Drop for Thing {
        fn drop(&mut self) {}
    }

    #[profile(skip)]
    pub(super) mod left_alone {
        pub(crate) fn not_seen() {}
    }

    #[profile_all(group = "own")]
    pub(super) mod with_its_own {
        pub(crate) fn ONCE() {}
    }

    pub(super) mod deeper {
        pub(crate) mod deepest {
            use super::super::Thing;

            pub(crate) trait Named {
                fn named(&self) -> &'static str {
                    "thing"
                }
            }

            impl Named for Thing {}

            pub(crate) async fn deep<T: Send>(value: T) -> T {
                value
            }
        }
    }

    macro_rules! made {
        ($name:ident) => {
            pub(super) fn $name() {}
        };
    }
    made!(made_by_a_macro);
}

#[test]
fn every_function_of_a_module() {
    use whole::deeper::deepest::{Named, deep};

    assert_eq!((whole::free(), whole::constant()), (3, 7));
    whole::skipped_one();
    assert_eq!(whole::Thing.used(), 1);
    whole::left_alone::not_seen();
    whole::with_its_own::ONCE();
    assert_eq!(whole::Thing.named(), "thing");
    assert_eq!(block_on(deep(5)), 5);
    whole::made_by_a_macro();
    for (name, expected) in [
        ("free", Some(1)),
        ("inside", None),
        ("constant", None),
        ("skipped_one", None),
        ("Thing::used", Some(1)),
        ("Thing::drop", None),
        ("not_seen", None),
        ("ONCE", Some(1)),
        ("Named::named", Some(1)),
        ("deep", Some(1)),
        ("made_by_a_macro", None),
    ] {
        assert_eq!(calls(name), expected, "{name}");
    }
    let module = summary().get("deep").map(|function| function.module().to_owned());
    assert_eq!(module, Some(format!("{}::whole::deeper::deepest", module_path!())));
}

mod renamed {
    pub(super) use lagom_profiler as profiler;
}

#[renamed::profiler::profile_all(crate = crate::renamed::profiler)]
mod by_path {
    pub(super) mod inside {
        pub(crate) fn found_by_path() {}
    }
}

#[profile_lines]
#[profile]
fn both() -> u8 {
    3
}

#[test]
fn the_crate_may_be_found_elsewhere() {
    by_path::inside::found_by_path();
    assert_eq!(calls("found_by_path"), Some(1));
    assert_eq!(both(), 3);
    assert_eq!(calls("both"), Some(1));
}
