use lagom_profiler::heap_test;

#[heap_test]
fn no_limit() {}

#[heap_test(max_live = 1.5)]
fn not_whole() {}

#[heap_test(max_allocs = -1)]
fn negative() {}

#[heap_test(max_memory = 100)]
fn unknown() {}

#[heap_test(max_allocs)]
fn no_value() {}

#[heap_test(no_leak, max_left = 3)]
fn twice_the_same() {}

#[heap_test(no_leak)]
#[test]
fn test_twice() {}

#[heap_test(no_leak)]
async fn asynchronous() {}

#[heap_test(no_leak)]
fn parameters(_: u8) {}

#[heap_test(no_leak)]
struct Plain;

fn main() {}
