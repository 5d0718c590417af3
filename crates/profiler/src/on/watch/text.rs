//! Small files of the kernel: one `read`, numbers, lines of `name: value`.

use std::fs::File;
use std::io::Read;
use std::path::Path;

/// `status` has some 1,500 bytes, more only for a user of hundreds of groups.
pub(super) const BUFFER: usize = 4_096;

/// The beginning of a file, as far as the buffer reaches. Allocates nothing.
pub(super) fn read<'a>(path: &Path, buffer: &'a mut [u8]) -> Option<&'a str> {
    let mut file = File::open(path).ok()?;
    let mut length = 0;
    while length < buffer.len() {
        match file.read(&mut buffer[length..]).ok()? {
            0 => break,
            more => length += more,
        }
    }
    std::str::from_utf8(&buffer[..length]).ok()
}

/// Digits alone: `parse` would take a sign.
pub(super) fn number(text: &str) -> Option<u64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

/// `1564 kB` in bytes.
pub(super) fn kib(text: &str) -> Option<u64> {
    number(text.strip_suffix(" kB")?)?.checked_mul(1_024)
}

/// A line such as `VmRSS:     1564 kB`. A line break in the program's name is escaped there.
pub(super) fn field(line: &[u8]) -> Option<(&str, &str)> {
    let (name, value) = std::str::from_utf8(line).ok()?.split_once(':')?;
    Some((name, value.trim_ascii()))
}

/// Lines of that kind, of which the last may be cut and is left out.
pub(super) fn lines(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    whole.split('\n').filter_map(|line| field(line.as_bytes()))
}

/// Calls back with every line that fits the buffer; others, such as a long list of groups, are left out.
pub(super) fn for_each_line(
    buffer: &mut [u8],
    mut read_at: impl FnMut(&mut [u8], u64) -> Option<usize>,
    mut each: impl FnMut(&[u8]),
) {
    let mut at = 0;
    // Set while the rest of a line that is too long passes by.
    let mut skipping = false;
    while let Some(length) = read_at(buffer, at).filter(|length| *length > 0) {
        let text = &buffer[..length];
        let Some(end) = text.iter().rposition(|byte| *byte == b'\n') else {
            skipping = true;
            at += length as u64;
            continue;
        };
        for line in text[..end].split(|byte| *byte == b'\n') {
            if !std::mem::take(&mut skipping) {
                each(line);
            }
        }
        at += end as u64 + 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_found_among_others_of_any_kind_and_length() {
        let mut text = b"Name:\tVmRSS:\\n\xff\nGroups:\t".to_vec();
        text.extend(b"Threads: ".repeat(200));
        text.extend(b"\nVmHWM:\t    1690 kB\nRssAnon:\t 1 kB\nThreads:\t42\nlast:\t1");
        for size in [24, 25, 40, 64, 1_000, 4_096] {
            let read_at = |buffer: &mut [u8], at: u64| {
                let rest = &text[usize::try_from(at).expect("small")..];
                let length = rest.len().min(buffer.len());
                buffer[..length].copy_from_slice(&rest[..length]);
                Some(length)
            };
            let mut found = Vec::new();
            for_each_line(&mut vec![0; size], read_at, |line| {
                if let Some((name, value)) = field(line) {
                    found.push((name.to_owned(), value.to_owned()));
                }
            });
            for pair in [("VmHWM", "1690 kB"), ("RssAnon", "1 kB"), ("Threads", "42")] {
                assert!(found.contains(&(pair.0.to_owned(), pair.1.to_owned())), "{size} {found:?}");
            }
            // Neither the rest of a long line nor a line without an end, which may be cut.
            let whole = text.split(|byte| *byte == b'\n').filter_map(field).collect::<Vec<_>>();
            assert!(
                found.iter().all(|(name, value)| name != "last" && whole.contains(&(name, value))),
                "{size} {found:?}"
            );
        }
    }

    #[test]
    fn numbers_are_digits_that_fit() {
        assert_eq!((number("0"), number("18446744073709551615")), (Some(0), Some(u64::MAX)));
        for text in ["", "-1", "+1", " 1", "1 ", "0x1", "18446744073709551616", "\u{661}"] {
            assert_eq!(number(text), None, "{text:?}");
        }
        assert_eq!(kib("2 kB"), Some(2_048));
        for text in ["2", "2 KB", "kB", " kB", "18446744073709551615 kB"] {
            assert_eq!(kib(text), None, "{text:?}");
        }
        assert_eq!(lines("a: 1\nb\nc:2\nd: 3").collect::<Vec<_>>(), [("a", "1"), ("c", "2")]);
        assert_eq!(lines("a: 1").count() + lines("").count(), 0);
    }
}
