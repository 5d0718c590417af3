//! Every refusal, with its message.

#![cfg(feature = "macros")]

#[test]
fn refusals() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
