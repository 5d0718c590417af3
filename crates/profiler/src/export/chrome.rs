//! Trace events, as `chrome://tracing` and <https://ui.perfetto.dev> read them.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::frames::{Frame, frames};
use super::json::text;
use crate::summary::{FunctionStats, Record, RecordOutcome, Summary};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Trace<'a> {
    display_time_unit: &'static str,
    trace_events: Vec<Event<'a>>,
    other_data: Value,
}

/// One event; times are in microseconds.
#[derive(Serialize)]
struct Event<'a> {
    name: Cow<'a, str>,
    #[serde(skip_serializing_if = "str::is_empty")]
    cat: &'static str,
    ph: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    ts: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dur: Option<f64>,
    pid: u32,
    tid: u32,
    args: Map<String, Value>,
}

impl Summary {
    /// A timeline for Perfetto or Chrome: the recorded calls where functions keep records, one track per function and as
    /// many as its calls overlap; else the call tree laid out, callers above what they called, as wide as their time.
    ///
    /// The laid-out tree tells how much, not when: its events stand in the order of the tree.
    ///
    /// ```
    /// drop(lagom_profiler::span!("step"));
    /// let path = std::env::temp_dir().join("profile.trace.json");
    /// std::fs::write(&path, lagom_profiler::summary().to_chrome())?;
    /// # std::fs::remove_file(path)?;
    /// # std::io::Result::Ok(())
    /// ```
    #[must_use]
    pub fn to_chrome(&self) -> String {
        let recorded = self.functions.iter().any(|function| !function.records.is_empty());
        let (name, trace_events) = if recorded {
            ("recorded calls", self.recorded())
        } else {
            ("call tree, not in the order of time", laid_out(self))
        };
        let mut events = vec![metadata("process_name", 0, name.into())];
        events.extend(trace_events);
        text(&Trace {
            display_time_unit: "ns",
            trace_events: events,
            other_data: json!({ "exporter": concat!("lagom-profiler ", env!("CARGO_PKG_VERSION")), "clock": self.clock.to_string() }),
        })
    }

    fn recorded(&self) -> Vec<Event<'_>> {
        let mut events = Vec::new();
        let mut tid = 0;
        for function in &self.functions {
            let mut records: Vec<&Record> = function.records.iter().collect();
            // What begins first, and of those the longest, holds the others.
            records.sort_by_key(|record| (record.at_ns, std::cmp::Reverse(record.duration_ns)));
            let mut lanes: Vec<Lane> = Vec::new();
            for record in records {
                let end = record.at_ns.saturating_add(record.duration_ns);
                let free = lanes.iter_mut().position(|lane| lane.takes(record.at_ns, end));
                let lane = free.unwrap_or_else(|| {
                    lanes.push(Lane { open: vec![end] });
                    events.push(metadata("thread_name", tid + lanes.len() as u32, (&*function.name).into()));
                    lanes.len() - 1
                });
                events.push(call(function, record, tid + 1 + lane as u32));
            }
            tid += lanes.len() as u32;
        }
        events
    }
}

/// Calls that lie one after another or within each other.
struct Lane {
    /// When the calls end that are open; the innermost last.
    open: Vec<u64>,
}

impl Lane {
    /// Takes a call up that begins no earlier than the last, if it crosses none.
    fn takes(&mut self, from: u64, to: u64) -> bool {
        while self.open.last().is_some_and(|&end| end <= from) {
            self.open.pop();
        }
        let fits = self.open.last().is_none_or(|&end| to <= end);
        if fits {
            self.open.push(to);
        }
        fits
    }
}

fn metadata(what: &'static str, tid: u32, name: Cow<'_, str>) -> Event<'static> {
    let args = Map::from_iter([("name".to_owned(), Value::from(name))]);
    Event { name: what.into(), cat: "", ph: "M", ts: None, dur: None, pid: 1, tid, args }
}

fn microseconds(ns: u64) -> Option<f64> {
    Some(ns as f64 / 1e3)
}

fn call<'a>(function: &'a FunctionStats, record: &Record, tid: u32) -> Event<'a> {
    let outcome = match record.outcome {
        RecordOutcome::Done => "done",
        RecordOutcome::Error => "error",
        RecordOutcome::Panic => "panic",
        RecordOutcome::Cancelled => "cancelled",
    };
    let mut args = place(function);
    args.insert("outcome".into(), outcome.into());
    if let Some(error) = record.error() {
        args.insert("error".into(), error.into());
    }
    args.insert("allocations".into(), record.allocations.into());
    args.insert("allocated_bytes".into(), record.allocated_bytes.into());
    let (ts, dur) = (microseconds(record.at_ns), microseconds(record.duration_ns));
    Event { name: (&*function.name).into(), cat: "call", ph: "X", ts, dur, pid: 1, tid, args }
}

fn place(function: &FunctionStats) -> Map<String, Value> {
    let place = format!("{}:{}", function.file, function.line);
    Map::from_iter([("place".to_owned(), place.into()), ("module".to_owned(), (&*function.module).into())])
}

/// The aggregated tree, each node as wide as its time or what it holds.
fn laid_out(summary: &Summary) -> Vec<Event<'_>> {
    let nodes = frames(summary);
    let mut widths: Vec<u64> = vec![0; nodes.len()];
    for (at, frame) in nodes.iter().enumerate().rev() {
        // What its children take is there already: they stand behind it.
        widths[at] = frame.node.total_ns.max(widths[at].saturating_add(frame.node.self_ns));
        if let Some(parent) = frame.parent {
            widths[parent] = widths[parent].saturating_add(widths[at]);
        }
    }
    let (mut starts, mut free, mut roots) = (vec![0; nodes.len()], vec![0; nodes.len()], 0);
    for (at, frame) in nodes.iter().enumerate() {
        let next: &mut u64 = frame.parent.map_or(&mut roots, |parent| &mut free[parent]);
        starts[at] = *next;
        *next = next.saturating_add(widths[at]);
        free[at] = starts[at];
    }
    let event = |(at, frame): (usize, &Frame<'_>)| {
        let mut args = frame.function.map_or_else(Map::new, place);
        args.insert("calls".into(), frame.node.calls.into());
        args.insert("self_ns".into(), frame.node.self_ns.into());
        args.insert("allocations".into(), frame.node.allocations.into());
        args.insert("allocated_bytes".into(), frame.node.allocated_bytes.into());
        let name = frame.function.map_or("(unknown)", |function| &function.name);
        let (ts, dur) = (microseconds(starts[at]), microseconds(widths[at]));
        Event { name: name.to_owned().into(), cat: "tree", ph: "X", ts, dur, pid: 1, tid: 1, args }
    };
    nodes.iter().enumerate().map(event).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::fixture::{NASTY, summary};

    /// The events of each track are nested or apart, as the format asks of complete events.
    fn check(text: &str) -> Vec<Value> {
        let file: Value = serde_json::from_str(text).unwrap();
        let events = file["traceEvents"].as_array().unwrap().clone();
        let mut tracks: std::collections::BTreeMap<u64, Vec<(f64, f64)>> = std::collections::BTreeMap::new();
        for event in &events {
            assert!(event["name"].is_string() && event["pid"].is_u64(), "{event}");
            match event["ph"].as_str().unwrap() {
                "X" => {
                    let (from, length) = (event["ts"].as_f64().unwrap(), event["dur"].as_f64().unwrap());
                    tracks.entry(event["tid"].as_u64().unwrap()).or_default().push((from, from + length));
                }
                "M" => assert!(event["args"]["name"].is_string()),
                other => panic!("{other}"),
            }
        }
        for spans in tracks.values() {
            for (place, a) in spans.iter().enumerate() {
                for b in &spans[place + 1..] {
                    let apart = a.1 <= b.0 + 1e-9 || b.1 <= a.0 + 1e-9;
                    let nested = (a.0 <= b.0 && b.1 <= a.1 + 1e-9) || (b.0 <= a.0 && a.1 <= b.1 + 1e-9);
                    assert!(apart || nested, "{a:?} crosses {b:?}");
                }
            }
        }
        events
    }

    #[test]
    fn recorded_calls_keep_their_time_and_overlap_on_tracks_of_their_own() {
        let events = check(&summary().to_chrome());
        let calls: Vec<&Value> = events.iter().filter(|event| event["ph"] == "X").collect();
        assert_eq!(calls.len(), 3);
        assert_eq!(calls.iter().map(|call| call["tid"].as_u64().unwrap()).collect::<Vec<_>>(), [1, 1, 2]);
        assert_eq!((&calls[2]["ts"], &calls[2]["dur"]), (&4.0.into(), &9.0.into()));
        assert_eq!((&calls[2]["args"]["error"], &calls[2]["args"]["outcome"]), (&NASTY.into(), &"error".into()));
    }

    #[test]
    fn without_records_the_tree_is_laid_out() {
        let mut summary = summary();
        summary.functions[0].records.clear();
        let events = check(&summary.to_chrome());
        let spans: Vec<(f64, f64)> = events
            .iter()
            .filter(|e| e["ph"] == "X")
            .map(|e| (e["ts"].as_f64().unwrap(), e["dur"].as_f64().unwrap()))
            .collect();
        assert_eq!(spans, [(0.0, 6_000.0), (0.0, 5_000.0), (0.0, 1_000.0), (6_000.0, 1.0)]);
    }

    #[test]
    fn estimates_that_add_up_to_more_than_their_caller_still_fit() {
        let mut summary = summary();
        summary.functions[0].records.clear();
        summary.tree.nodes[2].total_ns = 90_000_000;
        let events = check(&summary.to_chrome());
        let widths: Vec<f64> = events.iter().filter_map(|event| event["dur"].as_f64()).collect();
        assert_eq!(widths, [95_000.0, 94_000.0, 90_000.0, 1.0], "own time and what it called");
        summary.tree.nodes[2].total_ns = u64::MAX;
        check(&summary.to_chrome());
        check(&Summary::default().to_chrome());
    }
}
