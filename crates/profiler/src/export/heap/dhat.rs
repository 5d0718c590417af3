//! The file format of DHAT, version 2, for `dh_view.html` of Valgrind and the viewers that read the same.

use std::collections::BTreeMap;

use serde::Serialize;

use super::names::{Name, Names, UNKNOWN};
use crate::export::json::text;
use crate::heap::{Amount, HeapProfile, Site};

/// The names are the format's.
#[derive(Serialize)]
struct File<'a> {
    #[serde(rename = "dhatFileVersion")]
    version: u32,
    mode: &'static str,
    verb: &'static str,
    /// Whether lifetimes are known, and what was live when.
    bklt: bool,
    /// Whether accesses are known.
    bkacc: bool,
    /// The unit of time, what a million of it is, and how much of it is a short life.
    tu: &'static str,
    #[serde(rename = "Mtu")]
    million: &'static str,
    tuth: u64,
    cmd: &'a str,
    pid: u32,
    /// The moment of the peak, and the end.
    tg: u64,
    te: u64,
    pps: Vec<Point>,
    ftbl: Vec<String>,
}

/// A program point: a stack, and in bytes and blocks its total, its own maximum, and what was live at the peak and at the end.
#[derive(Serialize)]
struct Point {
    tb: u64,
    tbk: u64,
    tl: u64,
    mb: u64,
    mbk: u64,
    gb: u64,
    gbk: u64,
    eb: u64,
    ebk: u64,
    fs: Vec<usize>,
}

impl HeapProfile {
    /// The profile for DHAT's viewer, `dh_view.html`, which comes with Valgrind: JSON, version 2, of the mode `rust-heap`.
    ///
    /// Lifetimes are in microseconds, and 0 in what is made of a snapshot, which knows none. The maximum of a stack that
    /// several threads share is the sum of theirs, so at least its own.
    ///
    /// ```
    /// let text = lagom_profiler::heap::HeapProfile::default().to_dhat();
    /// assert!(text.starts_with(r#"{"dhatFileVersion":2,"mode":"rust-heap""#));
    /// ```
    #[must_use]
    pub fn to_dhat(&self) -> String {
        let mut names = Names::default();
        // The viewer wants its root first, and each stack once.
        names.number(Name { function: "[root]", ..UNKNOWN });
        let stacks: Vec<Vec<u32>> = self.sites.iter().map(|site| names.stack(site, Name::whole)).collect();
        // Two names that are written alike are one to the viewer.
        let mut table: Vec<String> = Vec::new();
        let mut places: BTreeMap<String, usize> = BTreeMap::new();
        let root = std::iter::once("[root]".to_owned());
        let texts = root.chain(names.table.iter().skip(1).map(|name| frame(*name)));
        let number = |text: String| {
            *places.entry(text).or_insert_with_key(|text| {
                table.push(text.clone());
                table.len() - 1
            })
        };
        let written: Vec<usize> = texts.map(number).collect();
        let mut points: BTreeMap<Vec<usize>, Vec<&Site>> = BTreeMap::new();
        for (stack, site) in stacks.iter().zip(&self.sites) {
            points.entry(stack.iter().map(|&name| written[name as usize]).collect()).or_default().push(site);
        }
        text(&File {
            version: 2,
            mode: "rust-heap",
            verb: "Allocated",
            bklt: true,
            bkacc: false,
            tu: "µs",
            million: "s",
            tuth: 10,
            cmd: &self.command,
            pid: self.pid,
            tg: self.peak.time_ns / 1_000,
            te: self.duration_ns.max(self.peak.time_ns) / 1_000,
            pps: points.into_iter().map(|(stack, sites)| point(stack, &sites)).collect(),
            ftbl: table,
        })
    }
}

fn point(fs: Vec<usize>, sites: &[&Site]) -> Point {
    let sum = |of: fn(&Site) -> Amount| sites.iter().fold(Amount::default(), |sum, site| sum.plus(of(site)));
    let (total, most, peak, live) = (sum(|s| s.total), sum(Site::most), sum(|s| s.peak), sum(|s| s.live));
    Point {
        tb: total.bytes,
        tbk: total.blocks,
        tl: sites.iter().fold(0, |sum: u64, site| sum.saturating_add(site.lifetime_ns)) / 1_000,
        mb: most.bytes,
        mbk: most.blocks,
        gb: peak.bytes,
        gbk: peak.blocks,
        eb: live.bytes,
        ebk: live.blocks,
        fs,
    }
}

/// As the crate `dhat` writes it.
fn frame(name: Name<'_>) -> String {
    if name == UNKNOWN {
        return name.function.to_owned();
    }
    let Name { function, file, line, object, address } = name;
    match (file, object) {
        ("", "") => format!("{address:#x}: {function}"),
        ("", object) => format!("{address:#x}: {function} (in {object})"),
        (file, _) => format!("{address:#x}: {function} ({file}:{line})"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::super::fixture::{DEEP, deep, profile};
    use super::*;

    /// What `dh_view.js` looks for and complains of, in its version of Valgrind 3.19 and of today.
    fn check(text: &str) -> Value {
        let file: Value = serde_json::from_str(text).unwrap();
        for field in [
            "dhatFileVersion",
            "mode",
            "verb",
            "bklt",
            "bkacc",
            "tu",
            "Mtu",
            "cmd",
            "pid",
            "te",
            "pps",
            "ftbl",
            "tg",
            "tuth",
        ] {
            assert!(file.get(field).is_some(), "no {field}");
        }
        assert_eq!((&file["dhatFileVersion"], &file["bklt"], &file["bkacc"]), (&2.into(), &true.into(), &false.into()));
        assert!(file["tg"].as_u64().unwrap() <= file["te"].as_u64().unwrap());
        let frames = file["ftbl"].as_array().unwrap();
        assert_eq!(frames[0], "[root]");
        assert!(frames.iter().all(Value::is_string));
        let mut stacks = Vec::new();
        for point in file["pps"].as_array().unwrap() {
            let figure = |field: &str| point[field].as_u64().unwrap_or_else(|| panic!("{field} of {point}"));
            for (bytes, blocks) in [("tb", "tbk"), ("mb", "mbk"), ("gb", "gbk"), ("eb", "ebk")] {
                assert!(figure(bytes) >= figure(blocks), "{point}");
            }
            assert!(figure("mb") >= figure("gb").max(figure("eb")), "{point}");
            let stack: Vec<u64> = point["fs"].as_array().unwrap().iter().map(|place| place.as_u64().unwrap()).collect();
            assert!(stack.iter().all(|&place| place > 0 && place < frames.len() as u64) && !stack.is_empty());
            stacks.push(stack);
        }
        let count = stacks.len();
        stacks.sort();
        stacks.dedup();
        assert_eq!(stacks.len(), count, "the viewer refuses a repeated location");
        file
    }

    #[test]
    fn the_viewer_would_read_it() {
        let profile = profile();
        let file = check(&profile.to_dhat());
        let sum = |field: &str| file["pps"].as_array().unwrap().iter().map(|p| p[field].as_u64().unwrap()).sum::<u64>();
        use crate::heap::Measure::{Live, Peak, Total};
        for (view, bytes, blocks) in [(Total, "tb", "tbk"), (Peak, "gb", "gbk"), (Live, "eb", "ebk")] {
            assert_eq!(Amount { bytes: sum(bytes), blocks: sum(blocks) }, profile.amount(view));
        }
        assert_eq!(sum("tl"), 1_000 * profile.amount(Total).blocks());
        assert_eq!((&file["tg"], &file["te"], &file["pid"]), (&3_500.into(), &20_000.into(), &4_242.into()));
        assert_eq!(file["pps"].as_array().unwrap().len(), profile.sites.len() - 1, "two threads, one stack");
    }

    #[test]
    fn the_function_that_allocated_comes_first() {
        let file = check(&profile().to_dhat());
        let point = file["pps"].as_array().unwrap().iter().find(|point| point["tbk"] == 100).unwrap();
        let frame = |at: usize| file["ftbl"][point["fs"][at].as_u64().unwrap() as usize].as_str().unwrap();
        assert!(frame(0).starts_with("0x2007: alloc::vec::Vec<app::Row>::with_capacity (/rustc/"), "{}", frame(0));
        assert_eq!(frame(2), "0x1000: app::main (src/main.rs:9)");
        assert_eq!((&point["mb"], &point["mbk"]), (&3_848.into(), &61.into()));
    }

    #[test]
    fn names_that_are_written_alike_are_one() {
        let mut profile = profile();
        // Another object, which the text of a frame with a file does not say.
        let mut twin = profile.sites[0].clone();
        twin.frames =
            twin.frames.iter().map(|f| crate::heap::Frame { object: "/bin/other".into(), ..f.clone() }).collect();
        profile.sites.push(twin);
        check(&profile.to_dhat());
    }

    #[test]
    fn the_empty_and_the_deep_are_files() {
        assert_eq!(check(&HeapProfile::default().to_dhat())["pps"], serde_json::json!([]));
        let file = check(&deep().to_dhat());
        assert_eq!(file["pps"][0]["fs"].as_array().unwrap().len(), DEEP);
        assert_eq!(file["te"], file["tg"]);
    }
}
