//! A snapshot as it is written: every text and every frame once.

use std::collections::HashMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Snapshot;
use crate::heap::Measure;
use crate::heap::{Amount, Frame, Mode, Site};

/// Numbers stand for places in the lists before.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Stored {
    mode: Mode,
    interval: u64,
    measure: Measure,
    #[serde(default)]
    lost: u64,
    texts: Vec<String>,
    /// Function, file, line, object, address.
    frames: Vec<(usize, usize, u32, usize, u64)>,
    sites: Vec<StoredSite>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct StoredSite {
    frames: Vec<usize>,
    thread: usize,
    span: usize,
    total: Amount,
    live: Amount,
    #[serde(default, skip_serializing_if = "is_none")]
    peak: Amount,
    #[serde(default, skip_serializing_if = "is_none")]
    temporary: Amount,
    #[serde(default)]
    lifetime_ns: u64,
    #[serde(default)]
    variance: f64,
}

fn is_none(amount: &Amount) -> bool {
    *amount == Amount::default()
}

/// The places of what has been written.
#[derive(Default)]
struct Written {
    texts: Vec<String>,
    text_places: HashMap<Arc<str>, usize>,
    frames: Vec<(usize, usize, u32, usize, u64)>,
    frame_places: HashMap<Frame, usize>,
}

impl Written {
    fn text(&mut self, text: &Arc<str>) -> usize {
        *self.text_places.entry(text.clone()).or_insert_with(|| {
            self.texts.push(text.to_string());
            self.texts.len() - 1
        })
    }

    fn frame(&mut self, frame: &Frame) -> usize {
        if let Some(&place) = self.frame_places.get(frame) {
            return place;
        }
        let Frame { function, file, line, object, address } = frame;
        let entry = (self.text(function), self.text(file), *line, self.text(object), *address);
        self.frames.push(entry);
        self.frame_places.insert(frame.clone(), self.frames.len() - 1);
        self.frames.len() - 1
    }
}

impl From<Snapshot> for Stored {
    fn from(snapshot: Snapshot) -> Self {
        let mut written = Written::default();
        let sites = snapshot.sites.iter().map(|site| StoredSite {
            frames: site.frames.iter().map(|frame| written.frame(frame)).collect(),
            thread: written.text(&site.thread),
            span: written.text(&site.span),
            total: site.total,
            live: site.live,
            peak: site.peak,
            temporary: site.temporary,
            lifetime_ns: site.lifetime_ns,
            variance: site.variance,
        });
        let sites = sites.collect();
        let Written { texts, frames, .. } = written;
        let Snapshot { mode, interval, measure, lost, .. } = snapshot;
        Self { mode, interval, measure, lost, texts, frames, sites }
    }
}

impl TryFrom<Stored> for Snapshot {
    type Error = String;

    fn try_from(stored: Stored) -> Result<Self, String> {
        let texts: Vec<Arc<str>> = stored.texts.iter().map(|text| text.as_str().into()).collect();
        let text = |place: usize| texts.get(place).cloned().ok_or_else(|| format!("text {place} is not there"));
        let frame = |&(function, file, line, object, address): &(usize, usize, u32, usize, u64)| {
            Ok::<_, String>(Frame {
                function: text(function)?,
                file: text(file)?,
                line,
                object: text(object)?,
                address,
            })
        };
        let frames: Vec<Frame> = stored.frames.iter().map(frame).collect::<Result<_, _>>()?;
        let site = |site: &StoredSite| {
            if !(site.variance.is_finite() && site.variance >= 0.0) {
                return Err(format!("{} is no variance", site.variance));
            }
            let stack = site
                .frames
                .iter()
                .map(|&place| frames.get(place).cloned().ok_or_else(|| format!("frame {place} is not there")));
            Ok(Site {
                frames: stack.collect::<Result<Vec<_>, _>>()?.into(),
                thread: text(site.thread)?,
                span: text(site.span)?,
                total: site.total,
                live: site.live,
                peak: site.peak,
                most: Amount::default(),
                temporary: site.temporary,
                lifetime_ns: site.lifetime_ns,
                variance: site.variance,
            })
        };
        let sites = stored.sites.iter().map(site).collect::<Result<_, _>>()?;
        let Stored { mode, interval, measure, lost, .. } = stored;
        Ok(Self { mode, interval, measure, lost, sites })
    }
}
