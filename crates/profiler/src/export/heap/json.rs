//! A profile as JSON, to be read back. Frames are written once each, since stacks share most of theirs.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::export::json::text;
use crate::heap::{Amount, Class, EventCounts, Frame, HeapProfile, Moment, Site};
use crate::report::ReportError;

const FORMAT: &str = "lagom-heap-profile";
const VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
struct File<'a> {
    format: Cow<'a, str>,
    version: u32,
    #[serde(default)]
    command: Cow<'a, str>,
    #[serde(default)]
    pid: u32,
    #[serde(default)]
    interval: u64,
    #[serde(default)]
    cut: bool,
    #[serde(default)]
    duration_ns: u64,
    #[serde(default)]
    peak: Moment,
    #[serde(default)]
    timeline: Cow<'a, [Moment]>,
    #[serde(default)]
    sizes: Cow<'a, [Class]>,
    #[serde(default)]
    lifetimes: Cow<'a, [Class]>,
    #[serde(default)]
    events: EventCounts,
    #[serde(default)]
    threads: Cow<'a, [String]>,
    #[serde(default)]
    frames: Vec<Frame>,
    #[serde(default)]
    sites: Vec<Written>,
}

#[derive(Serialize, Deserialize)]
struct Written {
    /// Places in `frames`, innermost first.
    #[serde(default)]
    stack: Vec<usize>,
    #[serde(default)]
    thread: Arc<str>,
    #[serde(default)]
    span: Arc<str>,
    #[serde(default)]
    total: Amount,
    #[serde(default)]
    live: Amount,
    #[serde(default)]
    peak: Amount,
    #[serde(default)]
    most: Amount,
    #[serde(default)]
    temporary: Amount,
    #[serde(default)]
    lifetime_ns: u64,
    #[serde(default)]
    variance: f64,
}

impl HeapProfile {
    /// The whole profile as JSON, for [`from_json`](Self::from_json) or other programs.
    ///
    /// ```
    /// use lagom_profiler::heap::HeapProfile;
    ///
    /// let profile = HeapProfile::default();
    /// assert_eq!(HeapProfile::from_json(&profile.to_json()).unwrap(), profile);
    /// ```
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut frames: Vec<Frame> = Vec::new();
        let mut places: HashMap<&Frame, usize> = HashMap::new();
        let mut place = |frame| {
            *places.entry(frame).or_insert_with(|| {
                frames.push(Frame::clone(frame));
                frames.len() - 1
            })
        };
        let sites = self.sites.iter().map(|site| Written {
            stack: site.frames.iter().map(&mut place).collect(),
            thread: site.thread.clone(),
            span: site.span.clone(),
            total: site.total,
            live: site.live,
            peak: site.peak,
            most: site.most,
            temporary: site.temporary,
            lifetime_ns: site.lifetime_ns,
            // JSON has no infinity.
            variance: if site.variance.is_finite() { site.variance } else { 0.0 },
        });
        let sites = sites.collect();
        text(&File {
            format: FORMAT.into(),
            version: VERSION,
            command: (&*self.command).into(),
            pid: self.pid,
            interval: self.interval,
            cut: self.cut,
            events: self.events,
            threads: (&*self.threads).into(),
            duration_ns: self.duration_ns,
            peak: self.peak,
            timeline: (&*self.timeline).into(),
            sizes: (&*self.sizes).into(),
            lifetimes: (&*self.lifetimes).into(),
            frames,
            sites,
        })
    }

    /// Reads what [`to_json`](Self::to_json) wrote.
    ///
    /// # Errors
    ///
    /// If the text is no JSON, no profile, one of a later version, or names a frame that is not there.
    ///
    /// ```
    /// use lagom_profiler::heap::HeapProfile;
    ///
    /// let error = HeapProfile::from_json("{\n  \"format\": 7}").unwrap_err();
    /// assert_eq!((error.line(), error.column()), (2, 13));
    /// ```
    pub fn from_json(text: &str) -> Result<Self, ReportError> {
        let file: File<'_> = serde_json::from_str(text)?;
        if file.format != FORMAT {
            return Err(ReportError::new(format!("the format is `{}`, not `{FORMAT}`", file.format.escape_debug())));
        }
        if file.version != VERSION {
            return Err(ReportError::new(format!(
                "version {} of the format is not known, only {VERSION}",
                file.version
            )));
        }
        let sites: Result<Vec<Site>, ReportError> =
            file.sites.into_iter().enumerate().map(|(number, site)| read(site, number, &file.frames)).collect();
        Ok(Self {
            sites: sites?,
            timeline: file.timeline.into_owned(),
            peak: file.peak,
            duration_ns: file.duration_ns,
            sizes: file.sizes.into_owned(),
            lifetimes: file.lifetimes.into_owned(),
            command: file.command.into_owned(),
            pid: file.pid,
            interval: file.interval,
            cut: file.cut,
            events: file.events,
            threads: file.threads.into_owned(),
        })
    }
}

fn read(site: Written, number: usize, frames: &[Frame]) -> Result<Site, ReportError> {
    let frame = |place: &usize| {
        let missing =
            || ReportError::new(format!("site {number} names frame {place}, of which there are {}", frames.len()));
        frames.get(*place).cloned().ok_or_else(missing)
    };
    Ok(Site {
        frames: site.stack.iter().map(frame).collect::<Result<_, _>>()?,
        thread: site.thread,
        span: site.span,
        total: site.total,
        live: site.live,
        peak: site.peak,
        most: site.most,
        temporary: site.temporary,
        lifetime_ns: site.lifetime_ns,
        variance: site.variance,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::fixture::{deep, large, profile};
    use super::*;

    #[test]
    fn what_was_written_is_read() {
        for profile in [profile(), deep(), large(50), HeapProfile::default()] {
            assert_eq!(HeapProfile::from_json(&profile.to_json()).unwrap(), profile);
        }
        let text = profile().to_json();
        assert_eq!(text.matches("app::main").count(), 1, "a frame is written once");
    }

    #[test]
    fn an_error_names_the_place() {
        let error = |text: &str| HeapProfile::from_json(text).unwrap_err().to_string();
        assert!(error("{\n\"format\": \"lagom-heap-profile\",\n\"version\": x").starts_with("line 3, column 12: "));
        assert_eq!(error(r#"{"format":"other","version":1}"#), "the format is `other`, not `lagom-heap-profile`");
        let later = r#"{"format":"lagom-heap-profile","version":2}"#;
        assert_eq!(error(later), "version 2 of the format is not known, only 1");
        let frame = r#"{"format":"lagom-heap-profile","version":1,"sites":[{},{"stack":[0]}]}"#;
        assert_eq!(error(frame), "site 1 names frame 0, of which there are 0");
    }

    proptest! {
        #[test]
        fn no_text_is_read_with_a_panic(text in ".*", cut in any::<prop::sample::Index>()) {
            let _ = HeapProfile::from_json(&text);
            let whole = profile().to_json();
            let end = (0..=cut.index(whole.len())).rev().find(|&at| whole.is_char_boundary(at)).unwrap();
            prop_assert!(HeapProfile::from_json(&whole[..end]).is_err());
        }
    }
}
