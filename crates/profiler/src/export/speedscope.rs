//! The file format of speedscope: <https://www.speedscope.app/file-format-schema.json>.

use std::borrow::Cow;

use serde::Serialize;

use super::frames::{Frame, frames, path};
use super::json::text;
use crate::summary::Summary;

#[derive(Serialize)]
pub(super) struct File<'a> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    exporter: &'static str,
    name: &'static str,
    #[serde(rename = "activeProfileIndex")]
    active: u32,
    shared: Shared<'a>,
    profiles: Vec<Profile>,
}

impl<'a> File<'a> {
    pub(super) const fn new(name: &'static str, shared: Shared<'a>, profiles: Vec<Profile>) -> Self {
        Self {
            schema: "https://www.speedscope.app/file-format-schema.json",
            exporter: concat!("lagom-profiler@", env!("CARGO_PKG_VERSION")),
            name,
            active: 0,
            shared,
            profiles,
        }
    }
}

#[derive(Serialize)]
pub(super) struct Shared<'a> {
    pub(super) frames: Vec<Function<'a>>,
}

#[derive(Serialize)]
pub(super) struct Function<'a> {
    pub(super) name: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    pub(super) file: &'a str,
    #[serde(skip_serializing_if = "is_zero")]
    pub(super) line: u32,
}

const fn is_zero(line: &u32) -> bool {
    *line == 0
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Profile {
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    pub(super) name: Cow<'static, str>,
    pub(super) unit: &'static str,
    pub(super) start_value: u64,
    pub(super) end_value: u64,
    pub(super) samples: Vec<Vec<usize>>,
    pub(super) weights: Vec<u64>,
}

pub(super) fn sum(weights: &[u64]) -> u64 {
    weights.iter().copied().fold(0, u64::saturating_add)
}

impl Summary {
    /// The call tree for [speedscope](https://www.speedscope.app): a profile of self times and, where allocations were
    /// counted, one of bytes and one of allocations.
    ///
    /// ```
    /// drop(lagom_profiler::span!("step"));
    /// let path = std::env::temp_dir().join("profile.speedscope.json");
    /// std::fs::write(&path, lagom_profiler::summary().to_speedscope())?;
    /// # std::fs::remove_file(path)?;
    /// # std::io::Result::Ok(())
    /// ```
    #[must_use]
    pub fn to_speedscope(&self) -> String {
        let nodes = frames(self);
        let mut functions: Vec<Function<'_>> =
            self.functions.iter().map(|f| Function { name: &f.name, file: &f.file, line: f.line }).collect();
        if nodes.iter().any(|frame| frame.function.is_none()) {
            functions.push(Function { name: "(unknown)", file: "", line: 0 });
        }
        let mut profiles = vec![profile("self time", "nanoseconds", &nodes, |frame| frame.node.self_ns)];
        if self.heap_tracked {
            profiles.push(profile("allocated bytes", "bytes", &nodes, |frame| frame.self_allocated_bytes));
            profiles.push(profile("allocations", "none", &nodes, |frame| frame.self_allocations));
        }
        text(&File::new("lagom profiler", Shared { frames: functions }, profiles))
    }
}

fn profile(name: &'static str, unit: &'static str, nodes: &[Frame<'_>], weight: fn(&Frame<'_>) -> u64) -> Profile {
    let weights: Vec<u64> = nodes.iter().map(weight).collect();
    let stack = |node| path(nodes, node).into_iter().map(|node| nodes[node].place).collect();
    Profile {
        kind: "sampled",
        name: name.into(),
        unit,
        start_value: 0,
        end_value: sum(&weights),
        samples: (0..nodes.len()).map(stack).collect(),
        weights,
    }
}

#[cfg(test)]
pub(super) use self::tests::check;

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::export::fixture::{NASTY, summary};
    use crate::summary::{CallNode, CallTree};

    /// What the published schema asks for of a sampled profile.
    pub(in crate::export) fn check(text: &str) -> Value {
        let file: Value = serde_json::from_str(text).unwrap();
        assert_eq!(file["$schema"], "https://www.speedscope.app/file-format-schema.json");
        let frames = file["shared"]["frames"].as_array().unwrap();
        for frame in frames {
            assert!(frame["name"].is_string() && frame.get("line").is_none_or(Value::is_u64), "{frame}");
        }
        let profiles = file["profiles"].as_array().unwrap();
        assert!(!profiles.is_empty());
        for profile in profiles {
            assert_eq!(profile["type"], "sampled");
            let units = ["bytes", "microseconds", "milliseconds", "nanoseconds", "none", "seconds"];
            assert!(units.contains(&profile["unit"].as_str().unwrap()) && profile["name"].is_string());
            let (samples, weights) = (profile["samples"].as_array().unwrap(), profile["weights"].as_array().unwrap());
            assert_eq!(samples.len(), weights.len());
            let places = samples.iter().flat_map(|sample| sample.as_array().unwrap());
            assert!(places.into_iter().all(|place| place.as_u64().unwrap() < frames.len() as u64));
            let sum: u64 = weights.iter().map(|weight| weight.as_u64().unwrap()).sum();
            assert_eq!((&profile["startValue"], &profile["endValue"]), (&0.into(), &sum.into()));
        }
        file
    }

    #[test]
    fn every_stack_is_a_path_of_the_tree() {
        let file = check(&summary().to_speedscope());
        assert_eq!(file["profiles"].as_array().unwrap().len(), 3);
        let time = &file["profiles"][0];
        assert_eq!(time["samples"][2], serde_json::json!([0, 1, 2]));
        assert_eq!(time["weights"][1], 4_000_000);
        assert_eq!(file["profiles"][2]["weights"][0], 10);
        assert_eq!(
            (&file["shared"]["frames"][2]["name"], &file["shared"]["frames"][2]["line"]),
            (&NASTY.into(), &17.into())
        );
    }

    #[test]
    fn any_report_makes_a_file() {
        check(&Summary::default().to_speedscope());
        let tree = CallTree { nodes: vec![CallNode { function: 99, self_ns: 3, ..CallNode::default() }] };
        let file = check(&Summary { tree, ..Summary::default() }.to_speedscope());
        assert_eq!(file["shared"]["frames"][0]["name"], "(unknown)");
    }
}
