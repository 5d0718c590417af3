//! Who takes part: a new contender of all these cases is one line here.

use std::sync::Weak as StdWeak;

use lagom_weakcache::Interner;

use super::bounded::{Lru, Moka, Quick, Workaround};
use super::interners::{ArcInterner, Internment, Lasso, Ustrs};
use super::locked::{TextSet, Tree, WeakTable};
use super::maps::{Buckets, Dash, Papayas};
use super::original::Original;
use super::ours::{Borrowed, Handed, Tiered, Weak};
use super::peer::{InternerField, LoadingField, Payload, StrongField, Value, WeakField};

type Weakened = StdWeak<Payload>;

/// Weak maps.
pub(super) fn weak<F: WeakField>(field: F) -> F {
    weak_rivals(field.enter::<Weak>("lagom").enter::<Tiered>("lagom default tier"))
}

/// Weak maps but ours.
pub(super) fn weak_rivals<F: WeakField>(field: F) -> F {
    field
        .enter::<WeakTable>("RwLock<weak-table>")
        .enter::<Tree>("RwLock<weak-map>")
        .enter::<Dash<Weakened>>("dashmap of Weak")
        .enter::<Papayas<Weakened>>("papaya of Weak")
        .enter::<Buckets<Weakened>>("scc of Weak")
        .enter::<Workaround>("dashmap of Weak + quick_cache")
        .enter::<Original>("the Python original")
}

/// Bounded caches; ours with its values as they are, the others' with `V`.
pub(super) fn strong<O: Value, V: Value, F: StrongField>(field: F) -> F {
    field
        .enter::<Borrowed<O>>("lagom")
        .enter::<Handed<O>>("lagom get")
        .enter::<Quick<V>>("quick_cache")
        .enter::<Moka<V>>("moka")
        .enter::<Lru<V>>("Mutex<lru>")
}

/// Caches that fill themselves, and keep to a bound.
pub(super) fn loading<F: LoadingField>(field: F) -> F {
    field
        .enter::<Handed<u64>>("lagom")
        .enter::<Quick<u64>>("quick_cache")
        .enter::<Moka<u64>>("moka")
        .enter::<Lru<u64>>("Mutex<lru>")
}

/// These, and maps that know no bound.
pub(super) fn loading_and_maps<F: LoadingField>(field: F) -> F {
    loading(field)
        .enter::<Dash<u64>>("dashmap entry")
        .enter::<Papayas<u64>>("papaya")
        .enter::<Buckets<u64>>("scc entry")
}

/// Interners.
pub(super) fn interners<F: InternerField>(field: F) -> F {
    field
        .enter::<Interner<str>>("lagom")
        .enter::<Internment>("internment")
        .enter::<ArcInterner>("arc-interner")
        .enter::<TextSet>("RwLock<weak-table>")
        .enter::<Lasso>("lasso")
        .enter::<Ustrs>("ustr")
}

#[cfg(test)]
mod tests {
    use super::super::peer::{Interning, Loading, Strongly, Weakly};
    use super::*;

    struct Right;

    impl WeakField for Right {
        fn enter<P: Weakly>(self, name: &str) -> Self {
            let map = P::new();
            let (one, two) = (map.insert(1), map.insert(2));
            assert_eq!(map.get(1).map(|found| found.right(1)), Some(1), "{name}");
            assert_eq!((one.right(1), two.right(2), one.right(2)), (1, 1, 0), "{name}");
            assert!(map.get(3).is_none(), "{name}");
            assert_eq!(map.len(), 2, "{name}");
            let again = map.insert(2);
            assert!(std::ptr::eq(&raw const *again, &raw const *map.get(2).expect("it is held")), "{name}: replaced");
            drop((one, two, again));
            map.shrink();
            self
        }
    }

    impl StrongField for Right {
        fn enter<P: Strongly>(self, name: &str) -> Self {
            let cache = P::new(100);
            assert_eq!(cache.find(1), None, "{name}");
            cache.insert(1);
            assert_eq!((cache.find(1), cache.find(2)), (Some(1), None), "{name}");
            (0..1_000).for_each(|key| cache.insert(key));
            assert!((1..=100).contains(&cache.len()), "{name}: {}", cache.len());
            self
        }
    }

    impl LoadingField for Right {
        fn enter<P: Loading>(self, name: &str) -> Self {
            let cache = P::new(100);
            assert_eq!((cache.read(1), cache.load(1, || 7), cache.read(1)), (None, 7, Some(7)), "{name}");
            assert_eq!(cache.load(1, || panic!("{name} has it")), 7);
            self
        }
    }

    impl InternerField for Right {
        fn enter<P: Interning>(self, name: &str) -> Self {
            let table = P::new();
            let [a, b, again] = ["a", "b", "a"].map(|text| table.intern(text));
            assert!(P::same(&a, &again) && !P::same(&a, &b), "{name}");
            assert_eq!((table.text(&again), table.text(&b)), ("a", "b"), "{name}");
            self
        }
    }

    #[test]
    fn all_answer_rightly() {
        weak(Right);
        strong::<u64, u64, _>(Right);
        strong::<Payload, std::sync::Arc<Payload>, _>(Right);
        loading_and_maps(Right);
        interners(Right);
    }

    #[test]
    fn only_these_forget_the_dead_by_themselves() {
        struct Left(Vec<(String, usize)>);
        impl WeakField for Left {
            fn enter<P: Weakly>(mut self, name: &str) -> Self {
                let map = P::new();
                (0..10).for_each(|key| drop(map.insert(key)));
                self.0.push((name.to_owned(), map.len()));
                self
            }
        }
        let gone: Vec<String> =
            weak(Left(Vec::new())).0.into_iter().filter(|(_, left)| *left == 0).map(|(name, _)| name).collect();
        assert_eq!(gone, ["lagom", "the Python original"]);
    }
}
