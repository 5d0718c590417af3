//! The background thread of a monitor, and what it keeps.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Instant;

use lagom_base::sync::Mutex;

use super::contain::contain;
use super::process;
use crate::monitor::{Alert, AlertRule, MonitorSummary, Sample, Settings};

/// Room for so many samples is made at once; more grows on demand.
const ROOM: usize = 4_096;

pub(crate) struct Sampler(Arc<Shared>);

struct Shared {
    settings: Settings,
    /// Held while a sample is taken and entered, so that samples come in the order of their times.
    taking: Mutex<()>,
    state: Mutex<State>,
}

struct State {
    /// The thread that samples; another one, or none, tells it to end.
    worker: Option<Worker>,
    runs: u64,
    origin: Option<Instant>,
    samples: VecDeque<Sample>,
    summary: MonitorSummary,
    /// Per rule: whether the next crossing fires.
    armed: Vec<bool>,
}

struct Worker {
    run: u64,
    /// A fork takes the monitor along, but not the thread.
    pid: u32,
    handle: JoinHandle<()>,
}

impl Worker {
    fn is_here(&self) -> bool {
        self.pid == std::process::id()
    }

    /// To be called without a lock held, on a worker that the state no longer names.
    fn end(self) {
        if !self.is_here() {
            // To join or detach a thread that this process has never had is an error.
            std::mem::forget(self.handle);
            return;
        }
        self.handle.thread().unpark();
        // A callback may stop or drop its own monitor, but no thread can wait for itself.
        if self.handle.thread().id() != std::thread::current().id() {
            drop(self.handle.join());
        }
    }
}

impl Sampler {
    pub(crate) fn new(settings: Settings) -> Self {
        let state = State {
            worker: None,
            runs: 0,
            origin: None,
            samples: VecDeque::with_capacity(settings.capacity.min(ROOM)),
            summary: MonitorSummary::default(),
            armed: vec![true; settings.rules.len()],
        };
        Self(Arc::new(Shared { settings, taking: Mutex::new(()), state: Mutex::new(state) }))
    }

    pub(crate) fn start(&self) -> bool {
        let mut state = self.0.state.lock();
        if state.worker.as_ref().is_some_and(Worker::is_here) {
            return true;
        }
        state.runs += 1;
        state.origin.get_or_insert_with(Instant::now);
        let run = state.runs;
        let shared = Arc::clone(&self.0);
        // Under the lock: nobody may see the thread without its handle, nor the other way round.
        let spawned = std::thread::Builder::new().name("lagom-monitor".into()).spawn(move || shared.run(run));
        let worker = spawned.ok().map(|handle| Worker { run, pid: std::process::id(), handle });
        let ok = worker.is_some();
        let old = std::mem::replace(&mut state.worker, worker);
        drop(state);
        if let Some(old) = old {
            old.end();
        }
        ok
    }

    pub(crate) fn stop(&self) {
        let worker = self.0.state.lock().worker.take();
        if let Some(worker) = worker {
            worker.end();
        }
    }

    pub(crate) fn is_running(&self) -> bool {
        self.0.state.lock().worker.as_ref().is_some_and(Worker::is_here)
    }

    pub(crate) fn sample(&self) -> Sample {
        self.0.sample()
    }

    pub(crate) fn samples(&self) -> Vec<Sample> {
        self.0.state.lock().samples.iter().copied().collect()
    }

    pub(crate) fn summary(&self) -> MonitorSummary {
        self.0.state.lock().summary
    }

    pub(crate) fn clear(&self) {
        let mut state = self.0.state.lock();
        state.samples.clear();
        state.summary = MonitorSummary::default();
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.0.settings
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
            // A sampler that was kept from running does not catch up. What no clock can name never comes.
            let deadline = next.checked_add(interval).map(|next| next.max(Instant::now()));
            loop {
                if self.state.lock().worker.as_ref().is_none_or(|worker| worker.run != run) {
                    return;
                }
                // Parked and not on a condition variable: of a waiter there, a forked process would inherit the entry.
                match deadline {
                    None => std::thread::park(),
                    Some(deadline) => {
                        let left = deadline.saturating_duration_since(Instant::now());
                        if left.is_zero() {
                            next = deadline;
                            break;
                        }
                        std::thread::park_timeout(left);
                    }
                }
            }
        }
    }

    fn sample(&self) -> Sample {
        let taking = self.taking.lock();
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
        drop(taking);
        for place in firing {
            let rule = &self.settings.rules[place];
            let alert = Alert::new(rule.threshold, value, sample);
            // One callback's bug must not end the watch.
            contain(|| (rule.callback)(&alert));
        }
        sample
    }
}

impl fmt::Debug for Sampler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sampler").field("settings", &self.0.settings).finish_non_exhaustive()
    }
}
