//! Every refusal, with its message.

#![cfg(feature = "macros")]

// rustc words its messages anew from release to release; the expected ones are of this one.
#[rustversion::stable(1.95)]
#[test]
fn refusals() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
