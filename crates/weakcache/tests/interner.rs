//! The interner.

use std::cmp::Ordering;
use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread;

use lagom_weakcache::{DefaultHashBuilder, Interned, Interner};

#[test]
fn one_object_per_value_until_unused() {
    let words = Interner::<str>::new();
    let first = words.intern("word");
    let again = words.intern(&String::from("word"));
    assert!(first == again && std::ptr::eq(&*first, &*again));
    assert_eq!(words.get("word"), Some(first.clone()));
    drop((first, again));
    assert_eq!((words.len(), words.get("word")), (0, None));
    assert_eq!(words.stats().deaths(), 1);
}

#[test]
fn for_text_slices_and_sized_types() {
    assert_eq!(&*Interner::<str>::new().intern(""), "");
    assert_eq!(&*Interner::<[String]>::new().intern(&["a".to_owned()]), ["a"]);
    let numbers = Interner::<u64>::default();
    assert_eq!(numbers.intern(&7), numbers.intern(&7));
    let units = Interner::<()>::new();
    let unit = units.intern(&());
    assert_eq!((unit.clone(), units.len()), (units.intern(&()), 1));
}

#[test]
fn equality_and_hash_by_address_order_by_value() {
    let (one, other) = (Interner::<str>::new(), Interner::<str>::new());
    let text = "c a b a c";
    let handles: Vec<_> = text.split(' ').map(|word| one.intern(word)).collect();
    assert_eq!(handles.iter().collect::<HashSet<_>>().len(), 3);
    let sorted: Vec<_> = handles.iter().cloned().collect::<BTreeSet<_>>().into_iter().collect();
    assert_eq!(sorted.iter().map(|word| &**word).collect::<Vec<_>>(), ["a", "b", "c"]);
    assert_ne!(one.intern("a"), other.intern("a"), "two interners, two objects");
    assert_eq!(one.intern("a").partial_cmp(&one.intern("b")), Some(Ordering::Less));
    assert_eq!((format!("{}", handles[0]), format!("{:?}", handles[0])), ("c".to_owned(), "\"c\"".to_owned()));
}

#[test]
fn order_agrees_with_equality_over_two_interners() {
    let (one, other) = (Interner::<str>::new(), Interner::<str>::new());
    let [a, b] = ["a", "b"].map(|word| one.intern(word));
    let twin = other.intern("a");
    assert!(a != twin && a.cmp(&twin) != Ordering::Equal);
    for (left, right) in [(&a, &twin), (&twin, &b), (&a, &b), (&a, &a)] {
        assert_eq!(left.cmp(right), right.cmp(left).reverse());
        assert_eq!(left.partial_cmp(right), Some(left.cmp(right)));
        assert_eq!(left == right, left.cmp(right) == Ordering::Equal);
    }
    assert!(a < b && twin < b, "the values come first");
    assert_eq!(BTreeSet::from([a.clone(), twin, b, a]).len(), 3);
}

#[test]
fn values_of_no_size_in_two_interners_differ() {
    let (one, other) = (Interner::<()>::new(), Interner::<()>::new());
    let (a, b) = (one.intern(&()), other.intern(&()));
    assert_ne!(a, b);
    assert_eq!(HashSet::from([a, b]).len(), 2);
}

#[test]
fn the_interner_goes_first() {
    let words = Interner::<str>::new();
    let word = words.intern("word");
    drop(words);
    assert_eq!(thread::spawn(move || word.len()).join().unwrap(), 4);
}

#[test]
fn one_hash_per_lookup_and_none_on_drop() {
    #[derive(Clone, Debug)]
    struct Value(Arc<AtomicUsize>, u32);
    impl PartialEq for Value {
        fn eq(&self, other: &Self) -> bool {
            self.1 == other.1
        }
    }
    impl Eq for Value {}
    impl std::hash::Hash for Value {
        fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
            self.0.fetch_add(1, SeqCst);
            self.1.hash(state);
        }
    }

    let hashed = Arc::new(AtomicUsize::new(0));
    let values = Interner::<Value>::builder().hasher(DefaultHashBuilder::default()).build();
    let handles: Vec<Interned<Value>> = (0..1000).map(|n| values.intern(&Value(Arc::clone(&hashed), n))).collect();
    assert_eq!(hashed.load(SeqCst), 1000, "the table grew without");
    drop(handles);
    assert_eq!((hashed.load(SeqCst), values.len()), (1000, 0));
}

#[test]
fn many_threads_agree() {
    let words = Interner::<str>::new();
    let names: Vec<String> = (0..20).map(|n| format!("word {n}")).collect();
    thread::scope(|scope| {
        for start in 0..4 {
            let (words, names) = (&words, &names);
            scope.spawn(move || {
                for round in 0..2_000 {
                    let name = &names[(start + round) % names.len()];
                    let (a, b) = (words.intern(name), words.intern(name));
                    assert!(a == b && &*a == name.as_str());
                    assert_eq!(words.get(name), Some(a));
                }
            });
        }
    });
    assert!(words.is_empty());
    let stats = words.stats();
    assert_eq!(stats.hits() + stats.misses(), 4 * 2_000 * 3);
}
