//! The background thread of a monitor, and what it keeps.

use std::cell::Cell;
use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use lagom_base::sync::{Mutex, MutexGuard};

use super::contain::contain;
use super::figures;
use super::process::{self, Reader};
use super::rules::{self, Watch};
use super::worker::Worker;
use crate::monitor::{MonitorSummary, Sample, Settings};

/// Room for so many samples is made at once; more grows on demand.
const ROOM: usize = 4_096;
/// How long a process that was forked waits for a lock, which may be that of a thread it does not have.
const FORKED_WAIT: Duration = Duration::from_millis(20);

thread_local! {
    /// Set while registered figures are asked: a closure among them may take a sample itself.
    static ASKING: Cell<bool> = const { Cell::new(false) };
}

pub(crate) struct Sampler(Arc<Shared>);

struct Shared {
    settings: Settings,
    /// The process that made it.
    pid: u32,
    origin: OnceLock<Instant>,
    /// Held while a sample is taken and entered, so that samples come in the order of their times.
    taking: Mutex<Taking>,
    state: Mutex<State>,
}

struct Taking {
    reader: Reader,
    watch: Watch,
}

struct State {
    /// The thread that samples; another one, or none, tells it to end.
    worker: Option<Worker>,
    runs: u64,
    samples: VecDeque<Sample>,
    summary: MonitorSummary,
}

impl Sampler {
    pub(crate) fn new(settings: Settings) -> Self {
        let taking = Taking { reader: Reader::new(), watch: Watch::new(&settings) };
        let state = State {
            worker: None,
            runs: 0,
            samples: VecDeque::with_capacity(settings.capacity.min(ROOM)),
            summary: MonitorSummary::default(),
        };
        Self(Arc::new(Shared {
            settings,
            pid: std::process::id(),
            origin: OnceLock::new(),
            taking: Mutex::new(taking),
            state: Mutex::new(state),
        }))
    }

    pub(crate) fn start(&self) -> bool {
        let Some(mut state) = self.0.state() else { return false };
        if state.worker.as_ref().is_some_and(Worker::is_here) {
            return true;
        }
        state.runs += 1;
        let run = state.runs;
        let shared = Arc::clone(&self.0);
        // Under the lock: nobody may see the thread without its handle, nor the other way round.
        let spawned = std::thread::Builder::new().name("lagom-monitor".into()).spawn(move || shared.run(run));
        let worker = spawned.ok().map(|handle| Worker::new(run, handle));
        let ok = worker.is_some();
        let old = std::mem::replace(&mut state.worker, worker);
        drop(state);
        if let Some(old) = old {
            old.end();
        }
        ok
    }

    pub(crate) fn stop(&self) {
        let worker = self.0.state().and_then(|mut state| state.worker.take());
        if let Some(worker) = worker {
            worker.end();
        }
    }

    pub(crate) fn is_running(&self) -> bool {
        self.0.state().is_some_and(|state| state.worker.as_ref().is_some_and(Worker::is_here))
    }

    pub(crate) fn sample(&self) -> Sample {
        self.0.sample()
    }

    pub(crate) fn samples(&self) -> Vec<Sample> {
        self.0.state().map(|state| state.samples.iter().copied().collect()).unwrap_or_default()
    }

    pub(crate) fn summary(&self) -> MonitorSummary {
        self.0.state().map(|state| state.summary).unwrap_or_default()
    }

    pub(crate) fn clear(&self) {
        if let Some(mut state) = self.0.state() {
            state.samples.clear();
            state.summary = MonitorSummary::default();
        }
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
    fn state(&self) -> Option<MutexGuard<'_, State>> {
        self.reach(&self.state)
    }

    /// The lock; `None` if it was held when this process was forked, for then nobody gives it back.
    fn reach<'a, T>(&self, mutex: &'a Mutex<T>) -> Option<MutexGuard<'a, T>> {
        if let Some(guard) = mutex.try_lock() {
            return Some(guard);
        }
        if self.pid == std::process::id() {
            return Some(mutex.lock());
        }
        let start = Instant::now();
        while start.elapsed() < FORKED_WAIT {
            std::thread::sleep(Duration::from_millis(1));
            if let Some(guard) = mutex.try_lock() {
                return Some(guard);
            }
        }
        None
    }

    fn run(&self, run: u64) {
        let interval = self.settings.interval;
        let mut next = Instant::now();
        loop {
            self.sample();
            // A sampler that was kept from running does not catch up. What no clock can name never comes.
            let deadline = next.checked_add(interval).map(|next| next.max(Instant::now()));
            loop {
                let goes_on =
                    |state: MutexGuard<'_, State>| state.worker.as_ref().is_some_and(|worker| worker.run() == run);
                if !self.state().is_some_and(goes_on) {
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
        let asked = if ASKING.replace(true) { Vec::new() } else { self.ask() };
        let Some(mut taking) = self.reach(&self.taking) else { return process::sample_now() };
        let Taking { reader, watch } = &mut *taking;
        if reader.check_process() {
            *watch = Watch::new(&self.settings);
        }
        let at = self.origin.get_or_init(Instant::now).elapsed();
        let (sample, read) = reader.read(at, self.settings.detail_interval);
        let mut firing = Vec::new();
        watch.check(&self.settings, reader, &sample, &asked, &mut firing);
        if let Some(mut state) = self.state() {
            if self.settings.capacity > 0 {
                if state.samples.len() == self.settings.capacity {
                    state.samples.pop_front();
                }
                state.samples.push_back(sample);
            }
            state.summary.add(&sample, read, firing.len() as u64);
        }
        drop(taking);
        for (place, alert) in firing {
            let callback = match place.checked_sub(self.settings.rules.len()) {
                None => &self.settings.rules[place].callback,
                Some(leak) => &self.settings.leaks[leak].callback,
            };
            // One callback's bug must not end the watch.
            contain(|| callback(&alert));
        }
        sample
    }

    /// Asks for the registered figures that rules name. A sample that one of them takes meanwhile asks for none.
    fn ask(&self) -> Vec<Option<f64>> {
        let asked = rules::ask(&self.settings, figures::figure);
        ASKING.set(false);
        asked
    }
}

impl fmt::Debug for Sampler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sampler").field("settings", &self.0.settings).finish_non_exhaustive()
    }
}
