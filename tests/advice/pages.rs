//! A site that renders its pages from Markdown (pulldown-cmark), some of which are asked for again and again.

use lagom::memo::memoize;
use lagom::profiler::{Rule, profile};
use pulldown_cmark::{Options, Parser, html};

use crate::{Random, Run, Workload, timed};

pub(crate) const WORKLOAD: Workload = Workload {
    name: "pages (pulldown-cmark)",
    rule: Rule::RepeatedArguments,
    function: "render",
    remedy: "lagom-memo",
    found: || answer(render),
    remedied: || answer(rendered),
};

#[profile(repeats)]
fn render(text: &str) -> String {
    let mut page = String::new();
    html::push_html(&mut page, Parser::new_ext(text, Options::ENABLE_TABLES));
    page
}

#[memoize]
fn rendered(text: &str) -> String {
    render(text)
}

/// The page of rank k is asked for 1/k as often as the first.
fn answer(render: fn(&str) -> String) -> Run {
    let mut random = Random(1);
    let texts: Vec<String> = (0..200).map(|_| markdown(&mut random)).collect();
    let popular = |random: &mut Random| (texts.len() as f64).powf(random.below(1 << 20) as f64 / f64::from(1 << 20));
    let requests: Vec<&str> = (0..800).map(|_| &*texts[popular(&mut random) as usize - 1]).collect();
    timed(|| requests.iter().map(|text| render(text).len() as u64).sum())
}

fn markdown(random: &mut Random) -> String {
    const WORDS: [&str; 8] = ["just", "*the*", "right", "`amount`", "of", "[work](/work)", "and", "**no** more"];
    let mut text = String::from("# A page\n\n");
    for paragraph in 0..4 + random.below(12) {
        text += ["", "- ", "> ", "1. "][paragraph % 4];
        for _ in 0..20 + random.below(40) {
            text += WORDS[random.below(WORDS.len())];
            text.push(' ');
        }
        text += "\n\n";
    }
    text
}
