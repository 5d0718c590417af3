//! What must not compile, and that the message names the mistake.
#![cfg(all(feature = "enabled", feature = "macros"))]

#[test]
fn compile_errors() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
