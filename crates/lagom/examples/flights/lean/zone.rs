//! Time zones as tables of offsets: a conversion is one search in a short list.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use lagom::memo::memoize;
use lagom::profiler::profile;

const DAY: i64 = 24 * 3600;
/// Unix time from and until which the offsets are listed; others are asked of the time zone database. 2000 to 2040.
const LISTED: std::ops::Range<i64> = 946_684_800..2_208_988_800;

/// A time zone.
pub(super) struct Zone {
    /// `None` when nobody knows a zone of this name.
    rules: Option<TimeZone>,
    /// From which second on which offset holds, in order; the first one is the start of [`LISTED`].
    offsets: Vec<(i64, i32)>,
}

/// The time zone of this name: looked up once, however many airports have it.
#[memoize(capacity = 1_000)]
#[profile(name = "lean::zone")]
pub(super) fn zone(name: &str) -> Arc<Zone> {
    Arc::new(Zone::new(name))
}

impl Zone {
    fn new(name: &str) -> Self {
        let rules = TimeZone::get(name).ok();
        let mut offsets = Vec::new();
        if let (Some(rules), Ok(start)) = (&rules, Timestamp::from_second(LISTED.start)) {
            offsets.push((LISTED.start, rules.to_offset(start).seconds()));
            let changes =
                rules.following(start).map(|change| (change.timestamp().as_second(), change.offset().seconds()));
            offsets.extend(changes.take_while(|(second, _)| LISTED.contains(second)));
        }
        Self { rules, offsets }
    }

    /// The hour of the day on local clocks; `None` when the zone is unknown or the time beyond all calendars.
    pub(super) fn hour(&self, second: i64) -> Option<usize> {
        let rules = self.rules.as_ref()?;
        let offset = if LISTED.contains(&second) {
            let next = self.offsets.partition_point(|&(from, _)| from <= second);
            self.offsets[next - 1].1
        } else {
            rules.to_offset(Timestamp::from_second(second).ok()?).seconds()
        };
        usize::try_from((second + i64::from(offset)).rem_euclid(DAY) / 3600).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_are_those_of_the_time_zone_database() {
        for name in ["America/New_York", "Pacific/Honolulu", "Asia/Kolkata", "Pacific/Chatham", "UTC"] {
            let zone = zone(name);
            let rules = TimeZone::get(name).unwrap();
            for second in (LISTED.start - 400 * DAY..LISTED.end + 400 * DAY).step_by(7 * 3600 + 13) {
                let local = Timestamp::from_second(second).unwrap().to_zoned(rules.clone());
                assert_eq!(zone.hour(second), usize::try_from(local.hour()).ok(), "{name} at {second}");
            }
        }
    }

    #[test]
    fn an_unknown_zone_has_no_hours() {
        assert_eq!(zone("Atlantis/Main_Street").hour(0), None);
        assert_eq!(zone("America/New_York").hour(i64::MAX), None);
    }
}
