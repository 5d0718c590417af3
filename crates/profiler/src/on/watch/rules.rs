//! Which rules fire at a sample.

use std::borrow::Cow;
use std::time::{SystemTime, UNIX_EPOCH};

use super::process::Reader;
use super::sentinel::{Finding, Sentinel};
use crate::monitor::{Alert, AlertKind, AlertRule, Leak, Metric, Sample, Settings, Source, Telling};

/// What was seen of every rule so far.
pub(super) struct Watch {
    rules: Vec<Arm>,
    leaks: Vec<Sentinel>,
}

/// Whether the next crossing fires, and when the last did.
struct Arm {
    armed: bool,
    fired_at_ns: Option<u64>,
}

/// An alert, and the place of its rule: leaks come behind the others.
pub(super) type Firing = Vec<(usize, Alert)>;

impl Watch {
    pub(super) fn new(settings: &Settings) -> Self {
        Self {
            rules: settings.rules.iter().map(|_| Arm { armed: true, fired_at_ns: None }).collect(),
            leaks: settings.leaks.iter().map(|leak| Sentinel::new(&leak.rule)).collect(),
        }
    }

    /// `asked` has the values of registered figures, by the places of their rules. Allocates only if something fires.
    pub(super) fn check(
        &mut self,
        settings: &Settings,
        reader: &Reader,
        sample: &Sample,
        asked: &[Option<f64>],
        firing: &mut Firing,
    ) {
        for (place, (Telling { rule, .. }, arm)) in settings.rules.iter().zip(&mut self.rules).enumerate() {
            let value = match &rule.watched.0 {
                Source::Registered(_) => asked.get(place).copied().flatten(),
                source => metric(source, sample).and_then(|metric| sample.get(metric)),
            };
            if let Some(value) = value
                && arm.fires(rule, sample.at_ns, value)
            {
                firing.push((place, crossing(rule, value, *sample)));
            }
        }
        for (place, (Telling { rule, .. }, sentinel)) in settings.leaks.iter().zip(&mut self.leaks).enumerate() {
            let Some(metric) = metric(&rule.source, sample) else { continue };
            let Some(value) = sample.get(metric) else { continue };
            if let Some(found) = sentinel.add(rule, sample.at().as_secs_f64(), value) {
                firing.push((settings.rules.len() + place, leak(metric, value, &found, reader.room(metric), *sample)));
            }
        }
    }
}

impl Arm {
    fn fires(&mut self, rule: &AlertRule, at_ns: u64, value: f64) -> bool {
        if !self.armed {
            self.armed = rule.is_left(value);
            return false;
        }
        // After a step back of the clock, the wait begins again there.
        self.fired_at_ns = self.fired_at_ns.map(|fired| fired.min(at_ns));
        let cool = self.fired_at_ns.is_none_or(|fired| u128::from(at_ns - fired) >= rule.cool_down.as_nanos());
        let fires = cool && rule.is_reached(value);
        if fires {
            (self.armed, self.fired_at_ns) = (false, Some(at_ns));
        }
        fires
    }
}

/// The metric that is meant: memory is the heap where the resident size cannot be read.
fn metric(source: &Source, sample: &Sample) -> Option<Metric> {
    match source {
        Source::Metric(metric) => Some(*metric),
        Source::Memory if sample.rss().is_some() => Some(Metric::Rss),
        Source::Memory => Some(Metric::TracedCurrent),
        Source::Registered(_) => None,
    }
}

fn unix_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

fn crossing(rule: &AlertRule, value: f64, sample: Sample) -> Alert {
    let (figure, unit) = match &rule.watched.0 {
        Source::Registered(name) => (Cow::Owned(String::from(&**name)), None),
        source => {
            let metric = metric(source, &sample).unwrap_or(Metric::Rss);
            (Cow::Borrowed(metric.name()), Some(metric.kind()))
        }
    };
    let kind = if rule.above { AlertKind::Above } else { AlertKind::Below };
    Alert { kind, figure, unit, value, level: rule.level, unix_ms: unix_ms(), leak: None, sample }
}

fn leak(metric: Metric, value: f64, found: &Finding, room: Option<u64>, sample: Sample) -> Alert {
    let leak = Leak {
        unit: metric.kind(),
        per_second: found.per_second,
        growth: found.growth,
        span_ns: (found.seconds * 1e9) as u64,
        confidence: found.confidence,
        room,
    };
    Alert {
        kind: AlertKind::Leak,
        figure: Cow::Borrowed(metric.name()),
        unit: Some(metric.kind()),
        value,
        level: found.from,
        unix_ms: unix_ms(),
        leak: Some(leak),
        sample,
    }
}

/// The values of registered figures that rules name, by the places of their rules; none if no rule does.
pub(super) fn ask(settings: &Settings, mut figure: impl FnMut(&str) -> Option<f64>) -> Vec<Option<f64>> {
    let is_registered = |telling: &Telling<AlertRule>| matches!(telling.rule.watched.0, Source::Registered(_));
    if !settings.rules.iter().any(is_registered) {
        return Vec::new();
    }
    let value = |telling: &Telling<AlertRule>| match &telling.rule.watched.0 {
        Source::Registered(name) => figure(name),
        _ => None,
    };
    settings.rules.iter().map(value).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const SECOND: u64 = 1_000_000_000;

    /// At which of the values, one per time, the rule fires.
    fn fired(rule: &AlertRule, rows: &[(u64, f64)]) -> Vec<usize> {
        let mut arm = Arm { armed: true, fired_at_ns: None };
        (0..rows.len()).filter(|row| arm.fires(rule, rows[*row].0, rows[*row].1)).collect()
    }

    fn seconds(values: &[f64]) -> Vec<(u64, f64)> {
        (0..).map(|second: u64| second * SECOND).zip(values.iter().copied()).collect()
    }

    #[test]
    fn flapping_around_the_level_is_told_once() {
        let rule = AlertRule::above(Metric::Rss, 100).rearm_at(80);
        let rows = seconds(&[99.0, 100.0, 99.0, 101.0, 81.0, 100.0, 80.0, 100.0, 79.9, 99.0, 100.0, 500.0, 0.0, 100.0]);
        assert_eq!(fired(&rule, &rows), [1, 10, 13]);
        let below = AlertRule::below("pool/idle", 5).rearm_at(10);
        assert_eq!(fired(&below, &seconds(&[6.0, 5.0, 10.0, 4.0, 11.0, 5.0])), [1, 5]);
    }

    #[test]
    fn a_crossing_while_it_cools_down_is_told_at_its_end() {
        let rule = AlertRule::above(Metric::Rss, 100).cool_down(Duration::from_secs(5));
        assert_eq!(
            fired(&rule, &seconds(&[100.0, 0.0, 100.0, 100.0, 0.0, 100.0, 0.0, 0.0, 0.0, 0.0, 0.0, 100.0])),
            [0, 5, 11]
        );
        // Gone again before the end: not told.
        assert_eq!(fired(&rule, &seconds(&[100.0, 0.0, 100.0, 0.0, 0.0, 0.0, 0.0])), [0]);
        let once = AlertRule::above(Metric::Rss, 100).cool_down(Duration::MAX);
        assert_eq!(fired(&once, &[(0, 100.0), (1, 0.0), (u64::MAX, 100.0)]), [0]);
    }

    #[test]
    fn a_jump_in_time_neither_mutes_nor_floods() {
        let rule = AlertRule::above(Metric::Rss, 100).cool_down(Duration::from_secs(5));
        // Far ahead, then back: the wait is five seconds from there.
        let rows = [
            (0, 100.0),
            (1, 0.0),
            (1_000 * SECOND, 100.0),
            (1_001 * SECOND, 0.0),
            (SECOND, 100.0),
            (5 * SECOND, 100.0),
            (6 * SECOND, 100.0),
            (6 * SECOND, 0.0),
            (6 * SECOND, 100.0),
        ];
        assert_eq!(fired(&rule, &rows), [0, 2, 6]);
        // It stands still.
        assert_eq!(fired(&rule, &[(7, 100.0), (7, 0.0), (7, 100.0), (7, 0.0), (7, 100.0)]), [0]);
        let warm = AlertRule::above(Metric::Rss, 100);
        assert_eq!(fired(&warm, &[(7, 100.0), (7, 0.0), (7, 100.0)]), [0, 2]);
    }

    #[test]
    fn what_is_no_number_changes_nothing() {
        let rule = AlertRule::above(Metric::Rss, 100);
        assert_eq!(
            fired(&rule, &seconds(&[f64::NAN, 100.0, f64::NAN, 100.0, f64::NEG_INFINITY, f64::INFINITY])),
            [1, 5]
        );
    }
}
