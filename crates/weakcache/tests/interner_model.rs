//! The interner against a model: a map from text to the number of its handles.

use std::collections::HashMap;

use lagom_weakcache::{Interned, Interner};
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Step {
    Intern(String),
    Get(String),
    Clone(usize),
    Drop(usize),
    Shrink,
}

fn step() -> impl Strategy<Value = Step> {
    let text = || "[ab]{0,4}";
    prop_oneof![
        4 => text().prop_map(Step::Intern),
        2 => text().prop_map(Step::Get),
        1 => any::<usize>().prop_map(Step::Clone),
        4 => any::<usize>().prop_map(Step::Drop),
        1 => Just(Step::Shrink),
    ]
}

/// The model, and the handles that the counts in it are of.
#[derive(Default)]
struct Model {
    live: HashMap<Box<str>, usize>,
    held: Vec<Interned<str>>,
    hits: u64,
    misses: u64,
    loads: u64,
    deaths: u64,
}

impl Model {
    fn look_up(&mut self, text: &str) -> bool {
        let found = self.live.contains_key(text);
        self.hits += u64::from(found);
        self.misses += u64::from(!found);
        found
    }

    fn hold(&mut self, handle: Interned<str>) {
        *self.live.entry(Box::from(&*handle)).or_default() += 1;
        // All handles of a text are of one object.
        assert!(self.held.iter().all(|other| (*other == handle) == (**other == *handle)));
        self.held.push(handle);
    }

    fn let_go(&mut self, handle: Interned<str>) {
        let count = self.live.get_mut(&*handle).expect("held");
        *count -= 1;
        if *count == 0 {
            self.live.remove(&*handle);
            self.deaths += 1;
        }
        drop(handle);
    }

    fn run(&mut self, texts: &Interner<str>, step: Step) {
        match step {
            Step::Intern(text) => {
                self.loads += u64::from(!self.look_up(&text));
                self.hold(texts.intern(&text));
            }
            Step::Get(text) => {
                let expected = self.look_up(&text);
                let found = texts.get(&text);
                assert_eq!(found.as_deref(), expected.then_some(&*text));
                found.into_iter().for_each(|handle| self.hold(handle));
            }
            Step::Clone(n) if !self.held.is_empty() => self.hold(self.held[n % self.held.len()].clone()),
            Step::Drop(n) if !self.held.is_empty() => {
                let handle = self.held.swap_remove(n % self.held.len());
                self.let_go(handle);
            }
            Step::Clone(_) | Step::Drop(_) => {}
            Step::Shrink => texts.shrink_to_fit(),
        }
    }

    fn check(&self, texts: &Interner<str>) {
        let (stats, bytes) = (texts.stats(), texts.bytes());
        assert_eq!((texts.len(), stats.len(), bytes.entries()), (self.live.len(), self.live.len(), self.live.len()));
        assert_eq!((stats.hits(), stats.misses()), (self.hits, self.misses));
        assert_eq!((stats.loads(), stats.deaths()), (self.loads, self.deaths));
        assert_eq!(bytes.values(), self.live.keys().map(|text| text.len()).sum::<usize>());
    }
}

proptest! {
    #[test]
    fn behaves_like_counted_texts(steps in prop::collection::vec(step(), 0..200), shards in 1..4_usize) {
        let texts = Interner::<str>::builder().shards(shards).build();
        let mut model = Model::default();
        for step in steps {
            model.run(&texts, step);
            model.check(&texts);
        }
        model.held.clear();
        prop_assert!(texts.is_empty());
    }
}
