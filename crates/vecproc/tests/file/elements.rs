//! Raw elements: chunks, places, types, and lengths that are not theirs.

use std::error::Error;
use std::fs;

use lagom_vecproc::Pipeline;
use lagom_vecproc::file::{ElementReader, ElementType, FileErrorKind, RawWriter, Source};
use proptest::prelude::*;

use crate::common::{all, assert_same, bytes, file, names, numbers, open, place, text, write};

#[test]
fn chunks_are_the_file() {
    for n in [0, 1, 2, 999, 1000, 1001, 8191, 8192, 8193, 16384, 50_000] {
        let mut x = numbers(n);
        if n > 2 {
            x[2] = f64::NAN;
        }
        let (_folder, path) = file("x", bytes(&x));
        for chunk_len in [0, 1, 1000, 8192, 20_000, usize::MAX] {
            if chunk_len < 2 && n > 1001 {
                continue;
            }
            let mut reader = open(&path).chunk_len(chunk_len);
            assert_eq!((reader.len(), reader.total(), reader.is_empty()), (n as u64, Some(n as u64), n == 0));
            let mut read = Vec::new();
            while let Some(chunk) = reader.next_chunk().unwrap() {
                assert!(chunk.len() == chunk_len.max(1) || read.len() + chunk.len() == n);
                read.extend_from_slice(chunk);
                assert_eq!(reader.position(), read.len() as u64);
            }
            assert_eq!(bytes(&read), bytes(&x));
            assert!(reader.next_chunk().unwrap().is_none());
        }
    }
}

#[test]
fn any_place_can_be_read() {
    let x = numbers(20_000);
    let (_folder, path) = file("x", bytes(&x));
    let mut reader = open(&path);
    for (start, len) in [(0, 0), (0, 20_000), (19_999, 1), (20_000, 0), (5, 9000)] {
        let mut out = vec![0.0; len];
        reader.read_at(start, &mut out).unwrap();
        assert_eq!(out, x[start as usize..start as usize + len]);
        assert_eq!(reader.position(), 0);
        reader.seek(start).unwrap();
        assert_eq!(all(&mut reader), x[start as usize..]);
        assert_eq!(reader.position(), 20_000);
        reader.seek(0).unwrap();
    }
    for (start, len) in [(0, 20_001), (20_000, 1), (u64::MAX, 1)] {
        let error = reader.read_at(start, &mut vec![0.0; len]).unwrap_err();
        assert!(matches!(error.kind(), FileErrorKind::OutOfRange { elements: 20_000, .. }));
        assert_eq!(text(&error), format!("FILE has 20000 elements, asked for {len} from element {start} on"));
    }
    reader.seek(7).unwrap();
    assert_eq!(text(&reader.seek(20_001).unwrap_err()), "FILE has 20000 elements, asked for 0 from element 20001 on");
    assert_eq!(reader.position(), 7);
}

#[test]
fn a_partial_element_is_named() {
    for (element, len) in [(8, 1), (8, 7), (8, 9), (8, 15), (8, 8007), (4, 6), (2, 1), (2, 77)] {
        let kind = match element {
            8 => ElementType::F64,
            4 => ElementType::U32,
            _ => ElementType::I16.big_endian(),
        };
        let (folder, path) = file("odd.f64", vec![0; len]);
        let error = ElementReader::open(&path, kind).unwrap_err();
        assert_eq!(error.path(), path);
        let offset = len - len % element;
        let said = format!(
            "FILE is {len} bytes long, no multiple of {element}: its last element, at byte {offset}, is incomplete"
        );
        assert_eq!(text(&error), said);
        if element == 8 {
            let output = folder.path().join("out.f64");
            let error = Pipeline::new().process_file(&path, &output).unwrap_err();
            assert_eq!(error.to_string(), said.replace("FILE", path.to_str().unwrap()));
            assert_eq!(names(folder.path()), ["odd.f64"]);
        }
    }
}

#[test]
fn what_is_no_file_is_refused() {
    let (folder, missing) = place("missing");
    let error = ElementReader::open(folder.path(), ElementType::F64).unwrap_err();
    assert!(matches!(error.kind(), FileErrorKind::NotAFile));
    let error = ElementReader::open(&missing, ElementType::F64).unwrap_err();
    assert!(matches!(error.kind(), FileErrorKind::Open(_)));
    assert!(error.source().is_some());
    assert!(text(&error).starts_with("cannot open FILE: "));
}

#[cfg(unix)]
#[test]
fn a_file_that_may_not_be_read_is_named() {
    use std::os::unix::fs::PermissionsExt;
    let (_folder, path) = file("secret", bytes(&[1.0]));
    fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).unwrap();
    // The superuser may.
    if fs::read(&path).is_err() {
        let error = ElementReader::open(&path, ElementType::F64).unwrap_err();
        assert!(text(&error).starts_with("cannot open FILE: "), "{error}");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    }
}

/// The system says that its length is 0.
#[cfg(target_os = "linux")]
#[test]
fn a_file_made_up_while_it_is_read_is_refused() {
    assert_eq!(fs::metadata("/proc/self/maps").unwrap().len(), 0);
    let error = ElementReader::open("/proc/self/maps", ElementType::F64).unwrap_err();
    assert_eq!(text(&error), "FILE is not a regular file of known length");
}

#[cfg(target_os = "linux")]
#[test]
fn a_pipe_is_refused_without_waiting_for_its_other_end() {
    let (_folder, pipe) = place("pipe");
    let is_refused = |path: &std::path::Path| {
        let error = ElementReader::open(path, ElementType::F64).unwrap_err();
        assert!(matches!(error.kind(), FileErrorKind::NotAFile));
    };
    if std::process::Command::new("mkfifo").arg(&pipe).status().is_ok_and(|status| status.success()) {
        is_refused(&pipe);
    }
    is_refused("/dev/zero".as_ref());
}

/// Reads the bytes of one element of each type, in both orders, and compares with what Rust makes of them.
macro_rules! each_type {
    ($($element:ident $number:ident),*) => {
        proptest! {
            // Twenty files each.
            #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

            #[test]
            fn every_type_is_read_in_both_orders(content in prop::collection::vec(any::<u8>(), 0..300)) {
                $({
                    const SIZE: usize = size_of::<$number>();
                    let content = &content[..content.len() / SIZE * SIZE];
                    let (_folder, path) = file("x", content);
                    let numbers = |from: fn([u8; SIZE]) -> $number| -> Vec<f64> {
                        content.as_chunks().0.iter().map(|bytes| from(*bytes) as f64).collect()
                    };
                    let element = ElementType::$element;
                    prop_assert_eq!((element.size(), element.name()), (SIZE, stringify!($number)));
                    assert_same(&all(ElementReader::open(&path, element).unwrap()), &numbers($number::from_le_bytes));
                    let element = element.big_endian();
                    prop_assert_eq!(element.to_string(), format!("big-endian {}", stringify!($number)));
                    assert_same(&all(ElementReader::open(&path, element).unwrap()), &numbers($number::from_be_bytes));
                })*
            }
        }
    };
}

each_type!(F64 f64, F32 f32, I8 i8, U8 u8, I16 i16, U16 u16, I32 i32, U32 u32, I64 i64, U64 u64);

#[test]
fn long_integers_are_rounded_to_the_nearest() {
    let tie = (1_u64 << 53) + 1;
    let (_folder, path) = file("x", [1 << 53, tie, tie + 1, tie + 2, u64::MAX].map(u64::to_le_bytes).as_flattened());
    let two53 = 9_007_199_254_740_992.0;
    let x = all(ElementReader::open(&path, ElementType::U64).unwrap());
    assert_eq!(x, [two53, two53, two53 + 2.0, two53 + 4.0, 18_446_744_073_709_551_616.0]);
}

#[test]
fn what_is_written_is_read() {
    let mut x = numbers(40_000);
    x[7] = f64::NEG_INFINITY;
    x[8] = -0.0;
    x[9] = f64::NAN;
    let (_folder, path) = place("x");
    let create = || RawWriter::create(&path).unwrap();
    let read = |element| all(ElementReader::open(&path, element).unwrap());
    write(create(), &x);
    assert_same(&read(ElementType::F64), &x);
    write(create().big_endian(), &x);
    assert_same(&read(ElementType::F64.big_endian()), &x);
    let rounded: Vec<_> = x.iter().map(|x| f64::from(*x as f32)).collect();
    assert_ne!(rounded[..7], x[..7]);
    write(create().as_f32(), &x);
    assert_same(&read(ElementType::F32), &rounded);
    write(create().as_f32().big_endian(), &x);
    assert_same(&read(ElementType::F32.big_endian()), &rounded);
}

/// As long as no array could be; no system stores what was not written.
#[test]
fn elements_beyond_32_bits_are_read() {
    use std::io::{Seek, SeekFrom, Write};
    let (_folder, path) = place("long");
    let mut file = fs::File::create(&path).unwrap();
    let elements = (1_u64 << 32) + 100_000;
    // Not every file system can.
    if file.set_len(elements * 8).is_err() {
        return;
    }
    file.seek(SeekFrom::Start((elements - 3) * 8)).unwrap();
    file.write_all(&bytes(&[1.0, 2.0, 3.0])).unwrap();
    drop(file);
    let mut reader = open(&path);
    assert_eq!(reader.len(), elements);
    reader.seek(elements - 20_000).unwrap();
    let x = all(&mut reader);
    assert_eq!((x.len(), x.iter().sum::<f64>(), &x[19_997..]), (20_000, 6.0, &[1.0, 2.0, 3.0][..]));
    let mut out = [0.0; 2];
    reader.read_at(elements - 2, &mut out).unwrap();
    assert_eq!(out, [2.0, 3.0]);
    // As bytes there are more than 2^35.
    let mut reader = ElementReader::open(&path, ElementType::U8).unwrap();
    reader.read_at(elements * 8 - 1, &mut out[..1]).unwrap();
    assert_eq!(out[0], 64.0);
}
