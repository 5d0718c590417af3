//! What may stand in a field: the same for both pipelines, and the same words for what may not.

use jiff::Timestamp;

/// What is wrong with a text: follows it in a sentence.
pub(crate) type Fault = &'static str;

/// A value that a field holds as text.
pub(crate) trait Field: Sized {
    /// Understands a text.
    ///
    /// # Errors
    ///
    /// When it is no such value.
    fn parse(text: &str) -> Result<Self, Fault>;
}

/// A column that a table must have.
#[derive(Debug)]
pub(crate) struct Column {
    pub(crate) name: &'static str,
    fault: fn(&str) -> Option<Fault>,
}

impl Column {
    /// Any text.
    pub(crate) const fn text(name: &'static str) -> Self {
        Self { name, fault: |_| None }
    }

    /// Values of this type.
    pub(crate) const fn of<T: Field>(name: &'static str) -> Self {
        Self { name, fault: |text| T::parse(text).err() }
    }

    /// What is wrong with a text in this column, if anything.
    pub(crate) fn fault(&self, text: &str) -> Option<Fault> {
        (self.fault)(text)
    }
}

/// A full hour.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FullHour(pub(crate) Timestamp);

impl FullHour {
    const SECONDS: i64 = 3600;

    /// This time, if it is a full hour to the nanosecond.
    pub(crate) fn new(time: Timestamp) -> Option<Self> {
        (time.subsec_nanosecond() == 0 && time.as_second() % Self::SECONDS == 0).then_some(Self(time))
    }

    /// Hours since 1970.
    pub(crate) fn number(self) -> i64 {
        self.0.as_second() / Self::SECONDS
    }
}

/// The text, unless it stands for a missing value.
pub(crate) fn present(text: &str) -> Option<&str> {
    (text != "NA" && text != "\\N").then_some(text)
}

/// A sign, if any, and decimal digits, in the range of `T`.
fn whole<T: TryFrom<i64>>(text: &str) -> Option<T> {
    T::try_from(text.parse().ok()?).ok()
}

/// Rust reads `inf` and `nan` as numbers; in a table they are none.
fn finite(text: &str) -> Option<f64> {
    text.parse().ok().filter(|number: &f64| number.is_finite())
}

fn or_na<T>(value: Option<T>, text: &str, fault: Fault) -> Result<Option<T>, Fault> {
    if value.is_none() && present(text).is_some() { Err(fault) } else { Ok(value) }
}

impl Field for u8 {
    fn parse(text: &str) -> Result<Self, Fault> {
        whole(text).ok_or("is not a whole number from 0 to 255")
    }
}

impl Field for u32 {
    fn parse(text: &str) -> Result<Self, Fault> {
        whole(text).ok_or("is not a whole number from 0 to 4294967295")
    }
}

impl Field for Option<i32> {
    fn parse(text: &str) -> Result<Self, Fault> {
        or_na(whole(text), text, "is neither a whole number of at most 32 bits nor NA")
    }
}

impl Field for f64 {
    fn parse(text: &str) -> Result<Self, Fault> {
        finite(text).ok_or("is not a number")
    }
}

impl Field for Option<f64> {
    fn parse(text: &str) -> Result<Self, Fault> {
        or_na(finite(text), text, "is neither a number nor NA")
    }
}

impl Field for Timestamp {
    fn parse(text: &str) -> Result<Self, Fault> {
        text.parse().map_err(|_| "is not a time such as 2013-01-01T10:00:00Z")
    }
}

impl Field for FullHour {
    fn parse(text: &str) -> Result<Self, Fault> {
        let time = text.parse().ok();
        time.and_then(Self::new).ok_or("is not a full hour such as 2013-01-01T10:00:00Z")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_are_sign_and_digits_in_range() {
        for text in
            ["0", "+7", "007", "2147483647", "-2147483648", "255", "-1", "256", "2147483648", "", "-", "1x", "１"]
        {
            assert_eq!(<Option<i32>>::parse(text).ok(), text.parse().ok().map(Some), "{text:?}");
            assert_eq!(u8::parse(text).ok(), text.parse().ok(), "{text:?}");
            assert_eq!(u32::parse(text).ok(), text.parse().ok(), "{text:?}");
        }
        assert_eq!((u8::parse("-0"), u32::parse("-0")), (Ok(0), Ok(0)));
        assert!(u8::parse("0x3").is_err());
    }

    #[test]
    fn missing_values_are_missing_only_where_they_may() {
        for text in ["NA", "\\N"] {
            assert_eq!((<Option<i32>>::parse(text), <Option<f64>>::parse(text)), (Ok(None), Ok(None)));
            assert!(u8::parse(text).is_err() && f64::parse(text).is_err() && Timestamp::parse(text).is_err());
            assert_eq!(present(text), None);
        }
        assert_eq!(present("na"), Some("na"));
        assert!(<Option<f64>>::parse("nan").is_err() && <Option<f64>>::parse("inf").is_err());
    }

    #[test]
    fn full_hours_are_counted_from_1970() {
        let number = |text| FullHour::parse(text).map(FullHour::number).ok();
        assert_eq!(number("1970-01-01T02:00:00Z"), Some(2));
        assert_eq!(number("1969-12-31T23:00:00Z"), Some(-1));
        assert_eq!(number("1969-12-31T23:59:59.5Z"), None);
        assert_eq!(number("1970-01-01T00:00:00.000000001Z"), None);
        assert_eq!(number("1970-01-01T02:30:00Z"), None);
    }
}
