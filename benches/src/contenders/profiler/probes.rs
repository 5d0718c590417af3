//! Everybody's probe, and what its users do around it.

use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{LazyLock, Mutex, Once, OnceLock};
use std::time::{Duration, Instant};

use fastrace::Span;
use fastrace::collector::{Config, Reporter, SpanContext, SpanRecord};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use prometheus::{Histogram, HistogramOpts};
use tracing_subscriber::layer::{Identity, SubscriberExt};

use super::ours::{self, Mode};
use crate::case::{Contender, Worker};
use crate::measure::Batch;

/// Hands somebody's probe to a macro: `[attributes of the function] { first statements of its body }`. The function has its
/// name in a constant `FUNCTION`.
macro_rules! probed {
    (bare => $write:ident) => {
        $write! { [] {} }
    };
    (lagom => $write:ident) => {
        $write! { [#[::lagom_profiler::profile]] {} }
    };
    (hotpath => $write:ident) => {
        $write! { [#[::hotpath::measure]] {} }
    };
    (puffin => $write:ident) => {
        $write! { [] { ::puffin::profile_function!(); } }
    };
    (tracing => $write:ident) => {
        $write! { [#[::tracing::instrument(skip_all)]] {} }
    };
    (fastrace => $write:ident) => {
        $write! { [#[::fastrace::trace]] {} }
    };
    (metrics => $write:ident) => {
        $write! { [] {
            let _probe = $crate::contenders::profiler::probes::Timer::start(|took| {
                ::metrics::histogram!(FUNCTION).record(took);
            });
        } }
    };
    (prometheus => $write:ident) => {
        $write! { [] {
            static HISTOGRAM: ::std::sync::LazyLock<::prometheus::Histogram> =
                $crate::contenders::profiler::probes::histogram(FUNCTION);
            let _probe = HISTOGRAM.start_timer();
        } }
    };
    (original => $write:ident) => {
        $write! { [] { let _probe = $crate::contenders::profiler::original::Call::begin(FUNCTION); } }
    };
}

/// Tells how long it lived.
pub(super) struct Timer<F: Fn(Duration)> {
    started: Instant,
    tell: F,
}

impl<F: Fn(Duration)> Timer<F> {
    pub(super) fn start(tell: F) -> Self {
        Self { started: Instant::now(), tell }
    }
}

impl<F: Fn(Duration)> Drop for Timer<F> {
    fn drop(&mut self) {
        (self.tell)(self.started.elapsed());
    }
}

/// What the users of a profiler do once, before a batch and after it; none of it is in the time of a call, the last two are
/// in the process CPU.
#[derive(Clone, Copy)]
pub(super) struct Use {
    pub(super) start: fn(),
    pub(super) before: fn(),
    pub(super) after: fn(),
}

fn nothing() {}

pub(super) const NOTHING: Use = Use { start: nothing, before: nothing, after: nothing };
pub(super) const ADAPTIVE: Use = Use { before: || ours::set(Mode::Adaptive), ..NOTHING };
pub(super) const EXACT: Use = Use { before: || ours::set(Mode::Exact), ..NOTHING };
pub(super) const OFF: Use = Use { before: || ours::set(Mode::Off), ..NOTHING };
pub(super) const HOTPATH: Use = Use { start: start_hotpath, ..NOTHING };
pub(super) const PUFFIN: Use = Use { start: || puffin::set_scopes_on(true), after: end_frame, ..NOTHING };
pub(super) const TRACING: Use = Use { start: start_tracing, ..NOTHING };
pub(super) const FASTRACE: Use = Use { start: start_fastrace, after: fastrace::flush, ..NOTHING };
pub(super) const METRICS: Use = Use { start: start_metrics, after: keep_metrics_up, ..NOTHING };

impl Use {
    /// A contender whose operation is called directly, so that a probe may be inlined into it as in a user's program.
    pub(super) fn contender(self, name: &str, operation: impl Fn() -> u64 + Copy + Send + 'static) -> Contender {
        Contender::from_workers(name, move |threads| {
            (self.start)();
            let worker = move |batch: &mut Batch<'_>| {
                (self.before)();
                let mut sum = 0_u64;
                batch.time(|_| sum = sum.wrapping_add(operation()));
                (self.after)();
                batch.answer_sum(sum);
            };
            (0..threads).map(|_| Box::new(worker) as Worker).collect()
        })
    }
}

/// As `#[hotpath::main]` does, but without a report at the end.
fn start_hotpath() {
    static GUARD: OnceLock<Mutex<hotpath::HotpathGuard>> = OnceLock::new();
    GUARD.get_or_init(|| Mutex::new(hotpath::HotpathGuardBuilder::new("runner").format(hotpath::Format::None).build()));
}

fn end_frame() {
    puffin::GlobalProfiler::lock().new_frame();
}

/// Spans are kept while they are open, and told to nobody. Without any layer they would never be freed.
fn start_tracing() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let registry = tracing_subscriber::registry().with(Identity::new());
        tracing::subscriber::set_global_default(registry).expect("nobody else in this program subscribes");
    });
}

fn start_fastrace() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| fastrace::set_reporter(Delivered, Config::default()));
}

/// Spans that fastrace has delivered.
pub(super) static DELIVERED: AtomicU64 = AtomicU64::new(0);

struct Delivered;

impl Reporter for Delivered {
    fn report(&mut self, spans: Vec<SpanRecord>) {
        DELIVERED.fetch_add(black_box(spans).len() as u64, Ordering::Relaxed);
    }
}

/// What fastrace's spans need above them to be kept.
pub(super) fn under_a_root<T>(operation: impl FnOnce() -> T) -> T {
    let root = Span::root("root", SpanContext::random());
    let _parent = root.set_local_parent();
    operation()
}

static RECORDER: OnceLock<PrometheusHandle> = OnceLock::new();

fn start_metrics() {
    RECORDER.get_or_init(|| PrometheusBuilder::new().install_recorder().expect("nobody else in this program records"));
}

/// What its web server does every five seconds.
fn keep_metrics_up() {
    if let Some(recorder) = RECORDER.get() {
        recorder.run_upkeep();
    }
}

/// With the eleven buckets that prometheus has by default.
pub(super) const fn histogram(_: &str) -> LazyLock<Histogram> {
    LazyLock::new(|| Histogram::with_opts(HistogramOpts::new("call", "seconds")).expect("the name is valid"))
}
