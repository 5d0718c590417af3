//! The table in which the profiler numbers call stacks, in memory of the model.

// The profiler does not compile for the models, and need not: this file uses nothing else of it.
#[path = "../../crates/profiler/src/on/stack/interning.rs"]
mod interning;

use interning::{Record, Store, count, intern, stack};
use lagom_base::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use lagom_base::sync::{Arc, loom};

/// One bucket, so that everybody meets there.
struct Memory {
    capacity: u32,
    numbers: AtomicU32,
    used: AtomicUsize,
    bucket: AtomicU32,
    records: Vec<Record>,
    words: Vec<AtomicUsize>,
}

impl Memory {
    fn new(capacity: u32, words: usize) -> Arc<Self> {
        Arc::new(Self {
            capacity,
            numbers: AtomicU32::new(0),
            used: AtomicUsize::new(0),
            bucket: AtomicU32::new(0),
            records: (0..capacity).map(|_| Record::new()).collect(),
            words: (0..words).map(|_| AtomicUsize::new(0)).collect(),
        })
    }

    /// What has this number, as anybody sees it.
    fn frames(&self, number: u32) -> Option<(Vec<usize>, u32)> {
        let (words, span) = stack(self, number)?;
        Some((words.iter().map(|word| word.load(Ordering::Relaxed)).collect(), span))
    }
}

impl Store for Memory {
    fn capacity(&self) -> u32 {
        self.capacity
    }

    fn numbers(&self) -> &AtomicU32 {
        &self.numbers
    }

    fn bucket(&self, _: u64) -> Option<&AtomicU32> {
        Some(&self.bucket)
    }

    fn record(&self, number: u32) -> Option<&Record> {
        self.records.get(number as usize - 1)
    }

    fn reserve(&self, words: usize) -> Option<usize> {
        let start = self.used.fetch_add(words, Ordering::Relaxed);
        (start + words <= self.words.len()).then_some(start)
    }

    fn words(&self, start: usize, length: usize) -> &[AtomicUsize] {
        &self.words[start..start + length]
    }
}

/// Threads that each number these stacks, all of one hash, one after the other: what they got.
fn numbered(memory: &Arc<Memory>, threads: &[&'static [&'static [usize]]]) -> Vec<Vec<u32>> {
    let run = |memory: &Memory, stacks: &[&[usize]]| -> Vec<u32> {
        let own = |frames: &&[usize]| {
            let number = intern(memory, 5, 9, frames);
            // Whoever has a number sees the frames.
            assert!(number == 0 || memory.frames(number) == Some((frames.to_vec(), 9)));
            number
        };
        stacks.iter().map(own).collect()
    };
    let (first, others) = threads.split_first().unwrap();
    let others: Vec<_> = others
        .iter()
        .map(|stacks| {
            let (memory, stacks) = (Arc::clone(memory), *stacks);
            loom::thread::spawn(move || run(&memory, stacks))
        })
        .collect();
    let mut numbers = vec![run(memory, first)];
    numbers.extend(others.into_iter().map(|thread| thread.join().unwrap()));
    numbers
}

#[test]
fn equal_stacks_have_one_number() {
    loom::model(|| {
        let memory = Memory::new(3, 6);
        let numbers = numbered(&memory, &[&[&[1, 2]], &[&[1, 2]]]);
        assert!(numbers[0] == numbers[1] && numbers[0][0] != 0);
        assert_eq!(intern(&*memory, 5, 9, &[1, 2]), numbers[0][0]);
    });
}

#[test]
fn different_stacks_of_one_hash_have_different_numbers() {
    loom::model(|| {
        let memory = Memory::new(4, 8);
        let numbers = numbered(&memory, &[&[&[1, 2], &[3, 4]], &[&[3, 4], &[1, 2]]]);
        assert_eq!(numbers[0][0], numbers[1][1]);
        assert_eq!(numbers[0][1], numbers[1][0]);
        assert_ne!(numbers[0][0], numbers[0][1]);
        assert!(numbers.iter().flatten().all(|number| *number != 0));
    });
}

#[test]
fn three_threads() {
    loom::model(|| {
        let memory = Memory::new(4, 4);
        let numbers = numbered(&memory, &[&[&[1]], &[&[2]], &[&[1]]]);
        assert_eq!(numbers[0], numbers[2]);
        assert_ne!(numbers[0], numbers[1]);
    });
}

#[test]
fn who_goes_through_the_numbers_sees_whole_stacks() {
    loom::model(|| {
        let memory = Memory::new(2, 4);
        let reader = {
            let memory = Arc::clone(&memory);
            loom::thread::spawn(move || {
                for number in 1..=count(&*memory) {
                    let seen = memory.frames(number);
                    let whole = Some((if number == 1 { vec![1, 2] } else { vec![3, 4] }, 9));
                    assert!(seen.is_none() || seen == whole, "{seen:?}");
                }
            })
        };
        intern(&*memory, 5, 9, &[1, 2]);
        intern(&*memory, 6, 9, &[3, 4]);
        reader.join().unwrap();
    });
}

#[test]
fn a_full_table_gives_no_number_twice() {
    loom::model(|| {
        let memory = Memory::new(1, 2);
        let numbers = numbered(&memory, &[&[&[1]], &[&[2]]]);
        let mut given: Vec<u32> = numbers.into_iter().flatten().collect();
        given.sort_unstable();
        assert_eq!(given, [0, 1]);
        assert_eq!(count(&*memory), 1);
    });
}
