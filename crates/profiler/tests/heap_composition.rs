//! Counted instances, layouts, duplicate texts, containers side by side. One test per program's state: instances are global.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Barrier};
use std::thread;

use lagom_profiler::HeapSize;
use lagom_profiler::heap::{self, ContainerComparison, Counted, Counter, StringCensus};

const ENABLED: bool = cfg!(feature = "enabled");

fn live(name: &str) -> u64 {
    heap::instances().get(name).map_or(0, heap::InstanceCount::live)
}

#[test]
fn instances_come_and_go() {
    #[derive(Clone, Default, PartialEq, Debug)]
    struct Ticket(u32);

    let expect = |count: u64| if ENABLED { count } else { 0 };
    assert_eq!(live("Ticket"), 0);
    let first = Counted::new(Ticket(1));
    let clone = first.clone();
    assert_eq!((live("Ticket"), &first), (expect(2), &clone));
    assert_eq!(Counted::into_inner(clone), Ticket(1));
    assert_eq!(live("Ticket"), expect(1));
    std::mem::forget(Counted::from(Ticket(2)));
    drop(first);
    assert_eq!(live("Ticket"), expect(1), "a forgotten one stays");
    drop(Counted::<Ticket>::default());
    let instances = heap::instances();
    let row = instances.get("Ticket");
    assert_eq!(row.map_or(0, heap::InstanceCount::created), expect(4));
    assert_eq!(row.map_or(0, heap::InstanceCount::bytes), expect(4));
    assert_eq!((size_of::<Counted<u32>>(), size_of::<Counter<String>>()), (4, 0));
    assert_eq!(Counted::new("abc".to_owned()).heap_size(), 3);
}

#[test]
fn a_panic_in_a_constructor_counts_nothing() {
    struct Half {
        _counter: Counter<Half>,
        _text: String,
    }
    fn fails() -> String {
        panic!("no text")
    }
    let made = std::panic::catch_unwind(|| Half { _counter: Counter::new(), _text: fails() });
    assert!(made.is_err());
    assert_eq!(live("Half"), 0);
}

#[test]
fn instances_of_many_threads() {
    struct Shared;
    struct Each<const N: usize>;
    let together = Barrier::new(50);
    let kept: Vec<Counted<Shared>> = thread::scope(|scope| {
        let threads: Vec<_> = (0..50)
            .map(|_| {
                scope.spawn(|| {
                    // More at a time than have counts of their own.
                    together.wait();
                    for _ in 0..1000 {
                        drop(Counted::new(Shared));
                    }
                    // Types that nobody has met before, at once.
                    drop((Counter::<Each<1>>::new(), Counter::<Each<2>>::new(), Counter::<Each<3>>::new()));
                    Counted::new(Shared)
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let instances = heap::instances();
    if ENABLED {
        let row = instances.get("Shared").unwrap();
        assert_eq!((row.live(), row.created()), (50, 50_050));
        let each = instances.counts().iter().filter(|row| row.name().contains("Each<"));
        assert_eq!(each.map(|row| (row.live(), row.created())).collect::<Vec<_>>(), [(0, 50); 3]);
    } else {
        assert!(instances.counts().is_empty());
    }
    // In another thread than the one that made them.
    drop(kept);
    assert_eq!(live("Shared"), 0);
}

/// More types than there are lists.
#[test]
fn many_types() {
    macro_rules! types {
        ($($a:literal)*) => { [$(types!(@ $a 0 1 2 3 4 5 6 7 8 9)),*].concat() };
        (@ $a:literal $($b:literal)*) => { vec![$(types!(@@ $a $b 0 1 2 3)),*].concat() };
        (@@ $a:literal $b:literal $($c:literal)*) => { vec![$(one::<$a, $b, $c>()),*] };
    }
    struct Of<const A: usize, const B: usize, const C: usize>;
    fn one<const A: usize, const B: usize, const C: usize>() -> Arc<dyn Send + Sync> {
        Arc::new(Counter::<Of<A, B, C>>::new())
    }
    let all = types!(0 1 2 3 4 5 6 7 8 9);
    assert_eq!(all.len(), 400);
    let of = || heap::instances().counts().iter().filter(|row| row.name().contains("Of<") && row.live() == 1).count();
    assert_eq!(of(), if ENABLED { 400 } else { 0 });
    drop(all);
    assert_eq!(of(), 0);
}

#[test]
fn growth_between_two_looks() {
    struct More;
    struct Less;
    let gone = [Counted::new(Less), Counted::new(Less)];
    let before = heap::instances();
    drop(gone);
    let came = [Counted::new(More), Counted::new(More), Counted::new(More)];
    let growth = heap::instances().growth_since(&before);
    let row =
        |name: &str| growth.rows().iter().find(|row| row.name().ends_with(name)).map(|row| (row.live(), row.growth()));
    if ENABLED {
        assert_eq!((row("More"), row("Less")), (Some((3, 3)), Some((0, -2))));
        let at = |name: &str| growth.rows().iter().position(|row| row.name().ends_with(name));
        assert!(at("More") < at("Less"));
        let text = growth.to_string();
        assert!(text.contains("+3") && text.contains("-2"), "{text}");
        assert!(text.lines().all(|line| line.chars().count() <= 100));
    } else {
        assert!(growth.rows().is_empty());
    }
    drop(came);
}

#[test]
fn the_table_of_instances() {
    struct Rare;
    struct Often;
    let rare = Counted::new(Rare);
    let often: Vec<_> = (0..50).map(|_| Counter::<Often>::new()).collect();
    let text = heap::instances().to_string();
    assert_eq!(text.contains("Rare"), ENABLED);
    if ENABLED {
        assert!(text.find("Often") < text.find("Rare"), "{text}");
        assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
    }
    drop((rare, often));
}

#[test]
fn duplicate_texts_in_values() {
    let shared: Arc<str> = "shared".into();
    let mut map = HashMap::new();
    for n in 0..10 {
        map.insert(
            n,
            ("country".to_owned(), Box::<str>::from("code"), shared.clone(), vec![std::path::PathBuf::from("a/b")]),
        );
    }
    let census = StringCensus::of(&map);
    assert_eq!((census.count(), census.distinct()), (31, 4));
    assert_eq!(census.bytes(), 10 * (7 + 4 + 3) + 6);
    assert_eq!(census.duplicate_bytes(), 9 * (7 + 4 + 3));
    let top: Vec<_> = census.top(2).iter().map(|repeated| (repeated.text(), repeated.count())).collect();
    assert_eq!(top, [(&b"country"[..], 10), (b"code", 10)]);
    assert_eq!(census.top(100).len(), 3, "what is there once is not repeated");
    // Borrowed texts are not the value's, but one may count them.
    let borrowed: Vec<&str> = vec!["a", "a"];
    assert_eq!(StringCensus::of(&borrowed).count(), 0);
    assert_eq!(borrowed.into_iter().collect::<StringCensus<'_>>().count(), 2);
}

#[test]
fn containers_side_by_side() {
    let elements: Vec<u64> = (0..1000).map(|n| n % 500).collect();
    let mut comparison = ContainerComparison::of(&elements);
    comparison.add_std().add("BTreeMap", |elements| elements.iter().map(|n| (*n, ())).collect::<BTreeMap<_, _>>());
    let sums: HashSet<u64> = elements.iter().copied().collect();
    comparison.add_built("sums", &sums);
    let rows = comparison.rows();
    let row = |name: &str| rows.iter().find(|row| row.name() == name).unwrap();
    assert_eq!((comparison.payload(), rows.len()), (8000, 9));
    assert_eq!((row("Vec").amount().bytes(), row("Vec").overhead()), (8000, 24));
    assert_eq!(row("Box<[T]>").overhead(), 16);
    assert_eq!(row("LinkedList").overhead(), 16 * 1000 + 24);
    assert_eq!(row("LinkedList").amount().blocks(), 1000);
    assert_eq!(row("sums").amount(), row("HashSet").amount());
    assert_eq!(row("BTreeSet").amount().bytes(), row("BTreeMap").amount().bytes());
    assert!(row("BTreeSet").overhead() < 0, "half of the elements are duplicates");
    assert!(row("Vec").build().is_some() && row("sums").build().is_none());
    assert_eq!(row("Vec").bytes_per_element(), 8.024);
    let text = comparison.to_string();
    assert_eq!(text.lines().count(), 11, "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
    let mut none = ContainerComparison::<String>::of(&[]);
    assert_eq!(none.add_std().rows()[0].bytes_per_element(), 0.0);
}

#[cfg(feature = "macros")]
mod layouts {
    use lagom_profiler::MemoryLayout;
    use lagom_profiler::heap::FieldLayout;

    #[derive(MemoryLayout)]
    #[repr(C)]
    #[allow(dead_code, reason = "looked at by its layout alone")]
    struct Ordered<'a, T: ?Sized, const N: usize> {
        flag: bool,
        text: &'a T,
        r#type: u16,
        bytes: [u8; N],
        number: u32,
    }

    #[derive(MemoryLayout)]
    #[allow(dead_code, reason = "looked at by its layout alone")]
    struct Free(bool, u64, u16);

    #[derive(MemoryLayout)]
    #[repr(C, packed)]
    #[allow(dead_code, reason = "looked at by its layout alone")]
    struct Packed(bool, u64);

    #[derive(MemoryLayout)]
    #[repr(align(64))]
    #[allow(dead_code, reason = "looked at by its layout alone")]
    struct Line(u64);

    #[derive(MemoryLayout)]
    struct Unit;

    #[derive(MemoryLayout)]
    #[allow(dead_code, clippy::large_enum_variant, reason = "looked at by its layout alone")]
    enum Event<T> {
        Nothing,
        Key { code: u16, shift: bool },
        Data(Vec<T>, [u64; 30]),
    }

    #[derive(MemoryLayout)]
    enum Never {}

    fn names<'a>(fields: impl IntoIterator<Item = &'a FieldLayout>) -> Vec<&'a str> {
        fields.into_iter().map(FieldLayout::name).collect()
    }

    #[test]
    fn padding_of_a_fixed_order() {
        let layout = Ordered::<u8, 3>::memory_layout();
        assert_eq!((layout.size(), layout.align(), layout.repr()), (32, 8, "C"));
        assert_eq!(names(layout.fields()), ["flag", "text", "type", "bytes", "number"]);
        assert_eq!(layout.fields().iter().map(FieldLayout::padding).collect::<Vec<_>>(), [7, 0, 0, 3, 4]);
        assert_eq!((layout.padding(), layout.best_size()), (14, 24));
        assert_eq!(names(layout.best_order()), ["text", "number", "type", "flag", "bytes"]);
        assert_eq!(layout.fields()[1].type_name(), "&u8");
        // In that order it is so.
        #[repr(C)]
        struct Best<'a>(&'a u8, u32, u16, bool, [u8; 3]);
        assert_eq!(size_of::<Best<'_>>(), layout.best_size());
    }

    #[test]
    fn the_compilers_order_has_no_gaps() {
        let layout = Free::memory_layout();
        assert_eq!((layout.size(), layout.best_size(), layout.padding()), (16, 16, 5));
        assert_eq!(layout.fields().iter().map(|field| field.size() + field.padding()).sum::<usize>(), 16);
        assert_eq!((Packed::memory_layout().padding(), Packed::memory_layout().best_size()), (0, 9));
        assert_eq!((Line::memory_layout().padding(), Line::memory_layout().best_size()), (56, 64));
        assert_eq!(Unit::memory_layout().size(), 0);
    }

    #[test]
    fn what_variants_leave_unused() {
        let layout = Event::<u8>::memory_layout();
        let size = size_of::<Event<u8>>();
        let variants: Vec<_> = layout.variants().iter().map(|v| (v.name(), v.size(), v.unused())).collect();
        assert_eq!(variants, [("Nothing", 0, size), ("Key", 4, size - 4), ("Data", 264, size - 264)]);
        assert_eq!(names(layout.variants()[1].fields()), ["code", "shift"]);
        let (name, boxed) = layout.boxed().unwrap();
        enum Boxed {
            _Nothing,
            _Key { _code: u16, _shift: bool },
            _Data(Box<(Vec<u8>, [u64; 30])>),
        }
        assert_eq!(name, "Data");
        assert!(size_of::<Boxed>() <= boxed && boxed < size);
        assert!(Never::memory_layout().variants().is_empty() && Never::memory_layout().boxed().is_none());
        assert_eq!(Never::memory_layout().to_string().lines().next(), Some("Never: 0 bytes, alignment 1"));
    }
}
