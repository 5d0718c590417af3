//! The page is whole, and nothing that a name holds becomes a part of it.

use super::*;
use crate::export::fixture::{NASTY, suggestion, summary};
use crate::monitor::{Metric, Sample};
use crate::summary::{CallNode, CallTree, FunctionStats, Summary};

fn report() -> Report {
    // Long enough for advice.
    let mut summary = summary();
    (summary.functions[1].self_ns, summary.functions[1].total_ns) = (40_000_000, 41_000_000);
    let mut report = Report::new(summary).titled(NASTY);
    report.samples = (0..50)
        .map(|at| {
            let figures = [(Metric::Rss, Some((40 + at) << 20)), (Metric::TracedCurrent, Some(at << 20))];
            Sample::of(at * 100_000_000, &figures)
        })
        .collect();
    report
}

/// Walks through all tags, which must nest; tells their names.
pub(in crate::export) fn tags(page: &str) -> Vec<String> {
    let (mut open, mut all) = (Vec::new(), Vec::new());
    let mut rest = page.strip_prefix("<!DOCTYPE html>").unwrap();
    while let Some(at) = rest.find('<') {
        assert!(!rest[..at].contains('>'), "a stray > before {}", &rest[at..(at + 40).min(rest.len())]);
        let tag = &rest[at + 1..];
        // A > within quotes would be one of ours; text has none.
        let end = tag.find('>').unwrap();
        let inside = &tag[..end];
        assert!(!inside.contains('<') && inside.matches('"').count().is_multiple_of(2), "{inside}");
        rest = &tag[end + 1..];
        let name: String = inside.trim_start_matches('/').chars().take_while(|c| c.is_ascii_alphanumeric()).collect();
        if inside.starts_with('/') {
            assert_eq!(open.pop().as_ref(), Some(&name), "{inside}");
        } else {
            all.push(name.clone());
            if name == "script" || name == "style" {
                rest = &rest[rest.find(&format!("</{name}>")).unwrap()..];
            }
            if !inside.ends_with('/') {
                open.push(name);
            }
        }
    }
    assert!(open.is_empty(), "{open:?} stay open");
    all
}

#[test]
fn all_tags_are_ours_and_nest() {
    let page = report().to_html();
    let tags = tags(&page);
    let count = |name: &str| tags.iter().filter(|tag| *tag == name).count();
    assert_eq!((count("script"), count("style"), count("h1"), count("figure")), (1, 1, 1, 4));
    assert_eq!(count("tr"), 1 + 4 + 4, "a heading, four functions, four figures");
    assert!(!page.contains("<script>alert") && page.contains("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;"));
}

#[test]
fn it_needs_nothing_from_elsewhere() {
    let page = report().to_html();
    for reference in ["http:", "https:", " src=", " href=", "url(", "@import", "fetch(", "<link"] {
        assert!(!page.contains(reference), "{reference}");
    }
    assert!(page.contains("default-src 'none'"));
}

#[test]
fn every_part_is_there() {
    let mut summary = summary();
    summary.functions[1].margin_ns = 5_000_000;
    let mut report = Report { samples: report().samples, ..Report::new(summary) };
    report.suggestions = vec![suggestion()];
    let page = report.to_html();
    tags(&page);
    for part in
        ["hot-self-share", "resident memory", "Call tree", "Registered figures", "±5.00ms", "in steps of 10.0 ns"]
    {
        assert!(page.contains(part), "{part}");
    }
    report.samples.clear();
    report.suggestions.clear();
    let page = report.to_html();
    assert!(page.contains("No monitor") && page.contains("no rule found evidence enough"));
}

#[test]
fn an_empty_report_and_an_odd_one_are_pages_too() {
    let page = Report::default().to_html();
    tags(&page);
    assert!(page.contains("No profiled function was called"));
    let mut odd = summary();
    odd.functions[0].histogram.buckets[0].from_ns = f64::NAN;
    odd.functions[1].histogram.buckets[0].to_ns = f64::INFINITY;
    odd.functions[2].self_ns = u64::MAX;
    odd.tree.nodes[1].total_ns = u64::MAX;
    let page = Report { samples: vec![Sample::default()], ..Report::new(odd) }.to_html();
    tags(&page);
    assert!(!page.contains("NaN%") && !page.contains("inf%"));
}

#[test]
#[cfg_attr(miri, ignore = "too much for it")]
fn a_large_report_is_a_page_of_bounded_length() {
    let functions =
        (0..1_000).map(|id| FunctionStats { id, name: format!("f{id}").into(), ..summary().functions[1].clone() });
    let nodes = (0..4_096).map(|node| CallNode {
        function: node % 1_000,
        total_ns: 1_000,
        self_ns: 1_000,
        ..CallNode::default()
    });
    let large =
        Summary { functions: functions.collect(), tree: CallTree { nodes: nodes.collect() }, ..Summary::default() };
    let page = Report::new(large).to_html();
    assert!(page.len() < 2_500_000, "{}", page.len());
    assert_eq!(page.matches("<figure").count(), 100);
    assert!(page.contains("900 functions of less self time are not drawn"));
}
