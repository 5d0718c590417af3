//! Streams longer than 32 bits can count, where the environment asks for it (`LAGOM_VECPROC_LONG`); optimised, they take seconds.

use lagom_vecproc::Pipeline;
use lagom_vecproc::file::{FileError, Sink, Source, process};

/// 0, 1, … as far as doubles go, or ones.
struct Numbers {
    next: u64,
    len: u64,
    are_ones: bool,
    chunk: Vec<f64>,
}

impl Numbers {
    fn new(len: u64, are_ones: bool) -> Self {
        Self { next: 0, len, are_ones, chunk: vec![0.0; 16 * 1024 - 7] }
    }
}

impl Source for Numbers {
    fn next_chunk_mut(&mut self) -> Result<Option<&mut [f64]>, FileError> {
        let n = self.chunk.len().min((self.len - self.next) as usize);
        let chunk = &mut self.chunk[..n];
        match self.are_ones {
            true => chunk.fill(1.0),
            false => chunk.iter_mut().zip(self.next..).for_each(|(x, i)| *x = i as f64),
        }
        self.next += n as u64;
        Ok(if n == 0 { None } else { Some(chunk) })
    }
}

/// Looks at the ends of each chunk.
struct Check<F> {
    done: u64,
    due: F,
}

impl<F: Fn(u64) -> f64> Sink for Check<F> {
    fn write(&mut self, chunk: &[f64]) -> Result<(), FileError> {
        let last = chunk.len() - 1;
        for (i, &x) in [(0, &chunk[0]), (last, &chunk[last])] {
            let i = self.done + i as u64;
            let due = (self.due)(i);
            assert!((x - due).abs() <= 1e-15 * due, "at {i}: {x}, not {due}");
        }
        self.done += chunk.len() as u64;
        Ok(())
    }

    fn finish(self) -> Result<(), FileError> {
        Ok(())
    }
}

fn len() -> u64 {
    std::env::var("LAGOM_VECPROC_LONG").map_or(300_000, |n| n.parse().unwrap())
}

#[test]
fn sums_and_means_go_on() {
    let sum = Check { done: 0, due: |i| (i + 1) as f64 };
    let len = len();
    assert_eq!(process(Numbers::new(len, true), &Pipeline::new().cumulative_sum(), sum).unwrap(), len);
    process(Numbers::new(len, false), &Pipeline::new().expanding_mean(), Check { done: 0, due: |i| i as f64 / 2.0 })
        .unwrap();
}

#[test]
fn chunks_end_and_windows_move_on() {
    let (len, n) = (len(), len() - 20_000);
    let pipeline = Pipeline::new().chunked_mean(n as usize).rolling_min(2).min_periods(1);
    let due = |i: u64| match i {
        i if i < n => (i.max(1) - 1) as f64 / 2.0,
        i => n as f64 + (i - n).saturating_sub(1) as f64 / 2.0,
    };
    let due = |i: u64| if i == n { (n - 1) as f64 / 2.0 } else { due(i) };
    assert_eq!(process(Numbers::new(len, false), &pipeline, Check { done: 0, due }).unwrap(), len);
}
