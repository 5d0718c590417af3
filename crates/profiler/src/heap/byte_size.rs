//! Sizes as they are written in limits: `100`, `"64 KiB"`, `"1.5 MB"`.

/// A literal: a number, or a text with a unit.
#[derive(Debug)]
pub struct Literal<T>(pub T);

const NO_SIZE: &str = "a size is a number and a unit: B, KiB, MiB, GiB, TiB (powers of 1,024) or kB, MB, GB, TB (powers of \
                       1,000), as in \"64 KiB\"";

impl Literal<u64> {
    /// The number itself.
    #[must_use]
    pub const fn bytes(self) -> u64 {
        self.0
    }
}

impl Literal<&str> {
    /// So many bytes, rounded down.
    ///
    /// # Panics
    ///
    /// If it is no size; at compile time, as the macros evaluate it in a constant.
    #[must_use]
    pub const fn bytes(self) -> u64 {
        match bytes(self.0) {
            Some(bytes) => bytes,
            None => panic!("{}", NO_SIZE),
        }
    }
}

/// The value of a text, `None` if it is no size or beyond 2^64.
const fn bytes(text: &str) -> Option<u64> {
    let text = text.as_bytes();
    let (mut at, mut digits, mut fraction) = (0, 0_u128, None);
    let mut divisor = 1_u128;
    while at < text.len() {
        match text[at] {
            digit @ b'0'..=b'9' => {
                if digits > u64::MAX as u128 {
                    return None;
                }
                digits = 10 * digits + (digit - b'0') as u128;
                if fraction.is_some() {
                    divisor *= 10;
                }
            }
            b'_' | b',' if fraction.is_none() && at > 0 => {}
            b'.' if fraction.is_none() && at > 0 => fraction = Some(at),
            _ => break,
        }
        at += 1;
    }
    // A digit on either side of the point.
    let ends_in_a_digit = at > 0 && text[at - 1].is_ascii_digit();
    if !ends_in_a_digit || !text[0].is_ascii_digit() {
        return None;
    }
    while at < text.len() && text[at] == b' ' {
        at += 1;
    }
    let unit = match unit(text, at) {
        Some(unit) => unit,
        None => return None,
    };
    // A part of a byte is no size.
    if unit == 1 && fraction.is_some() {
        return None;
    }
    let bytes = digits * unit / divisor;
    if bytes > u64::MAX as u128 { None } else { Some(bytes as u64) }
}

/// What the text from `at` on stands for.
const fn unit(text: &[u8], at: usize) -> Option<u128> {
    let left = text.len() - at;
    let is_bytes = left > 0 && text[text.len() - 1] == b'B';
    let power = if left == 0 || (left == 1 && is_bytes) {
        return Some(1);
    } else {
        match text[at] {
            b'k' | b'K' => 1,
            b'M' => 2,
            b'G' => 3,
            b'T' => 4,
            _ => return None,
        }
    };
    if left == 3 && is_bytes && text[at + 1] == b'i' {
        Some(1024_u128.pow(power))
    } else if left == 2 && is_bytes {
        Some(1000_u128.pow(power))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        for (text, expected) in [
            ("0", 0),
            ("100", 100),
            ("100B", 100),
            ("64 KiB", 65_536),
            ("64KB", 64_000),
            ("64 kB", 64_000),
            ("1 MiB", 1 << 20),
            ("1.5 MiB", 3 << 19),
            ("0.001 kB", 1),
            ("1,000,000 B", 1_000_000),
            ("1_000", 1_000),
            ("3 GB", 3_000_000_000),
            ("2TiB", 2 << 40),
            ("18446744073709551615", u64::MAX),
        ] {
            assert_eq!(bytes(text), Some(expected), "{text}");
        }
        for text in [
            "",
            " ",
            "KiB",
            "MiB 1",
            "1 mib",
            "1 Mib",
            "1 M",
            "1 MiBs",
            "-1",
            "+1",
            ".5 MiB",
            "1. MiB",
            "1.5",
            "1.5 B",
            "1..5 kB",
            "1 k B",
            "1e6",
            "18446744073709551616",
            "20000000 TiB",
            "99999999999999999999999999999999999999999 B",
            "1\u{a0}MiB",
            "1_",
        ] {
            assert_eq!(bytes(text), None, "{text}");
        }
    }
}
