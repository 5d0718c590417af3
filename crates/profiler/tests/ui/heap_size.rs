use lagom_profiler::{HeapSize, MemoryLayout};

#[derive(HeapSize)]
union Union {
    _small: u8,
    _large: u64,
}

#[derive(MemoryLayout)]
union Other {
    _small: u8,
    _large: u64,
}

#[derive(HeapSize)]
#[repr(C, packed(2))]
struct Packed(u8, u64);

#[derive(HeapSize)]
struct Typo(#[heap_size(skipped)] String);

#[derive(HeapSize)]
struct Both(#[heap_size(skip, with = String::len)] String);

#[derive(HeapSize)]
struct Twice(
    #[heap_size(skip)]
    #[heap_size(skip)]
    String,
);

#[derive(HeapSize)]
#[heap_size(skip)]
struct Misplaced(String);

#[derive(HeapSize)]
enum OnVariant {
    #[heap_size(with = String::len)]
    Text(String),
}

#[derive(HeapSize)]
struct NoFunction(#[heap_size(with)] String);

#[derive(MemoryLayout)]
#[memory_layout(name = "other")]
struct NoSuchArgument(u8);

fn main() {}
