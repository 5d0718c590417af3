//! Time zones as tables of offsets: a conversion is one search in a short list.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use lagom::memo::memoize;
use lagom::profiler::profile;

use crate::input::NoArrival;

const DAY: i64 = 24 * 3600;
/// Unix time from and until which the offsets are listed; others are asked of the time zone database. 2000 to 2040.
const LISTED: std::ops::Range<i64> = 946_684_800..2_208_988_800;

/// A time zone.
pub(super) struct Zone {
    /// `None` when nobody knows a zone of this name.
    rules: Option<TimeZone>,
    /// From which second on which offset holds, in order; the first one is the start of [`LISTED`]. Empty without rules.
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

    /// The hour of the day on local clocks, so many minutes after `time`.
    ///
    /// # Errors
    ///
    /// When the time is beyond the calendar, or the zone is unknown.
    pub(super) fn hour(&self, time: Timestamp, minutes: i64) -> Result<usize, NoArrival> {
        // Fractions of a second do not matter, but before 1970 they count downwards.
        let second = time.as_second() - i64::from(time.subsec_nanosecond() < 0) + 60 * minutes;
        let offset = if LISTED.contains(&second) {
            let next = self.offsets.partition_point(|&(from, _)| from <= second);
            self.offsets.get(next.wrapping_sub(1)).ok_or(NoArrival::UnknownZone)?.1
        } else {
            let time = Timestamp::from_second(second).map_err(|_| NoArrival::BeyondCalendar)?;
            self.rules.as_ref().ok_or(NoArrival::UnknownZone)?.to_offset(time).seconds()
        };
        Ok(((second + i64::from(offset)).rem_euclid(DAY) / 3600) as usize)
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
                let time = Timestamp::from_second(second - 60).unwrap();
                assert_eq!(zone.hour(time, 1).ok(), usize::try_from(local.hour()).ok(), "{name} at {second}");
            }
        }
    }

    #[test]
    fn an_unknown_zone_has_no_hours() {
        let now = Timestamp::from_second(LISTED.start).unwrap();
        assert_eq!(zone("Atlantis/Main_Street").hour(now, 0), Err(NoArrival::UnknownZone));
        assert_eq!(zone("Atlantis/Main_Street").hour(Timestamp::UNIX_EPOCH, 0), Err(NoArrival::UnknownZone));
        assert_eq!(zone("Atlantis/Main_Street").hour(Timestamp::MAX, 60), Err(NoArrival::BeyondCalendar));
        assert_eq!(zone("America/New_York").hour(Timestamp::MIN, -1), Err(NoArrival::BeyondCalendar));
    }
}
