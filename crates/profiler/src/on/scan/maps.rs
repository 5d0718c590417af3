//! What is mapped, from `/proc/self/maps`, read without allocating.

use std::ops::Deref;

use super::file::File;
use super::space::{Array, Zero};

/// One mapping.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Mapping {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) readable: bool,
    pub(super) writable: bool,
    pub(super) shared: bool,
    /// Part of a file.
    pub(super) file: bool,
    /// Of the kernel: `[vvar]`, `[vdso]`, `[vsyscall]`.
    pub(super) kernel: bool,
    /// The stack of the main thread.
    pub(super) stack: bool,
}

// SAFETY: numbers, and booleans, of which zero is `false`.
#[allow(unsafe_code, reason = "a marker")]
unsafe impl Zero for Mapping {}

/// All mappings, ascending; and what holds them, which is among them and must be there as long as they are looked at.
#[derive(Debug)]
pub(super) struct Mappings {
    list: Array<Mapping>,
    buffer: Array<u8>,
}

impl Mappings {
    /// Where they are themselves.
    pub(super) fn own(&self) -> [(usize, usize); 2] {
        [self.list.range(), self.buffer.range()]
    }
}

impl Deref for Mappings {
    type Target = [Mapping];
    fn deref(&self) -> &[Mapping] {
        &self.list
    }
}

/// `None` if they cannot be read, or are too many.
pub(super) fn read(file: &File) -> Option<Mappings> {
    let mut mappings = Mappings { list: Array::new(1 << 18)?, buffer: Array::zeros(1 << 16)? };
    let (list, buffer) = (&mut mappings.list, &mut mappings.buffer);
    let mut kept = 0;
    let mut at = 0;
    loop {
        let count = file.read_at(buffer.get_mut(kept..)?, at)?;
        at += count as u64;
        let full = kept + count;
        let mut begin = 0;
        while let Some(length) = buffer.get(begin..full)?.iter().position(|&byte| byte == b'\n') {
            let mapping = parse(buffer.get(begin..begin + length)?)?;
            if !list.push(mapping) {
                return None;
            }
            begin += length + 1;
        }
        if count == 0 {
            return (begin == full).then_some(mappings);
        }
        buffer.copy_within(begin..full, 0);
        kept = full - begin;
    }
}

/// `55d0c7a00000-55d0c7a21000 rw-p 00000000 00:00 0   [heap]`
fn parse(line: &[u8]) -> Option<Mapping> {
    let mut words = line.split(|&byte| byte == b' ').filter(|word| !word.is_empty());
    let mut ends = words.next()?.split(|&byte| byte == b'-').map(hexadecimal);
    let (start, end) = (ends.next()??, ends.next()??);
    let rights = words.next()?;
    let inode = words.nth(2)?;
    let name = words.next().unwrap_or_default();
    Some(Mapping {
        start,
        end,
        readable: *rights.first()? == b'r',
        writable: *rights.get(1)? == b'w',
        shared: *rights.get(3)? == b's',
        file: inode != b"0",
        kernel: name.starts_with(b"[v"),
        stack: name == b"[stack]",
    })
}

fn hexadecimal(digits: &[u8]) -> Option<usize> {
    digits.iter().try_fold(0_usize, |value, &digit| {
        let digit = char::from(digit).to_digit(16)?;
        value.checked_mul(16)?.checked_add(digit as usize)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_understood() {
        let mapping =
            parse(b"55d0c7a00000-55d0c7a21000 rw-p 00000000 00:00 0                          [heap]").unwrap();
        assert_eq!((mapping.start, mapping.end), (0x55d0_c7a0_0000, 0x55d0_c7a2_1000));
        assert!(mapping.readable && mapping.writable && !mapping.shared && !mapping.file && !mapping.stack);
        let mapping = parse(b"7f1-7f2 r--s 00001000 fe:01 1234 /a b (deleted)").unwrap();
        assert!(mapping.readable && !mapping.writable && mapping.shared && mapping.file);
        assert!(parse(b"7ffd0-7ffd1 r-xp 0 00:00 0 [vdso]").unwrap().kernel);
        assert!(parse(b"7ffd0-7ffd1 rw-p 0 00:00 0 [stack]").unwrap().stack);
        assert_eq!(parse(b"7ffd0-7ffd1 rw-p"), None);
        assert_eq!(parse(b""), None);
        assert_eq!(parse(b"xyz-7 rw-p 0 0 0"), None);
    }

    #[test]
    fn our_own_are_found() {
        let mappings = read(&File::open(c"/proc/self/maps").unwrap()).unwrap();
        assert!(mappings.iter().all(|mapping| mapping.start < mapping.end));
        assert!(mappings.windows(2).all(|pair| pair[0].end <= pair[1].start));
        let local = 7_u64;
        let address = (&raw const local).addr();
        let mapping = mappings.iter().find(|mapping| (mapping.start..mapping.end).contains(&address)).unwrap();
        assert!(mapping.readable && mapping.writable && !mapping.file);
        assert!(mappings.iter().any(|mapping| mapping.stack));
    }
}
