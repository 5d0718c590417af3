//! The background thread of a monitor, and what it keeps.

use std::collections::VecDeque;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use lagom_base::sync::{Condvar, Mutex};

use super::process;
use crate::monitor::{Alert, AlertRule, MonitorSummary, Sample, Settings};

/// Room for so many samples is made at once; more grows on demand.
const ROOM: usize = 4_096;

pub(crate) struct Sampler {
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

struct Shared {
    settings: Settings,
    state: Mutex<State>,
    wake: Condvar,
}

struct State {
    /// Set while a thread samples; cleared to end it.
    run: Option<u64>,
    runs: u64,
    origin: Option<Instant>,
    samples: VecDeque<Sample>,
    summary: MonitorSummary,
    /// Per rule: whether the next crossing fires.
    armed: Vec<bool>,
}

impl Sampler {
    pub(crate) fn new(settings: Settings) -> Self {
        let state = State {
            run: None,
            runs: 0,
            origin: None,
            samples: VecDeque::with_capacity(settings.capacity.min(ROOM)),
            summary: MonitorSummary::default(),
            armed: vec![true; settings.rules.len()],
        };
        Self {
            shared: Arc::new(Shared { settings, state: Mutex::new(state), wake: Condvar::new() }),
            thread: Mutex::new(None),
        }
    }

    pub(crate) fn start(&self) -> bool {
        let mut thread = self.thread.lock();
        let run = {
            let mut state = self.shared.state.lock();
            if state.run.is_some() {
                return true;
            }
            state.runs += 1;
            state.run = Some(state.runs);
            state.origin.get_or_insert_with(Instant::now);
            state.runs
        };
        let shared = Arc::clone(&self.shared);
        let spawned = std::thread::Builder::new().name("lagom-monitor".into()).spawn(move || shared.run(run));
        let ok = spawned.is_ok();
        match spawned {
            Ok(handle) => *thread = Some(handle),
            Err(_) => self.shared.state.lock().run = None,
        }
        ok
    }

    pub(crate) fn stop(&self) {
        self.shared.state.lock().run = None;
        self.shared.wake.notify_all();
        let handle = self.thread.lock().take();
        // A callback may stop or drop its own monitor, but no thread can wait for itself.
        if let Some(handle) = handle.filter(|handle| handle.thread().id() != std::thread::current().id()) {
            drop(handle.join());
        }
    }

    pub(crate) fn is_running(&self) -> bool {
        self.shared.state.lock().run.is_some()
    }

    pub(crate) fn sample(&self) -> Sample {
        self.shared.sample()
    }

    pub(crate) fn samples(&self) -> Vec<Sample> {
        self.shared.state.lock().samples.iter().copied().collect()
    }

    pub(crate) fn summary(&self) -> MonitorSummary {
        self.shared.state.lock().summary
    }

    pub(crate) fn clear(&self) {
        let mut state = self.shared.state.lock();
        state.samples.clear();
        state.summary = MonitorSummary::default();
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.shared.settings
    }
}

impl Drop for Sampler {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Shared {
    fn run(&self, run: u64) {
        let interval = self.settings.interval;
        let mut next = Instant::now();
        loop {
            self.sample();
            // A sampler that was kept from running does not catch up.
            let now = Instant::now();
            next = next.checked_add(interval).map_or(now, |next| next.max(now));
            let mut state = self.state.lock();
            loop {
                if state.run != Some(run) {
                    return;
                }
                let left =
                    if interval == Duration::MAX { interval } else { next.saturating_duration_since(Instant::now()) };
                if left.is_zero() {
                    break;
                }
                self.wake.wait_for(&mut state, left);
            }
        }
    }

    fn sample(&self) -> Sample {
        let origin = *self.state.lock().origin.get_or_insert_with(Instant::now);
        let sample = process::sample(origin.elapsed());
        let value = sample.rss().unwrap_or(sample.traced_current());
        let mut fired = 0;
        let mut firing = Vec::new();
        {
            let mut state = self.state.lock();
            for (place, rule) in self.settings.rules.iter().enumerate() {
                let armed = &mut state.armed[place];
                if *armed && value >= rule.threshold {
                    *armed = false;
                    fired += 1;
                    firing.push(place);
                } else if !*armed && value < AlertRule::rearm_below(rule.threshold) {
                    *armed = true;
                }
            }
            if self.settings.capacity > 0 {
                if state.samples.len() == self.settings.capacity {
                    state.samples.pop_front();
                }
                state.samples.push_back(sample);
            }
            state.summary.add(&sample, fired);
        }
        for place in firing {
            let rule = &self.settings.rules[place];
            let alert = Alert::new(rule.threshold, value, sample);
            // One callback's bug must not end the watch; its panic message is already out.
            drop(catch_unwind(AssertUnwindSafe(|| (rule.callback)(&alert))));
        }
        sample
    }
}

impl fmt::Debug for Sampler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sampler").field("settings", &self.shared.settings).finish_non_exhaustive()
    }
}
