//! What somebody is told.

use std::borrow::Cow;
use std::fmt;
use std::fmt::Write as _;

use super::leak::Leak;
use super::metric::{Metric, Shown, Unit};
use super::sample::Sample;
use crate::format::{Time, printable};

/// Why an alert was sent.
///
/// ```
/// use lagom_profiler::{AlertKind, Monitor};
/// Monitor::builder().on_alert(1, |alert| assert_eq!(alert.kind(), AlertKind::Above)).build().sample();
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum AlertKind {
    /// The figure is at its level or above.
    Above,
    /// The figure is at its level or below.
    Below,
    /// The figure keeps growing.
    Leak,
}

impl AlertKind {
    /// `above`, `below` or `leak`.
    ///
    /// ```
    /// assert_eq!(lagom_profiler::AlertKind::Leak.name(), "leak");
    /// ```
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Above => "above",
            Self::Below => "below",
            Self::Leak => "leak",
        }
    }
}

/// A figure has reached a level, or keeps growing; handed to the callbacks of a [`Monitor`](crate::Monitor).
///
/// ```
/// use lagom_profiler::Monitor;
///
/// let monitor = Monitor::builder()
///     .on_alert(1, |alert| {
///         assert!(alert.value() >= alert.level());
///         println!("{}", alert.to_json_line());
///     })
///     .build();
/// monitor.sample();
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Alert {
    pub(crate) kind: AlertKind,
    pub(crate) figure: Cow<'static, str>,
    #[cfg_attr(feature = "serde", serde(skip))]
    pub(crate) unit: Option<Unit>,
    pub(crate) value: f64,
    pub(crate) level: f64,
    pub(crate) unix_ms: u64,
    pub(crate) leak: Option<Leak>,
    pub(crate) sample: Sample,
}

/// Getters with the example that all of them share.
macro_rules! getters {
    ($($(#[$doc:meta])* $name:ident: $type:ty = |$this:ident| $value:expr;)*) => {
        impl Alert {
            $(
                $(#[$doc])*
                ///
                /// ```
                /// # use lagom_profiler::Monitor;
                #[doc = concat!(
                    "Monitor::builder().on_alert(1, |alert| println!(\"{:?}\", alert.", stringify!($name), "())).build().sample();"
                )]
                /// ```
                #[must_use]
                pub fn $name(&self) -> $type {
                    let $this = self;
                    $value
                }
            )*
        }
    };
}

getters! {
    /// Why it was sent.
    kind: AlertKind = |this| this.kind;
    /// The name of the figure: that of a [`Metric`], or `set/figure` of a registered one.
    figure: &str = |this| &this.figure;
    /// The value that was seen; times in nanoseconds, shares as fractions.
    value: f64 = |this| this.value;
    /// The level that it reached; of a leak the value at which the watched time began.
    level: f64 = |this| this.level;
    /// The system's time, in milliseconds since 1970.
    unix_ms: u64 = |this| this.unix_ms;
    /// How fast it grows, if this is an alert of a leak.
    leak: Option<&Leak> = |this| this.leak.as_ref();
    /// The sample that showed it.
    sample: &Sample = |this| &this.sample;
}

impl Alert {
    /// One line of JSON without the line break, for a log: `{"event":"alert","kind":"above","figure":"rss",…}`, then all
    /// figures of the sample by their names. What is not known, and what is no finite number, is `null`.
    ///
    /// ```
    /// # use lagom_profiler::Monitor;
    /// Monitor::builder().on_alert(1, |alert| println!("{}", alert.to_json_line())).build().sample();
    /// ```
    #[must_use]
    pub fn to_json_line(&self) -> String {
        let mut line = format!("{{\"event\":\"alert\",\"unix_ms\":{},\"kind\":\"{}\"", self.unix_ms, self.kind.name());
        line.push_str(",\"figure\":\"");
        escape(&self.figure, &mut line);
        line.push('"');
        number(&mut line, "value", Some(self.value));
        number(&mut line, "level", Some(self.level));
        if let Some(leak) = &self.leak {
            number(&mut line, "per_second", Some(leak.per_second()));
            number(&mut line, "growth", Some(leak.growth()));
            number(&mut line, "span_s", Some(leak.span().as_secs_f64()));
            number(&mut line, "confidence", Some(leak.confidence()));
            number(&mut line, "room", leak.room().map(|room| room as f64));
            number(&mut line, "time_to_limit_s", leak.time_to_limit().map(|time| time.as_secs_f64()));
        }
        number(&mut line, "at_s", Some(self.sample.at().as_secs_f64()));
        for metric in Metric::ALL {
            number(&mut line, metric.name(), self.sample.get(metric));
        }
        line.push('}');
        line
    }
}

fn number(line: &mut String, name: &str, value: Option<f64>) {
    // Writing to a `String` cannot fail.
    let _ = match value.filter(|value| value.is_finite()) {
        Some(value) => write!(line, ",\"{name}\":{value}"),
        None => write!(line, ",\"{name}\":null"),
    };
}

/// The inside of a JSON string.
fn escape(text: &str, line: &mut String) {
    for c in text.chars() {
        match c {
            '"' => line.push_str("\\\""),
            '\\' => line.push_str("\\\\"),
            // Also what some readers take for the end of a line.
            c if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') => {
                let _ = write!(line, "\\u{:04x}", u32::from(c));
            }
            c => line.push(c),
        }
    }
}

/// `rss is 1.20G, above the level of 1.00G, after 12.5s`
impl fmt::Display for Alert {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let figure = printable(&self.figure);
        let after = Time::from(self.sample.at());
        if let Some(leak) = &self.leak {
            return write!(f, "{figure} {leak}; after {after}");
        }
        let side = self.kind.name();
        match self.unit {
            Some(unit) => {
                let (value, level) = (Shown(unit, self.value), Shown(unit, self.level));
                write!(f, "{figure} is {value}, {side} the level of {level}, after {after}")
            }
            None => write!(f, "{figure} is {}, {side} the level of {}, after {after}", self.value, self.level),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alert(figure: &str, value: f64) -> Alert {
        Alert {
            kind: AlertKind::Above,
            figure: Cow::Owned(figure.to_owned()),
            unit: None,
            value,
            level: 1e300,
            unix_ms: 7,
            leak: None,
            sample: Sample::default(),
        }
    }

    #[test]
    fn the_line_is_json_whatever_the_name() {
        let name = "a\"b\\c\n\u{1}\u{7f}\u{85}\u{2028}é\u{1f600}/x";
        let line = alert(name, -0.5).to_json_line();
        assert!(!line.contains(char::is_control) && !line.contains('\u{2028}'), "{line}");
        let json: serde_json::Value = serde_json::from_str(&line).expect("valid");
        assert_eq!(json["figure"], name);
        assert_eq!((&json["value"], &json["level"]), (&(-0.5).into(), &1e300.into()));
        assert!(json["rss"].is_null() && json["pressure_stalled_ns"].is_null());
        for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let line = alert("x", value).to_json_line();
            assert!(serde_json::from_str::<serde_json::Value>(&line).expect("valid")["value"].is_null());
        }
    }

    #[test]
    fn the_line_of_a_leak_has_its_figures() {
        let mut alert = alert("rss", 5.0);
        let mut leak = Leak {
            unit: Unit::Bytes,
            per_second: 1024.0,
            growth: 61_440.0,
            span_ns: 60_000_000_000,
            confidence: 0.9999,
            room: Some(1 << 20),
        };
        assert_eq!(leak.to_string(), "grew by 60.0K in 60.0s, 1.00K/s; 1024s to the limit");
        alert.leak = Some(leak);
        let json: serde_json::Value = serde_json::from_str(&alert.to_json_line()).expect("valid");
        assert_eq!((&json["time_to_limit_s"], &json["room"]), (&1024.into(), &(1 << 20).into()));
        for (per_second, room) in
            [(0.0, Some(5)), (1e-300, Some(u64::MAX)), (f64::NAN, Some(5)), (-1.0, Some(5)), (1.0, None)]
        {
            (leak.per_second, leak.room) = (per_second, room);
            assert_eq!(leak.time_to_limit(), None, "{per_second} {room:?}");
        }
    }
}
