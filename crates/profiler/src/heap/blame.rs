//! Whose allocations they were: what each call stack has added between two moments.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::fmt::Write as _;

use super::check::Figure;
use super::raw::{Raw, RawSite};
use super::snapshot::is_internal;
use super::symbols::resolve_sites;
use super::{Amount, Frame, Mode, Site};
use crate::engine;
use crate::format::{Bytes, Count, printable};

/// So many stacks are told of, and so many frames of each.
const STACKS: usize = 5;
const FRAMES: usize = 12;

/// As long may the names of threads be that the system keeps.
const SYSTEM_NAME: usize = 15;

/// The stacks at the begin, if they are known exactly.
#[derive(Debug, Default)]
pub(crate) struct Blame {
    before: Option<Raw>,
}

impl Blame {
    pub(crate) fn begin() -> Self {
        Self { before: (engine::heap_mode() == Mode::Live).then(engine::heap_raw) }
    }

    /// The stacks to which most of a figure goes back; `None` if none are known.
    pub(crate) fn tell(&self, figure: Figure) -> Option<String> {
        let before = self.before.as_ref()?;
        let mut added = added(before, engine::heap_raw(), std::thread::current().name(), figure);
        let more = added.sites.len().saturating_sub(STACKS);
        added.sites.truncate(STACKS);
        (!added.sites.is_empty()).then(|| describe(&resolve_sites(added), more))
    }
}

/// What each stack of a thread has added, most of the figure first.
fn added(before: &Raw, after: Raw, thread: Option<&str>, figure: Figure) -> Raw {
    type Key = (u32, u32, &'static str);
    let key = |site: &RawSite| -> Key { (site.stack, site.thread, site.span) };
    let known: HashMap<Key, _> = before.sites.iter().map(|site| (key(site), site)).collect();
    let less = |now: Amount, before: Amount| Amount {
        blocks: now.blocks.saturating_sub(before.blocks),
        bytes: now.bytes.saturating_sub(before.bytes),
    };
    let Raw { mode, sites, threads, interval, lost } = after;
    let part = |site: &RawSite| match figure {
        Figure::Allocations => site.total.blocks,
        Figure::Bytes | Figure::Peak => site.total.bytes,
        Figure::Left => site.live.bytes,
    };
    // Thread 0 stands for all. The system keeps the first bytes of a name.
    let is_own =
        |name: &String| thread.is_some_and(|own| own == name || name.len() == SYSTEM_NAME && own.starts_with(name));
    let mut sites: Vec<RawSite> = sites
        .into_iter()
        .filter(|site| site.thread == 0 || threads.get(site.thread as usize).is_some_and(is_own))
        .map(|site| match known.get(&key(&site)) {
            Some(old) => RawSite { total: less(site.total, old.total), live: less(site.live, old.live), ..site },
            None => site,
        })
        .filter(|site| part(site) > 0)
        .collect();
    sites.sort_by_key(|site| (Reverse(part(site)), site.stack));
    Raw { mode, sites, threads, interval, lost }
}

fn describe(sites: &[Site], more: usize) -> String {
    let mut text = String::from("by these stacks:");
    for site in sites {
        let (blocks, bytes) = (Count(site.total.blocks), Bytes(site.total.bytes));
        let things = if site.total.blocks == 1 { "allocation" } else { "allocations" };
        let _ = write!(text, "\n  {blocks} {things} of {bytes}, {} left", Bytes(site.live.bytes));
        if site.frames.is_empty() {
            text.push_str(
                "\n    by a stack that is not known: build with frame pointers, or with the feature `unwind`",
            );
        }
        let frames = of_the_program(&site.frames);
        for frame in frames.iter().take(FRAMES) {
            let _ = write!(text, "\n    {}", printable(&frame.function));
            if frame.line > 0 {
                let _ = write!(text, " at {}:{}", printable(&frame.file), frame.line);
            }
        }
        if frames.len() > FRAMES {
            let _ = write!(text, "\n    and {} more", frames.len() - FRAMES);
        }
    }
    if more > 0 {
        let _ = write!(text, "\n  and {more} more");
    }
    text
}

/// Without what std does in between and what starts a thread; all of them if nothing else is there.
fn of_the_program(frames: &[Frame]) -> Vec<&Frame> {
    let is_start = |frame: &&Frame| frame.function.contains("__rust_begin_short_backtrace");
    let own = frames.iter().take_while(|frame| !is_start(frame)).filter(|frame| !is_internal(frame));
    let own: Vec<_> = own.filter(|frame| &*frame.function != "__rust_try").collect();
    if own.is_empty() { frames.iter().collect() } else { own }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn site(stack: u32, thread: u32, live: u64, blocks: u64, bytes: u64) -> RawSite {
        RawSite {
            stack,
            thread,
            frames: Arc::from(vec![stack as usize; 14]),
            live: Amount { blocks: 0, bytes: live },
            total: Amount { blocks, bytes },
            ..RawSite::default()
        }
    }

    fn raw(sites: Vec<RawSite>) -> Raw {
        let threads = ["", "mine", "other"].map(String::from).to_vec();
        Raw { mode: Mode::Live, sites, threads, interval: 0, lost: 0 }
    }

    #[test]
    fn the_stacks_of_the_thread_by_what_they_added() {
        let before = raw(vec![site(1, 1, 100, 5, 500), site(2, 1, 0, 1, 10), site(4, 1, 70, 1, 70)]);
        let sites = vec![
            site(1, 1, 150, 6, 550),
            site(2, 1, 0, 90, 40),
            site(3, 2, 9_000, 9_000, 9_000),
            site(4, 1, 0, 1, 70),
            site(5, 0, 20, 2, 20),
        ];
        let by = |figure| added(&before, raw(sites.clone()), Some("mine"), figure).sites;
        let order = |figure| by(figure).iter().map(|site| site.stack).collect::<Vec<_>>();
        assert_eq!(order(Figure::Allocations), [2, 5, 1]);
        assert_eq!(order(Figure::Bytes), [1, 2, 5]);
        assert_eq!(order(Figure::Left), [1, 5]);
        let first = by(Figure::Peak).swap_remove(0);
        assert_eq!((first.total, first.live.bytes), (Amount { blocks: 1, bytes: 50 }, 50));
    }

    #[test]
    fn stacks_in_words() {
        let frame =
            |function: &str, line| Frame { function: function.into(), file: "a.rs".into(), line, ..Frame::default() };
        let site = |bytes, blocks, frames: Vec<Frame>, live| Site {
            frames: frames.into(),
            total: Amount { blocks, bytes },
            live: Amount { blocks: 0, bytes: live },
            ..Site::default()
        };
        let sites = [site(50, 1, vec![frame("0x10", 0); 14], 50), site(3_000, 89, vec![frame("parse", 7)], 0)];
        let text = describe(&sites, 3);
        assert!(text.starts_with("by these stacks:\n  1 allocation of 50B, 50B left\n    0x10\n"), "{text}");
        let end = "\n    and 2 more\n  89 allocations of 2.93K, 0B left\n    parse at a.rs:7\n  and 3 more";
        assert!(text.ends_with(end), "{text}");
    }
}
