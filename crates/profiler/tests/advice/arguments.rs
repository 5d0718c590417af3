//! Programs of both kinds whose probes look at arguments: at sizes and at repetitions.

use std::hint::black_box;

use lagom_profiler::{Rule, Suggestion, profile, suggestions};

use crate::Program;
use crate::work::{Random, compute};

pub(crate) const ALL: [Program; 9] = [
    Program::fault(the_same_questions, Rule::RepeatedArguments, "price", "lagom-memo"),
    Program::fault(a_plain_loop, Rule::ElementLoop, "normalise", "lagom-vecproc"),
    Program::fault(a_sum_over_single_precision, Rule::ElementLoop, "energy", "lagom-vecproc"),
    Program::fault(each_with_each, Rule::GrowsWithSize, "duplicates", "index"),
    Program::fault(an_average_from_the_start_each_time, Rule::GrowsWithSize, "running_average", "lagom-vecproc"),
    Program::constant("questions that differ", questions_that_differ),
    Program::constant("time in proportion to the size", time_in_proportion_to_the_size),
    Program::constant("long calls in proportion to the size", long_calls_in_proportion_to_the_size),
    Program::constant("a size that does not matter", a_size_that_does_not_matter),
];

fn the_same_questions() -> Vec<Suggestion> {
    #[profile(repeats)]
    fn price(article: u64, pieces: u32) -> u64 {
        compute(30_000) ^ article ^ u64::from(pieces)
    }
    let mut random = Random(3);
    for order in 0..4_000 {
        let article = if random.below(10) < 6 { random.below(40) } else { 1_000 + order };
        black_box(price(article, 1));
    }
    suggestions()
}

fn a_plain_loop() -> Vec<Suggestion> {
    #[profile]
    fn normalise(values: &[f64], mean: f64) -> Vec<f64> {
        let mut normal = Vec::with_capacity(values.len());
        for value in values {
            normal.push((value - mean) / 3.0);
        }
        normal
    }
    #[profile]
    fn load(file: u64) -> u64 {
        compute(100_000) ^ file
    }
    let values = vec![1.5; 200_000];
    for file in 0..100 {
        black_box(load(file));
        black_box(normalise(&values, 0.5));
    }
    suggestions()
}

fn a_sum_over_single_precision() -> Vec<Suggestion> {
    #[profile]
    fn energy(samples: &[f32]) -> f32 {
        let mut sum = 0.0;
        for sample in samples {
            sum += sample * sample;
        }
        sum
    }
    let samples = vec![0.5; 1 << 18];
    for call in 0..400 {
        black_box(energy(&samples[..1 << (12 + call % 7)]));
    }
    suggestions()
}

fn each_with_each() -> Vec<Suggestion> {
    #[profile(size = names.len())]
    fn duplicates(names: &[String]) -> usize {
        let mut count = 0;
        for (place, name) in names.iter().enumerate() {
            count += usize::from(names[..place].contains(name));
        }
        count
    }
    let mut random = Random(5);
    let names: Vec<String> = (0..1_500).map(|_| format!("name {}", random.below(100_000))).collect();
    for _ in 0..200 {
        let many = 50 + random.below(1_200) as usize;
        black_box(duplicates(&names[..many]));
    }
    suggestions()
}

fn an_average_from_the_start_each_time() -> Vec<Suggestion> {
    #[profile]
    fn running_average(values: &[f64]) -> Vec<f64> {
        let mut averages = Vec::new();
        for end in 1..=values.len() {
            averages.push(values[..end].iter().sum::<f64>() / end as f64);
        }
        averages
    }
    let values = vec![2.5; 2_048];
    for call in 0..140 {
        black_box(running_average(&values[..32 << (call % 7)]));
    }
    suggestions()
}

fn questions_that_differ() -> Vec<Suggestion> {
    #[profile(repeats)]
    fn answer(question: u64) -> u64 {
        compute(30_000) ^ question
    }
    for question in 0..5_000 {
        black_box(answer(question));
    }
    suggestions()
}

fn time_in_proportion_to_the_size() -> Vec<Suggestion> {
    #[profile(size = text.len())]
    fn scan(text: &str) -> u64 {
        compute(10 * text.len() as u64)
    }
    let text = "x".repeat(20_000);
    let mut random = Random(8);
    for _ in 0..2_000 {
        black_box(scan(&text[..100 + random.below(19_000) as usize]));
    }
    suggestions()
}

fn long_calls_in_proportion_to_the_size() -> Vec<Suggestion> {
    #[profile(size = rows)]
    fn scan(rows: u64) -> u64 {
        compute(1_000 * rows)
    }
    for call in 0..60 {
        black_box(scan(500 << (call % 5)));
    }
    suggestions()
}

fn a_size_that_does_not_matter() -> Vec<Suggestion> {
    #[profile(size = items.len())]
    fn first(items: &[u64]) -> u64 {
        compute(40_000) ^ items[0]
    }
    let items = vec![7; 10_000];
    let mut random = Random(9);
    for _ in 0..3_000 {
        black_box(first(&items[..1 + random.below(9_999) as usize]));
    }
    suggestions()
}
