//! The page is whole, needs nothing, and nothing that a name holds becomes a part of it.

use serde_json::Value;

use super::super::fixture::{DEEP, deep, large, profile};
use super::*;
use crate::export::fixture::NASTY;
use crate::export::html::tests::tags;
use crate::heap::Measure;

/// The data that the script draws from, checked for what it relies on.
fn data(page: &str) -> Value {
    let after = page.split_once("id=\"heap-data\">").expect("data").1;
    let data: Value = serde_json::from_str(after.split_once("</script>").unwrap().0).unwrap();
    let column = |column: &Value| column.as_array().unwrap().iter().map(|n| n.as_u64().unwrap()).collect::<Vec<u64>>();
    let (names, parents) = (column(&data["name"]), column(&data["parent"]));
    let functions = data["functions"].as_array().unwrap().len() as u64;
    assert_eq!(data["files"].as_array().unwrap().len() as u64, functions);
    assert!(names.iter().all(|&name| name < functions) && names.len() == parents.len());
    assert!(parents.iter().enumerate().skip(1).all(|(node, &parent)| parent < node as u64));
    for values in data["values"].as_array().unwrap() {
        let values = column(values);
        let mut below = vec![0; values.len()];
        for node in 1..values.len() {
            below[parents[node] as usize] += values[node];
        }
        assert!(values.len() == names.len() && values.iter().zip(below).all(|(value, below)| *value >= below));
    }
    data
}

#[test]
fn all_tags_are_ours_and_nest() {
    let page = profile().to_html();
    let tags = tags(&page);
    let count = |name: &str| tags.iter().filter(|tag| *tag == name).count();
    assert_eq!((count("script"), count("style"), count("h1"), count("figure"), count("svg")), (2, 1, 1, 2, 1));
    assert_eq!(count("tr"), 1 + 6 + 1 + 2 + 4 + 2, "places, types, sizes, lifetimes");
    assert!(!page.contains("<script>alert") && page.contains("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;"));
    for part in ["The heap over time", "Call tree", "Places", "Types", "Vec&lt;app::Row&gt;", "Sizes and lifetimes"] {
        assert!(page.contains(part), "{part}");
    }
}

#[test]
fn the_data_is_the_tree() {
    let profile = profile();
    let data = data(&profile.to_html());
    for (place, view) in Measure::SHOWN.into_iter().enumerate() {
        assert_eq!(data["values"][2 * place][0], profile.amount(view).bytes);
        assert_eq!(data["values"][2 * place + 1][0], profile.amount(view).blocks);
    }
    let functions = data["functions"].as_array().unwrap();
    let place = |name: &str| functions.iter().position(|function| function == name).unwrap();
    assert_eq!(functions[place(NASTY.replace('\u{2028}', " ").as_str())], NASTY.replace('\u{2028}', " "));
    assert_eq!(data["library"], serde_json::json!([place("alloc::vec::Vec<app::Row>::with_capacity")]));
}

#[test]
fn it_needs_nothing_from_elsewhere() {
    let page = profile().to_html();
    for reference in ["http:", "https:", " src=", " href=", "url(", "@import", "fetch(", "<link", "innerHTML"] {
        assert!(!page.contains(reference), "{reference}");
    }
    assert!(page.contains("default-src 'none'"));
}

#[test]
fn the_empty_the_deep_and_the_odd_are_pages() {
    let page = HeapProfile::default().to_html();
    tags(&page);
    assert!(page.contains("Nothing was recorded") && page.contains("<h1>Heap profile</h1>"));
    let page = deep().to_html();
    tags(&page);
    assert_eq!(data(&page)["name"].as_array().unwrap().len(), DEEP + 1);
    let mut odd = profile();
    odd.cut = true;
    odd.interval = 524_288;
    odd.sites.iter_mut().for_each(|site| site.peak.bytes = u64::MAX);
    odd.timeline.reverse();
    odd.sizes[0].amount.blocks = u64::MAX;
    let page = odd.to_html();
    tags(&page);
    assert!(page.contains("ends before the program did") && page.contains("one every 512K"));
    assert!(!page.contains("NaN") && !page.contains("inf%"));
}

#[test]
#[cfg_attr(miri, ignore = "too much for it")]
fn a_large_profile_is_a_page_of_bounded_length() {
    let page = large(6_000).to_html();
    let data = data(&page);
    assert_eq!(data["name"].as_array().unwrap().len(), 20_000);
    assert!(page.contains(" small paths are left out"));
    assert!(page.len() < 4_000_000, "{}", page.len());
}
