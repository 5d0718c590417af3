//! Long calls: do they wait, or do they compute?

use super::case::{Case, Finding};
use super::estimate::share_at_least;
use super::thresholds::{
    TAIL_CALLS, TAIL_CAUSE, TAIL_FROM, TAIL_LONG, TAIL_MANY, TAIL_OF_TOTAL, TAIL_READ, TAIL_SHARE, TAIL_TO_QUEUED,
    TAIL_WAIT,
};
use super::{Rule, Suggestion};
use crate::format::Time;
use crate::summary::Waiting;

pub(super) fn waiting_tail(case: &Case) -> Option<Suggestion> {
    let tail = Tail::of(case)?;
    let causes = Causes::of(&case.function.waiting)?;
    let (long, other) = (causes.long, causes.other);
    let blocked = long.blocked? - other.blocked?;
    // Waiting, not for a core, makes up most of what the long calls take more; and it is not what all calls wait for.
    if blocked < 0.5 * (long.wall - other.wall) || blocked < (TAIL_CAUSE - 1.0) * other.wall {
        return None;
    }
    if blocked < TAIL_WAIT.as_nanos() as f64 {
        return None;
    }
    // Who waits for a thread that has no core is not to blame, and that thread waits about as long as this one does.
    if blocked < TAIL_TO_QUEUED * (long.wall - long.cpu - long.blocked?) {
        return None;
    }
    let found = format!(
        "wait {} of {} off their core, the others {}",
        time(long.blocked?),
        time(long.wall),
        time(other.blocked?)
    );
    let remedy = "a span at the lock or the I/O it waits for; shorter locks or more shards, a lagom-pool of connections, \
                  a buffer";
    Some(tail.advise(case, Rule::WaitingTail, &found, blocked / ((TAIL_CAUSE - 1.0) * other.wall), remedy))
}

pub(super) fn computing_tail(case: &Case) -> Option<Suggestion> {
    let tail = Tail::of(case)?;
    let causes = Causes::of(&case.function.waiting)?;
    let (long, other) = (causes.long, causes.other);
    // CPU time does not grow while another program has the core.
    if long.cpu < TAIL_CAUSE * other.cpu || long.blocked.is_some_and(|blocked| blocked > long.cpu) {
        return None;
    }
    let found = format!("compute for {} each, the others for {}", time(long.cpu), time(other.cpu));
    let remedy = "`#[profile(size = …)]` to see whether the input's size explains it; lagom-memo if long inputs repeat";
    Some(tail.advise(case, Rule::ComputingTail, &found, long.cpu / (TAIL_CAUSE * other.cpu), remedy))
}

fn time(ns: f64) -> Time {
    Time(ns.max(0.0) as u64)
}

/// The calls that take several times the median.
struct Tail {
    median_ns: f64,
    /// Their share, by the lower end of its interval.
    share: f64,
    /// Their part of the time.
    of_total: f64,
    /// The part of it above the median.
    excess: f64,
}

impl Tail {
    fn of(case: &Case) -> Option<Self> {
        let f = case.function;
        let median_ns = f.histogram.quantile_ns(0.5);
        // Of async functions the duration holds what others did meanwhile, of recursive ones the calls inside.
        if f.timed < TAIL_CALLS
            || f.polls > 0
            || case.is_recursive()
            || median_ns < case.summary.clock().percentiles_from().as_nanos() as f64
        {
            return None;
        }
        let (mut all_ns, mut long_ns, mut long, mut all) = (0.0, 0.0, 0.0, 0.0);
        for bucket in &f.histogram.buckets {
            let (count, middle) = (bucket.count as f64, f64::midpoint(bucket.from_ns, bucket.to_ns));
            all += count;
            all_ns += count * middle;
            if bucket.from_ns >= TAIL_FROM * median_ns {
                long += count;
                long_ns += count * middle;
            }
        }
        let timed = f.timed as f64;
        let tail = Self {
            median_ns,
            share: share_at_least(long / all * timed, timed),
            of_total: long_ns / all_ns,
            excess: (long_ns - long * median_ns) / all_ns,
        };
        let heavy = tail.share >= TAIL_LONG
            && long <= TAIL_MANY * all
            && tail.of_total >= TAIL_OF_TOTAL
            && case.total_share() * tail.of_total >= TAIL_SHARE;
        heavy.then_some(tail)
    }

    fn advise(&self, case: &Case, rule: Rule, found: &str, cause: f64, remedy: &'static str) -> Suggestion {
        let f = case.function;
        let message = format!(
            "the calls that take more than {} times the median of {} make up {:.0} % of its time; they {found}",
            TAIL_FROM,
            time(self.median_ns),
            100.0 * self.of_total
        );
        case.advise(Finding {
            rule,
            message,
            samples: f.timed,
            strength: cause.min(self.share / TAIL_LONG).min(self.of_total / TAIL_OF_TOTAL),
            gain_ns: self.excess * f.total_ns as f64,
            remedy,
        })
    }
}

/// What calls of a kind do, on average.
#[derive(Clone, Copy)]
struct Mean {
    wall: f64,
    cpu: f64,
    /// Neither running nor waiting for a core; `None` where the system does not tell.
    blocked: Option<f64>,
}

struct Causes {
    long: Mean,
    other: Mean,
}

impl Causes {
    fn of(waiting: &Waiting) -> Option<Self> {
        let others = waiting.calls.checked_sub(waiting.long_calls)?;
        if waiting.long_calls < TAIL_READ || others < TAIL_READ {
            return None;
        }
        let mean = |calls: u64, wall: f64, cpu: f64, queued: Option<f64>| {
            let calls = calls as f64;
            Mean { wall: wall / calls, cpu: cpu / calls, blocked: queued.map(|ns| (wall - cpu - ns).max(0.0) / calls) }
        };
        let queued = waiting.queued;
        let long_queued = queued.map(|queued| queued.long_ns);
        let other_queued = queued.map(|queued| queued.ns - queued.long_ns);
        Some(Self {
            long: mean(waiting.long_calls, waiting.long_wall_ns, waiting.long_cpu_ns, long_queued),
            other: mean(
                others,
                waiting.wall_ns - waiting.long_wall_ns,
                waiting.cpu_ns - waiting.long_cpu_ns,
                other_queued,
            ),
        })
    }
}
