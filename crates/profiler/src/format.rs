//! Figures for people: three significant digits, at most six characters.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

/// No line of a report is longer.
pub(crate) const WIDTH: usize = 100;

/// A duration: `999ns`, `1.23ms`, `45.6s`, `2.00h`.
pub(crate) struct Time(pub(crate) u64);

impl From<Duration> for Time {
    fn from(time: Duration) -> Self {
        Self(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX))
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = if self.0 < 1_000 {
            format!("{}ns", self.0)
        } else {
            scaled(self.0, &[(1_000, "us"), (1_000_000, "ms"), (1_000_000_000, "s"), (3_600_000_000_000, "h")])
        };
        f.pad(&text)
    }
}

/// A number of things: exact below 100,000, then `123k`, `1.23M`.
pub(crate) struct Count(pub(crate) u64);

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = if self.0 < 100_000 {
            self.0.to_string()
        } else {
            scaled(
                self.0,
                &[
                    (1_000, "k"),
                    (1_000_000, "M"),
                    (1_000_000_000, "G"),
                    (1_000_000_000_000, "T"),
                    (1_000_000_000_000_000, "P"),
                ],
            )
        };
        f.pad(&text)
    }
}

/// Bytes in powers of 1,024: `1023B`, `1.00K`, `12.3M`.
pub(crate) struct Bytes(pub(crate) u64);

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = if self.0 < 1_024 {
            format!("{}B", self.0)
        } else {
            scaled(self.0, &[(1 << 10, "K"), (1 << 20, "M"), (1 << 30, "G"), (1 << 40, "T"), (1 << 50, "P")])
        };
        f.pad(&text)
    }
}

/// A change in bytes: `-1.00K`, `0B`, `12B`.
pub(crate) struct SignedBytes(pub(crate) i64);

impl fmt::Display for SignedBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        f.pad(&format!("{sign}{}", Bytes(self.0.unsigned_abs())))
    }
}

/// An average: `0`, `0.05`, `1.50`, `123`.
pub(crate) struct Mean(pub(crate) f64);

impl fmt::Display for Mean {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self.0 {
            0.0 => "0".to_string(),
            value if value < 9.995 => format!("{value:.2}"),
            value if value < 99.95 => format!("{value:.1}"),
            value => Count(value.round() as u64).to_string(),
        };
        f.pad(&text)
    }
}

/// The largest unit of which there is at least one, after rounding; units ascend.
fn scaled(value: u64, units: &[(u64, &str)]) -> String {
    let mut text = String::new();
    for (place, (size, suffix)) in units.iter().enumerate() {
        let amount = value as f64 / *size as f64;
        text = match amount {
            a if a < 9.995 => format!("{a:.2}{suffix}"),
            a if a < 99.95 => format!("{a:.1}{suffix}"),
            a => format!("{a:.0}{suffix}"),
        };
        // 999.6 rounds up to the next unit.
        let next = units.get(place + 1).map_or(f64::INFINITY, |(next, _)| *next as f64 / *size as f64);
        if amount.round() < next {
            break;
        }
    }
    text
}

/// A figure of any meaning: exact if it is whole, else three decimals; by powers of ten where that says too much or
/// nothing.
pub(crate) struct Figure(pub(crate) f64);

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let size = self.0.abs();
        if size >= 1e15 || (size > 0.0 && size < 1e-3) {
            write!(f, "{:.3e}", self.0)
        } else if self.0.fract() == 0.0 {
            write!(f, "{:.0}", self.0)
        } else {
            write!(f, "{:.3}", self.0)
        }
    }
}

/// A name as it may stand in a line: what would break the line or steer a terminal is escaped.
pub(crate) fn printable(name: &str) -> Cow<'_, str> {
    let harmful = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
    if !name.contains(harmful) {
        return Cow::Borrowed(name);
    }
    let mut text = String::with_capacity(name.len() + 8);
    for c in name.chars() {
        if harmful(c) {
            text.extend(c.escape_default());
        } else {
            text.push(c);
        }
    }
    Cow::Owned(text)
}

/// The end of a text that must fit `width` columns, with a mark where it was cut: the end of a path tells most.
pub(crate) fn tail(text: &str, width: usize) -> String {
    let length = text.chars().count();
    if length <= width {
        return text.to_string();
    }
    let mut short = String::from("…");
    short.extend(text.chars().skip(length + 1 - width.max(1)));
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_digits_and_six_columns() {
        let times = [(0, "0ns"), (999, "999ns"), (1_000, "1.00us"), (999_600, "1.00ms"), (12_345_678, "12.3ms")];
        for (ns, text) in times {
            assert_eq!(Time(ns).to_string(), text);
        }
        assert_eq!(Time(3_599_000_000_000).to_string(), "3599s");
        assert_eq!(Time(86_400_000_000_000).to_string(), "24.0h");
        assert_eq!(Count(99_999).to_string(), "99999");
        assert_eq!(Count(100_000).to_string(), "100k");
        assert_eq!(Count(1_234_567).to_string(), "1.23M");
        assert_eq!(Bytes(1_023).to_string(), "1023B");
        assert_eq!(Bytes(1_048_575).to_string(), "1.00M");
        assert_eq!(Bytes(u64::MAX).to_string(), "16384P");
        assert_eq!(Mean(0.0).to_string(), "0");
        assert_eq!(Mean(9.999).to_string(), "10.0");
        assert_eq!(Mean(1e6).to_string(), "1.00M");
        for shift in 0..64 {
            for value in [1_u64 << shift, (1 << shift) - 1, (1 << shift) + (1 << shift) / 2] {
                assert!(Count(value).to_string().len() <= 6, "{value}");
                assert!(Bytes(value).to_string().len() <= 6, "{value}");
            }
        }
    }

    #[test]
    fn figures_of_any_size_are_short() {
        let figures = [
            (0.0, "0"),
            (-3.0, "-3"),
            (0.125, "0.125"),
            (0.000_01, "1.000e-5"),
            (999_999_999_999_999.0, "999999999999999"),
            (1e15, "1.000e15"),
            (-1.5e300, "-1.500e300"),
            (f64::INFINITY, "inf"),
            (f64::NAN, "NaN"),
        ];
        for (value, text) in figures {
            assert_eq!(Figure(value).to_string(), text);
        }
        assert!(Figure(0.1 + 1e14).to_string().len() < 25);
    }

    #[test]
    fn a_name_cannot_break_the_line() {
        assert!(matches!(printable("plain é"), Cow::Borrowed("plain é")));
        assert_eq!(printable("a\nb\tc\x1b[31m\u{2028}"), "a\\nb\\tc\\u{1b}[31m\\u{2028}");
    }

    #[test]
    fn a_long_name_keeps_its_end() {
        assert_eq!(tail("parse", 5), "parse");
        assert_eq!(tail("a::long::path", 8), "…g::path");
        assert_eq!(tail("é€ß", 2), "…ß");
        assert_eq!(tail("abc", 1), "…");
    }
}
