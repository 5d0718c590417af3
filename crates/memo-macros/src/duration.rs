//! Durations as people write them: "300s", "1h30m".

use core::time::Duration;

/// The units and their length in nanoseconds.
const UNITS: [(&str, u64); 7] = [
    ("ns", 1),
    ("us", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60 * 1_000_000_000),
    ("h", 3_600 * 1_000_000_000),
    ("d", 86_400 * 1_000_000_000),
];

/// Reads one or more whole numbers, each with its unit, such as `300s` or `1h 30m`.
pub(crate) fn parse(text: &str) -> Result<Duration, String> {
    let mut rest = text.trim();
    if rest.is_empty() {
        return Err(r#"the duration is empty: write it like "300s""#.to_owned());
    }
    let mut total = Duration::ZERO;
    while !rest.is_empty() {
        let (number, after) = split_while(rest, |c| c.is_ascii_digit() || c == '_');
        let (unit, after) = split_while(after, char::is_alphabetic);
        if !number.contains(|c: char| c.is_ascii_digit()) {
            return Err(format!(r#"expected a whole number at `{rest}`: write durations like "300s" or "1h30m""#));
        }
        if unit.is_empty() {
            return Err(format!(r#"`{number}` needs a unit, one of ns, us, ms, s, m, h, d: for seconds "{number}s""#));
        }
        let Some((_, nanos)) = UNITS.iter().find(|(name, _)| *name == unit) else {
            return Err(format!("unknown unit `{unit}`: there are ns, us, ms, s, m, h, d"));
        };
        let too_long = || format!("`{number}{unit}` is too long for a duration");
        let number: u64 = number.replace('_', "").parse().map_err(|_| too_long())?;
        let nanos = u128::from(number) * u128::from(*nanos);
        let seconds = u64::try_from(nanos / 1_000_000_000).map_err(|_| too_long())?;
        let part = Duration::new(seconds, (nanos % 1_000_000_000) as u32);
        total = total.checked_add(part).ok_or_else(too_long)?;
        rest = after.trim_start();
    }
    Ok(total)
}

fn split_while(text: &str, matches: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(|c| !matches(c)).unwrap_or(text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_unit() {
        for (text, expected) in [
            ("7ns", Duration::from_nanos(7)),
            ("7us", Duration::from_micros(7)),
            ("250ms", Duration::from_millis(250)),
            ("5s", Duration::from_secs(5)),
            ("10m", Duration::from_secs(600)),
            ("1h", Duration::from_secs(3_600)),
            ("2d", Duration::from_secs(172_800)),
            ("0s", Duration::ZERO),
            (" 1h 30m ", Duration::from_secs(5_400)),
            ("1m1s1ms", Duration::from_millis(61_001)),
            ("1_000s", Duration::from_secs(1_000)),
            ("18446744073709551615s", Duration::from_secs(u64::MAX)),
        ] {
            assert_eq!(parse(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_duration() {
        for (text, says) in [
            ("", "empty"),
            ("  ", "empty"),
            ("300", "needs a unit"),
            ("1h30", "`30` needs a unit"),
            ("s", "expected a whole number"),
            ("-5s", "expected a whole number"),
            ("1.5s", "needs a unit"),
            ("_s", "expected a whole number"),
            ("5 s", "needs a unit"),
            ("5sec", "unknown unit `sec`"),
            ("5S", "unknown unit `S`"),
            ("5µs", "unknown unit `µs`"),
            ("18446744073709551616s", "too long"),
            ("18446744073709551615d", "too long"),
            ("18446744073709551615s1s", "too long"),
        ] {
            let error = parse(text).expect_err(text);
            assert!(error.contains(says), "{text}: {error}");
        }
    }
}
