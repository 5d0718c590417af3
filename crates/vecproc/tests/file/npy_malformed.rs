//! Headers of `.npy` files that are none, and almost some.

use std::fs;

use lagom_vecproc::file::{ElementType, FileError, FileErrorKind, Npy};
use proptest::prelude::*;

use crate::common::{all, file, text, try_all};

/// A file of version 1 without padding.
fn content(dictionary: &[u8], data: &[u8]) -> Vec<u8> {
    let mut content = b"\x93NUMPY\x01\x00".to_vec();
    content.extend((dictionary.len() as u16).to_le_bytes());
    content.extend(dictionary);
    content.extend(data);
    content
}

fn error(content: &[u8]) -> FileError {
    let (_folder, path) = file("x.npy", content);
    Npy::open(&path).unwrap_err()
}

#[test]
fn what_is_wrong_in_a_dictionary_is_said_with_its_place() {
    let cases = [
        ("", 0, "expected '{', found the end"),
        ("  [", 2, "expected '{', found '['"),
        ("{", 1, "expected text in quotes, found the end"),
        ("{descr", 1, "expected text in quotes, found 'd'"),
        ("{'descr", 7, "expected a closing quote, found the end"),
        ("{'de\\x73cr': '<f8'}", 4, "expected a closing quote, found '\\\\'"),
        ("{'descr\n': '<f8'}", 7, "expected a closing quote, found '\\n'"),
        ("{'descr' '<f8'}", 9, "expected ':', found '\\''"),
        ("{'descr': <f8}", 10, "expected text in quotes, found '<'"),
        ("{'descr': ('<f8', 2)}", 10, "expected text in quotes, found '('"),
        ("{'descr': '<f8' 'shape'}", 16, "expected '}', found '\\''"),
        ("{'descr': '<f8',, }", 16, "expected text in quotes, found ','"),
        ("{'dtype': '<f8'}", 1, "unknown key \"dtype\""),
        ("{'descr': '<f8', 'descr': '<f8'}", 17, "the key \"descr\" comes twice"),
        ("{}", 2, "the key \"descr\" is missing"),
        ("{'descr': '<f8'}", 16, "the key \"fortran_order\" is missing"),
        ("{'descr': '<f8', 'fortran_order': False}", 40, "the key \"shape\" is missing"),
        ("{'shape': (3,), 'fortran_order': False}", 39, "the key \"descr\" is missing"),
        ("{'fortran_order': true}", 18, "expected True or False, found 't'"),
        ("{'fortran_order': 1}", 18, "expected True or False, found '1'"),
        ("{'fortran_order': Truer}", 22, "expected '}', found 'r'"),
        ("{'shape': 3}", 10, "expected '(', found '3'"),
        ("{'shape': [3]}", 10, "expected '(', found '['"),
        ("{'shape': (3)}", 12, "expected ',', found ')'"),
        ("{'shape': (3 4)}", 13, "expected ',', found '4'"),
        ("{'shape': (3, 4 5)}", 16, "expected ')', found '5'"),
        ("{'shape': (,)}", 11, "expected a number, found ','"),
        ("{'shape': (3,,)}", 13, "expected a number, found ','"),
        ("{'shape': (-3,)}", 11, "expected a number, found '-'"),
        ("{'shape': (3.0,)}", 12, "expected ',', found '.'"),
        ("{'shape': (3e5,)}", 12, "expected ',', found 'e'"),
        ("{'shape': (0x3,)}", 12, "expected ',', found 'x'"),
        ("{'shape': (007,)}", 11, "a number with a leading 0"),
        ("{'shape': (18446744073709551616,)}", 11, "a number beyond 64 bits"),
        ("{'shape': (99999999999999999999999999,)}", 11, "a number beyond 64 bits"),
        ("{'shape': (3,", 13, "expected a number, found the end"),
        ("{'descr': '<f8', 'fortran_order': False, 'shape': (3,)", 54, "expected '}', found the end"),
        (
            "{'descr': '<f8', 'fortran_order': False, 'shape': (3,)}x",
            55,
            "expected nothing but space after the dictionary, found 'x'",
        ),
        (
            "{'descr': '<f8', 'fortran_order': False, 'shape': (4294967296, 4294967296)}",
            50,
            "more elements than any file can hold",
        ),
        (
            "{'descr': '<f8', 'fortran_order': False, 'shape': (2305843009213693952,)}",
            50,
            "more elements than any file can hold",
        ),
    ];
    for (dictionary, at, problem) in cases {
        let error = error(&content(dictionary.as_bytes(), &[0; 24]));
        assert!(matches!(error.kind(), FileErrorKind::Header { .. }), "{dictionary}: {error}");
        assert_eq!(text(&error), format!("FILE: header, byte {}: {problem}", at + 10), "{dictionary}");
    }
}

#[test]
fn what_is_wrong_before_the_dictionary_is_said() {
    let good = content(b"{'descr': '|u1', 'fortran_order': False, 'shape': (0,)}", &[]);
    let with = |at: usize, byte: u8| {
        let mut content = good.clone();
        content[at] = byte;
        content
    };
    let no_npy = r"FILE: header, byte 0: expected \x93NUMPY, the start of every .npy file";
    for content in [&b""[..], b"\x93", b"\x93NUMP", b"PK\x03\x04 is a .npz file", &with(0, b'N')] {
        assert_eq!(text(&error(content)), no_npy);
    }
    assert_eq!(text(&error(&with(6, 4))), "FILE: header, byte 6: version 4.0 is unknown");
    assert_eq!(text(&error(&with(6, 0))), "FILE: header, byte 6: version 0.0 is unknown");
    assert_eq!(text(&error(&with(7, 1))), "FILE: header, byte 6: version 1.1 is unknown");
    for len in 6..10 {
        assert_eq!(text(&error(&good[..len])), format!("FILE: header, byte {len}: the file ends"));
    }
    assert_eq!(text(&error(b"\x93NUMPY\x02\x00\x10\x00\x00")), "FILE: header, byte 11: the file ends");
    let said = "FILE: header, byte 8: a header of 65535 bytes, where 1 are left and a mebibyte is enough";
    assert_eq!(text(&error(b"\x93NUMPY\x01\x00\xff\xff{")), said);
    // No memory is taken for four gigabytes of header, even where the file has them.
    let (_folder, path) = file("x.npy", b"\x93NUMPY\x03\x00\xff\xff\xff\xff{");
    let said = "FILE: header, byte 8: a header of 4294967295 bytes, where 1 are left and a mebibyte is enough";
    assert_eq!(text(&Npy::open(&path).unwrap_err()), said);
    fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(1 << 33).unwrap();
    assert!(text(&Npy::open(&path).unwrap_err()).contains("a header of 4294967295 bytes, where 8589934580 are left"));
}

#[test]
fn a_file_has_all_its_elements_and_no_more() {
    let dictionary = b"{'descr': '<i4', 'fortran_order': False, 'shape': (3, 2)}";
    for len in [0, 1, 23, 25, 48] {
        let error = error(&content(dictionary, &vec![0; len]));
        assert_eq!(text(&error), format!("FILE has {len} bytes of elements, its header promises 24"));
    }
}

/// Opens and reads all there is; it must not panic, nor give more than the file can hold.
fn survives(content: &[u8]) {
    let (_folder, path) = file("x.npy", content);
    let Ok(x) = Npy::open(&path) else { return };
    assert!(x.shape().len() <= content.len());
    let shape = x.shape().to_vec();
    let flat = all(x.flattened());
    assert!(flat.len() <= content.len());
    if let [rows, columns] = *shape {
        for column in [0, columns / 2, columns.saturating_sub(1), columns] {
            if let Ok(column) = Npy::open(&path).unwrap().column(column) {
                assert_eq!(try_all(column).0.len() as u64, rows);
            }
        }
    }
}

/// Bytes that matter here more often than by chance.
fn byte() -> impl Strategy<Value = u8> {
    prop_oneof![
        any::<u8>(),
        prop::sample::select(b"{}()[],:'\"\\ \n0123456789L<>|=fiubcOTrueFalsedescrshapefortran_order".to_vec())
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_make_a_panic(content in prop::collection::vec(any::<u8>(), 0..200)) {
        survives(&content);
    }

    #[test]
    fn no_dictionary_makes_a_panic(version in 1_u8..4, dictionary in prop::collection::vec(byte(), 0..100)) {
        let mut content = content(&dictionary, &[0; 64]);
        content[6] = version;
        survives(&content);
    }

    /// A good file with some bytes changed, taken out, put in, or cut off.
    #[test]
    fn no_change_of_a_good_file_makes_a_panic(
        shape in prop::sample::select(vec!["(6,)", "(2, 3)", "(3, 2, 1)", "()", "(0, 5)"]),
        order in prop::sample::select(vec!["True", "False"]),
        descr in prop::sample::select(vec!["<f8", ">i2", "|u1"]),
        changes in prop::collection::vec((0_usize..120, byte(), 0_u8..4), 1..6),
    ) {
        let dictionary = format!("{{'descr': '{descr}', 'fortran_order': {order}, 'shape': {shape}, }}   \n");
        let elements = if shape == "()" { 1 } else if shape.contains('0') { 0 } else { 6 };
        let size = descr[2..].parse::<usize>().unwrap();
        let mut content = content(dictionary.as_bytes(), &vec![7; elements * size]);
        survives(&content);
        for (at, byte, change) in changes {
            let at = at.min(content.len());
            match change {
                0 if at < content.len() => content[at] = byte,
                1 if at < content.len() => drop(content.remove(at)),
                2 => content.insert(at, byte),
                _ => content.truncate(at.max(6)),
            }
        }
        survives(&content);
    }

    /// What is put together by the rules is read as it was meant.
    #[test]
    fn every_good_dictionary_is_read(
        shape in prop::collection::vec(0_u64..5, 0..4),
        is_fortran in any::<bool>(),
        order in Just([0, 1, 2]).prop_shuffle(),
        spaces in prop::collection::vec(0_usize..3, 12),
        is_double in any::<bool>(),
        has_comma in any::<bool>(),
    ) {
        let quote = if is_double { '"' } else { '\'' };
        let space = |i: usize| " ".repeat(spaces[i]);
        let numbers: Vec<_> = shape.iter().map(|len| format!("{len},{}", space(9))).collect();
        let pairs = [
            format!("{quote}descr{quote}{}:{}{quote}<u2{quote}", space(0), space(1)),
            format!("{quote}fortran_order{quote}{}:{}{}", space(2), space(3), if is_fortran { "True" } else { "False" }),
            format!("{quote}shape{quote}{}:{}({}{})", space(4), space(5), space(6), numbers.concat()),
        ];
        let pairs: Vec<_> = order.iter().map(|i| &*pairs[*i]).collect();
        let comma = if has_comma { "," } else { "" };
        let dictionary =
            format!("{}{{{}{}{}{comma}{}}}{}", space(7), space(8), pairs.join(", "), space(10), space(11), space(0));
        let elements: u64 = shape.iter().product();
        let (_folder, path) = file("x.npy", content(dictionary.as_bytes(), &vec![1; 2 * elements as usize]));
        let x = Npy::open(&path).unwrap();
        prop_assert_eq!((x.shape(), x.fortran_order(), x.element_type()), (&shape[..], is_fortran, ElementType::U16));
        prop_assert_eq!(all(x.flattened()), vec![257.0; elements as usize]);
    }
}
