//! What must not compile, and that the message names the mistake.
#![cfg(all(feature = "enabled", feature = "macros"))]

// rustc words its messages anew from release to release; the expected ones are of this one.
#[rustversion::stable(1.95)]
#[test]
fn compile_errors() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
