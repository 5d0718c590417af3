use lagom_profiler::assert_allocs;

fn main() {
    assert_allocs!(1 + 1);
    assert_allocs!(1 + 1, bytes <= "64 KiBs");
    assert_allocs!(1 + 1, byte <= 64);
    assert_allocs!(1 + 1, >= 64);
    assert_allocs!(1 + 1, <= "three");
    let limit = "64 KiB";
    assert_allocs!(1 + 1, bytes <= limit);
}
