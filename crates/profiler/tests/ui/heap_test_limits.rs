use lagom_profiler::heap_test;

const NAME: &str = "1 MiB";

#[heap_test(max_live = "1 MIB")]
fn no_unit() {}

#[heap_test(max_live = NAME)]
fn texts_that_are_no_literals() {}

fn main() {}
