//! JSON that can be read back.

use serde::{Deserialize, Serialize};

use crate::report::{Comparison, ReportError};
use crate::summary::{CallNode, Summary};

const FORMAT: &str = "lagom-profiler";
const VERSION: u32 = 1;

/// What stands around a saved summary, so that another program's file, or one of another time, is known for what it is.
#[derive(Serialize)]
struct Written<'a> {
    format: &'static str,
    version: u32,
    summary: &'a Summary,
}

#[derive(Deserialize)]
struct Read {
    format: String,
    version: u32,
    summary: Summary,
}

impl Summary {
    /// The whole report as JSON, for [`from_json`](Self::from_json): a baseline to [compare](crate::report::compare) with.
    ///
    /// Numbers come back bit for bit; a registered figure that is not finite comes back as NaN.
    ///
    /// ```
    /// let summary = lagom_profiler::summary();
    /// let text = summary.to_json();
    /// assert_eq!(lagom_profiler::Summary::from_json(&text).unwrap(), summary);
    /// ```
    #[must_use]
    pub fn to_json(&self) -> String {
        text(&Written { format: FORMAT, version: VERSION, summary: self })
    }

    /// Reads what [`to_json`](Self::to_json) wrote. Figures that an older version did not know are zero or empty.
    ///
    /// # Errors
    ///
    /// If the text is no JSON, no report, one of a later version, or one whose call tree is none.
    ///
    /// ```
    /// use lagom_profiler::Summary;
    ///
    /// let error = Summary::from_json("{\n  \"format\": 7}").unwrap_err();
    /// assert_eq!((error.line(), error.column()), (2, 13));
    /// ```
    pub fn from_json(text: &str) -> Result<Self, ReportError> {
        let Read { format, version, summary } = serde_json::from_str(text)?;
        if format != FORMAT {
            return Err(ReportError::new(format!("the format is `{}`, not `{FORMAT}`", format.escape_debug())));
        }
        if version != VERSION {
            return Err(ReportError::new(format!("version {version} of the format is not known, only {VERSION}")));
        }
        check(&summary)?;
        Ok(summary)
    }
}

/// The tree is one, depth first, and every node has its function.
fn check(summary: &Summary) -> Result<(), ReportError> {
    let mut path: Vec<usize> = Vec::new();
    for (place, node) in summary.tree.nodes.iter().enumerate() {
        let CallNode { function, parent, depth, .. } = *node;
        if !summary.functions.iter().any(|row| row.id == function) {
            return Err(ReportError::new(format!(
                "node {place} of the call tree is of function {function}, which is not there"
            )));
        }
        path.truncate(depth as usize);
        if path.len() != depth as usize || path.last().copied() != parent {
            return Err(ReportError::new(format!("node {place} of the call tree does not stand below its caller")));
        }
        path.push(place);
    }
    Ok(())
}

impl Comparison {
    /// The comparison as JSON, for a log or another tool.
    ///
    /// ```
    /// let summary = lagom_profiler::summary();
    /// let text = lagom_profiler::report::compare(&summary, &summary).to_json();
    /// assert!(text.starts_with('{'));
    /// ```
    #[must_use]
    pub fn to_json(&self) -> String {
        text(self)
    }
}

/// What has neither maps with keys that are no strings nor a serializer that fails is always JSON.
pub(super) fn text(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::export::fixture;
    use crate::figures::{FigureSet, Figures};
    use crate::summary::{
        Bucket, CallTree, Clock, FunctionStats, Histogram, Record, RecordOutcome, Repeats, SizeClass, Stretch, Waiting,
    };

    fn finite() -> impl Strategy<Value = f64> + Clone {
        any::<f64>().prop_map(|value| if value.is_finite() { value } else { 0.1 })
    }

    fn details() -> impl Strategy<Value = FunctionStats> {
        let record = (any::<u64>(), any::<u64>(), 0..4_u8, any::<Option<String>>()).prop_map(
            |(at_ns, duration_ns, outcome, error)| {
                let outcome = match outcome {
                    0 => RecordOutcome::Done,
                    1 => RecordOutcome::Error,
                    2 => RecordOutcome::Panic,
                    _ => RecordOutcome::Cancelled,
                };
                Record { at_ns, duration_ns, outcome, error: error.map(Into::into), ..Record::default() }
            },
        );
        let bucket =
            (finite(), finite(), any::<u64>()).prop_map(|(from_ns, to_ns, count)| Bucket { from_ns, to_ns, count });
        let repeats =
            (any::<u64>(), finite()).prop_map(|(calls, repeated_ns)| Repeats { calls, repeated: 3, repeated_ns });
        (
            (any::<String>(), any::<String>(), any::<u64>(), any::<i64>(), any::<u64>()),
            prop::collection::vec(record, 0..4),
            prop::collection::vec(bucket, 0..5),
            prop::option::of(repeats),
            (finite(), finite()),
        )
            .prop_map(|((name, file, calls, net_bytes, self_ns), records, buckets, repeats, (a, b))| {
                FunctionStats {
                    name: name.into(),
                    file: file.into(),
                    calls,
                    net_bytes,
                    self_ns,
                    records,
                    histogram: Histogram { buckets },
                    repeats,
                    waiting: Waiting { wall_ns: a, cpu_ns: b, ..Waiting::default() },
                    sizes: vec![SizeClass { log_size: a, log_ns: b, ..SizeClass::default() }],
                    stretches: vec![Stretch { typical_ns: b, ..Stretch::default() }],
                    ..FunctionStats::default()
                }
            })
    }

    fn any_summary() -> impl Strategy<Value = Summary> {
        let figures = prop::collection::vec((any::<String>(), finite()), 0..3)
            .prop_map(|values| values.into_iter().map(|(name, value)| (name.into(), value)).collect());
        (
            prop::collection::vec(details(), 1..5),
            prop::collection::vec((0..3_u32, any::<u64>()), 0..8),
            figures,
            finite(),
        )
            .prop_map(|(mut functions, shape, values, step_ns)| {
                let count = functions.len() as u32;
                functions.iter_mut().zip(0..).for_each(|(function, id)| function.id = id);
                // A tree, depth first: each node goes down by one, stays or returns.
                let mut nodes: Vec<CallNode> = Vec::new();
                let mut path: Vec<usize> = Vec::new();
                for (turn, calls) in shape {
                    path.truncate(
                        path.len() + 1 - (turn as usize).min(path.len()) - usize::from(turn == 0 && !path.is_empty()),
                    );
                    path.truncate(path.len().min(nodes.len()));
                    nodes.push(CallNode {
                        function: turn % count,
                        parent: path.last().copied(),
                        depth: path.len() as u32,
                        calls,
                        ..CallNode::default()
                    });
                    path.push(nodes.len() - 1);
                }
                Summary {
                    elapsed_ns: 5,
                    heap_tracked: true,
                    heap_grown: -3,
                    clock: Clock { step_ns, ..Clock::default() },
                    functions,
                    tree: CallTree { nodes },
                    figures: Figures(vec![FigureSet { name: "set".into(), values }]),
                }
            })
    }

    proptest! {
        #[test]
        fn what_was_written_is_read(summary in any_summary()) {
            prop_assert_eq!(Summary::from_json(&summary.to_json()).unwrap(), summary);
        }

        #[test]
        fn no_text_is_read_with_a_panic(text in ".*", cut in any::<prop::sample::Index>()) {
            let _ = Summary::from_json(&text);
            let whole = fixture().to_json();
            let end = (0..=cut.index(whole.len())).rev().find(|&at| whole.is_char_boundary(at)).unwrap();
            prop_assert!(Summary::from_json(&whole[..end]).is_err());
        }
    }

    #[test]
    fn an_error_names_the_place() {
        let error = |text: &str| Summary::from_json(text).unwrap_err();
        assert_eq!(
            error("{\n\"format\": \"lagom-profiler\",\n\"version\": x").to_string(),
            "line 3, column 12: expected value"
        );
        assert_eq!(error("").line(), 1);
        let other = error(r#"{"format":"other","version":1,"summary":{}}"#);
        assert_eq!((other.line(), other.column()), (0, 0));
        assert_eq!(other.to_string(), "the format is `other`, not `lagom-profiler`");
        let later = error(r#"{"format":"lagom-profiler","version":2,"summary":{}}"#);
        assert_eq!(later.to_string(), "version 2 of the format is not known, only 1");
    }

    #[test]
    fn what_an_older_version_did_not_write_is_empty() {
        let text =
            r#"{"format":"lagom-profiler","version":1,"summary":{"functions":[{"name":"f","calls":3,"new":1}]}}"#;
        let summary = Summary::from_json(text).unwrap();
        assert_eq!((summary.get("f").unwrap().calls(), summary.elapsed().as_nanos()), (3, 0));
    }

    #[test]
    fn a_tree_that_is_none_is_refused() {
        for nodes in [
            r#"[{"function":9}]"#,
            r#"[{"function":0,"parent":0}]"#,
            r#"[{"function":0,"parent":7}]"#,
            r#"[{"function":0,"depth":1}]"#,
            r#"[{"function":0},{"function":0,"parent":0}]"#,
            r#"[{"function":0},{"function":0},{"function":0,"parent":0,"depth":1}]"#,
        ] {
            let text =
                format!(r#"{{"format":"lagom-profiler","version":1,"summary":{{"functions":[{{}}],"tree":{nodes}}}}}"#);
            assert!(Summary::from_json(&text).is_err(), "{nodes}");
        }
        let good = r#"[{"function":0},{"function":0,"parent":0,"depth":1},{"function":0,"parent":0,"depth":1},{"function":0}]"#;
        let text =
            format!(r#"{{"format":"lagom-profiler","version":1,"summary":{{"functions":[{{}}],"tree":{good}}}}}"#);
        assert_eq!(Summary::from_json(&text).unwrap().tree().nodes().len(), 4);
    }
}
