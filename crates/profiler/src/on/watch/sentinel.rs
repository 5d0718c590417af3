//! Watches one figure for growth without end. [`LeakRule`] says by which rules.

use super::trend::{self, Point};
use crate::monitor::LeakRule;

/// More points tell little more and cost their square.
const POINTS: usize = 64;
/// Fewer tell nothing.
const POINTS_AT_LEAST: usize = 16;
/// Growth must be this many times the noise.
const OVER_NOISE: f64 = 8.0;
/// The standard deviation of normal noise per median of its sizes.
const DEVIATION: f64 = 1.482_6;
/// Each quarter's growth as a share of a quarter of all.
const STEADY: f64 = 0.5;
/// A leak has ended when its slope is but this share of what it was.
const ENDED: f64 = 0.25;

pub(super) struct Sentinel {
    warm_up: f64,
    window: f64,
    started: Option<f64>,
    /// The least value of each stretch, and when that was.
    points: Vec<Point>,
    /// How long a stretch is; zero is a sample.
    width: f64,
    /// The stretch that is not complete, and its beginning.
    open: Option<(f64, Point)>,
    /// While a leak goes on that was told: how fast it was then.
    told: Option<f64>,
    scratch: Vec<f64>,
    residuals: Vec<f64>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Finding {
    pub(super) per_second: f64,
    pub(super) growth: f64,
    pub(super) seconds: f64,
    pub(super) confidence: f64,
    /// The value at the beginning.
    pub(super) from: f64,
}

impl Sentinel {
    pub(super) fn new(rule: &LeakRule) -> Self {
        let warm_up = rule.warm_up.as_secs_f64();
        Self {
            warm_up,
            window: rule.window.as_secs_f64().max(2.0 * warm_up),
            started: None,
            points: Vec::with_capacity(POINTS),
            width: 0.0,
            open: None,
            told: None,
            scratch: Vec::with_capacity(POINTS * (POINTS - 1) / 2),
            residuals: Vec::with_capacity(POINTS),
        }
    }

    /// Enters a value; answers once per leak. Seconds that go back begin a new watch.
    pub(super) fn add(&mut self, rule: &LeakRule, seconds: f64, value: f64) -> Option<Finding> {
        let last = self.open.map_or(f64::NEG_INFINITY, |(_, (at, _))| at);
        if self.started.is_none_or(|started| seconds < started) || seconds < last {
            self.started = Some(seconds);
            self.points.clear();
            (self.width, self.open, self.told) = (0.0, None, None);
        }
        if seconds - self.started? < self.warm_up {
            return None;
        }
        match &mut self.open {
            Some((begin, least)) if seconds - *begin < self.width => {
                if value < least.1 {
                    *least = (seconds, value);
                }
                None
            }
            open => {
                let complete = open.replace((seconds, (seconds, value)));
                self.push(complete?.1);
                self.judge(rule)
            }
        }
    }

    fn push(&mut self, point: Point) {
        if self.points.len() == POINTS {
            let span = self.points[POINTS - 1].0 - self.points[0].0;
            let widest = self.window / (POINTS - 1) as f64;
            if span < self.window && self.width < widest {
                self.halve();
                self.width = (span / (POINTS / 2) as f64).clamp(self.width, widest);
            } else {
                self.points.remove(0);
            }
        }
        self.points.push(point);
    }

    /// Joins each two points to the lower one.
    fn halve(&mut self) {
        for place in 0..POINTS / 2 {
            let (one, other) = (self.points[place * 2], self.points[place * 2 + 1]);
            self.points[place] = if other.1 < one.1 { other } else { one };
        }
        self.points.truncate(POINTS / 2);
    }

    fn judge(&mut self, rule: &LeakRule) -> Option<Finding> {
        let (first, last) = (*self.points.first()?, *self.points.last()?);
        let seconds = last.0 - first.0;
        if self.points.len() < POINTS_AT_LEAST || seconds < self.warm_up {
            return None;
        }
        let per_second = trend::slope(&self.points, &mut self.scratch)?;
        if let Some(told) = self.told {
            if per_second < told * ENDED {
                self.told = None;
            }
            return None;
        }
        let growth = per_second * seconds;
        // Also when it is no number.
        if !(growth > 0.0 && growth >= rule.min_growth) {
            return None;
        }
        let (noise, middle) = self.noise(per_second)?;
        if growth < OVER_NOISE * noise || !self.is_steady(growth) {
            return None;
        }
        let confidence = self.confidence();
        if confidence < rule.confidence {
            return None;
        }
        self.told = Some(per_second);
        Some(Finding { per_second, growth, seconds, confidence, from: middle + per_second * first.0 })
    }

    /// How far points lie off the line, and where the line would be at the time zero.
    fn noise(&mut self, per_second: f64) -> Option<(f64, f64)> {
        self.residuals.clear();
        self.residuals.extend(self.points.iter().map(|(at, value)| value - per_second * at));
        self.scratch.clear();
        self.scratch.extend_from_slice(&self.residuals);
        let middle = trend::median(&mut self.scratch)?;
        self.scratch.iter_mut().for_each(|residual| *residual = (*residual - middle).abs());
        Some((trend::median(&mut self.scratch)? * DEVIATION, middle))
    }

    /// Whether every quarter has its share of the growth.
    fn is_steady(&mut self, growth: f64) -> bool {
        let count = self.points.len();
        let mut medians = [0.0; 4];
        for (quarter, found) in medians.iter_mut().enumerate() {
            let part = &self.points[quarter * count / 4..(quarter + 1) * count / 4];
            self.scratch.clear();
            self.scratch.extend(part.iter().map(|(_, value)| value));
            *found = trend::median(&mut self.scratch).unwrap_or(0.0);
        }
        medians.windows(2).all(|pair| pair[1] - pair[0] >= growth / 4.0 * STEADY)
    }

    fn confidence(&mut self) -> f64 {
        let mut values = [0.0; POINTS];
        for (value, point) in values.iter_mut().zip(&self.points) {
            *value = point.1;
        }
        trend::confidence(&values[..self.points.len()], &self.residuals, &mut self.scratch)
    }
}

#[cfg(test)]
#[path = "sentinel/tests.rs"]
mod tests;
