//! Columns of CSV files.

use std::fs;

use lagom_vecproc::file::{AnyReader, Column, Csv, FileErrorKind, Source};
use proptest::prelude::*;

use crate::common::{all, assert_same, file, numbers, place, text, try_all, write};

/// A column of a file, and the error it ends with.
fn read(csv: &Csv, content: impl AsRef<[u8]>, column: impl Into<Column>) -> (Vec<f64>, Option<String>) {
    let (_folder, path) = file("x.csv", content);
    match csv.open(&path, column) {
        Ok(reader) => {
            let (x, end) = try_all(reader);
            (x, end.err().map(|error| text(&error)))
        }
        Err(error) => (Vec::new(), Some(text(&error))),
    }
}

fn good(csv: &Csv, content: impl AsRef<[u8]>, column: impl Into<Column>) -> Vec<f64> {
    let (x, error) = read(csv, content, column);
    assert_eq!(error, None);
    x
}

fn bad(csv: &Csv, content: impl AsRef<[u8]>, column: impl Into<Column>) -> String {
    read(csv, content, column).1.unwrap()
}

#[test]
fn columns_are_found_by_name_and_number() {
    let content = "day,price,\"the \"\"volume\"\", in all\"\n1,2.5,7\n2,-3e2,8\n";
    let csv = Csv::new();
    for (column, x) in [(0, [1.0, 2.0]), (1, [2.5, -300.0]), (2, [7.0, 8.0])] {
        assert_eq!(good(&csv, content, column), x);
    }
    assert_eq!(good(&csv, content, "price"), [2.5, -300.0]);
    assert_eq!(good(&csv, content, "the \"volume\", in all".to_owned()), [7.0, 8.0]);
    let there_are = r#"there are "day", "price", "the \"volume\", in all""#;
    assert_eq!(bad(&csv, content, "Price"), format!("FILE: there is no column \"Price\"; {there_are}"));
    assert_eq!(bad(&csv, content, 3), format!("FILE: there is no column 3; {there_are}"));
    assert_eq!(bad(&csv, content, Column::Only), format!("FILE: choose a column: {there_are}"));
    assert_eq!(bad(&csv, "a,b,a\n", "a"), "FILE: the columns 0 and 2 are both called \"a\"");
    assert_eq!(good(&csv, "a,b,a\n1,2,3\n", 2), [3.0]);
    assert_eq!(good(&csv, "x\n1\n", Column::Only), [1.0]);
    for empty in ["", "\n\n", "\u{feff}"] {
        assert_eq!(bad(&csv, empty, 0), "FILE: there are no columns", "{empty:?}");
    }
    assert_eq!(good(&csv, "a,b\n", "b"), [0.0; 0]);
    let many: Vec<_> = (0..100).map(|i| format!("c{i}")).collect();
    assert!(bad(&csv, many.join(","), "x").ends_with("\"c18\", \"c19\" and 80 more"));
}

#[test]
fn without_names_the_first_row_counts() {
    let csv = Csv::new().has_names(false);
    assert_eq!(good(&csv, "1,2\n3,4\n", 1), [2.0, 4.0]);
    assert_eq!(good(&csv, "1\n3", Column::Only), [1.0, 3.0]);
    assert_eq!(bad(&csv, "1,2\n3,4\n", "1"), "FILE: there is no column \"1\"; there are no names");
    assert_eq!(bad(&csv, "1,2\n3,4\n", 2), "FILE: there is no column 2; there are \"0\", \"1\"");
    assert_eq!(bad(&csv, "a,b\n3,4\n", 0), "FILE, line 1, column 0: \"a\" is not a number");
    assert_eq!(bad(&csv, "", 0), "FILE: there are no columns");
}

#[test]
fn ends_of_lines_quotes_and_space_are_as_they_come() {
    let csv = Csv::new();
    for content in [
        "a,b\n1,2\n3,4\n",
        "a,b\n1,2\n3,4",
        "a,b\r\n1,2\r\n3,4\r\n",
        "a,b\r1,2\r3,4\r",
        "a,b\n\n1,2\n\r\n\n3,4\n\n",
        "\u{feff}a,b\n1,2\n3,4\n",
        "\"a\",\"b\"\n\"1\",\"2\"\n\"3\",\"4\"\n",
        "\"a\",\"b\"\n\"1\",\"2\"\n\"3\",\"4\"",
        "a,b\n 1 ,\t2 \n3,\" 4 \"\n",
        "a,b\n\"one\n\nline\",2\n\"a \"\"quote\"\", and more\",4\n",
    ] {
        assert_eq!(good(&csv, content, "b"), [2.0, 4.0], "{content:?}");
    }
    assert_eq!(good(&csv.clone().delimiter(b';'), "a;b\n1,5;2\n\"x;y\";3", "b"), [2.0, 3.0]);
    assert_eq!(good(&csv.clone().delimiter(b'\t'), "a\tb\n\t3\n", "b"), [3.0]);
    let (_folder, path) = file("x.tsv", "a\tb\n1\t2\n");
    assert_eq!(all(AnyReader::open_column(&path, "b").unwrap()), [2.0]);
}

#[test]
fn numbers_are_those_of_rust() {
    let content = "x\n1\n-0\n+1.5\n.5\n5.\n1e-3\n1E400\n-inf\nInfinity\nNaN\n0.1\n4.9e-324\n";
    let expected =
        [1.0, -0.0, 1.5, 0.5, 5.0, 1e-3, f64::INFINITY, f64::NEG_INFINITY, f64::INFINITY, f64::NAN, 0.1, 5e-324];
    assert_same(&good(&Csv::new(), content, "x"), &expected);
    for other in ["1_000", "0x10", "1,5", "1 2", "--1", "1e", "e1", "NA", "null", "-", "١", "1\u{a0}"] {
        let said = bad(&Csv::new(), format!("x\n1\n\"{other}\"\n"), "x");
        assert_eq!(said, format!("FILE, line 3, column \"x\": {other:?} is not a number"));
    }
    assert_eq!(
        bad(&Csv::new(), b"x\n\xff\xfe\n", 0),
        "FILE, line 2, column \"x\": \"\u{fffd}\u{fffd}\" is not a number"
    );
}

#[test]
fn what_is_missing_is_chosen() {
    let content = "a,b\n1,\n2,NA\n3, \n4,7\n5,\"\"\n";
    let nan = f64::NAN;
    assert_same(&good(&Csv::new().missing(&["", "NA"]), content, "b"), &[nan, nan, nan, 7.0, nan]);
    let said = bad(&Csv::new(), content, "b");
    assert_eq!(said, "FILE, line 3, column \"b\": \"NA\" is not a number");
    let said = bad(&Csv::new().missing(&[]), content, "b");
    assert_eq!(said, "FILE, line 2, column \"b\": \"\" is not a number");
    // A number is a number.
    assert_eq!(good(&Csv::new().missing(&["-999"]), "x\n-999\n", "x"), [-999.0]);
}

#[test]
fn errors_name_line_column_and_text() {
    for (content, said) in [
        ("a,b\n1,x\n", "FILE, line 2, column \"b\": \"x\" is not a number"),
        ("a,b\r\n1,2\r\n1,x\r\n", "FILE, line 3, column \"b\": \"x\" is not a number"),
        ("a,b\n\n\n1,x", "FILE, line 4, column \"b\": \"x\" is not a number"),
        ("a,b\n\"1\n2\n3\",4\n1,\"\"\"\"\n", "FILE, line 5, column \"b\": \"\\\"\" is not a number"),
        ("a,b\n1\n", "FILE, line 2: 1 fields where the first row has 2"),
        ("a,b\n1,2\n1,2,3\n", "FILE, line 3: 3 fields where the first row has 2"),
        ("a,b\r\n1,2\r\n1,x,3\r\n", "FILE, line 3: 3 fields where the first row has 2"),
        ("a,b\n1,\"2\n3,4\n", "FILE, line 2: a quote is never closed, or very late"),
        ("a,b\n1,2\n\"3,4\n5,6\n", "FILE, line 3: a quote is never closed, or very late"),
        ("a,b\n1,2\n3,\"", "FILE, line 3: a quote is never closed, or very late"),
        ("a,\"b\n1,2\n", "FILE, line 1: a quote is never closed, or very late"),
    ] {
        assert_eq!(bad(&Csv::new(), content, 1), said, "{content:?}");
    }
    let said = bad(&Csv::new(), format!("x\n{}\n", "y".repeat(5000)), 0);
    assert_eq!(said, format!("FILE, line 2, column \"x\": \"{}…\" is not a number", "y".repeat(60)));
    let (_folder, path) = file("x.csv", "x\ny\n");
    let error = Csv::new().open(&path, 0).unwrap().next_chunk().unwrap_err();
    match error.kind() {
        FileErrorKind::Field { line: 2, column: Column::Name(name), text } => {
            assert_eq!((&**name, &**text), ("x", "y"))
        }
        other => panic!("{other:?}"),
    }
}

/// All before a bad row comes before its error, and what is after it can still be had.
#[test]
fn bad_rows_can_be_passed_by() {
    let (_folder, path) = file("x.csv", "a,b\n1,2\n3,x\n4,5,6\n7,8\n");
    let mut reader = Csv::new().open(&path, "b").unwrap();
    assert_eq!(reader.next_chunk().unwrap(), Some(&[2.0][..]));
    assert!(matches!(reader.next_chunk().unwrap_err().kind(), FileErrorKind::Field { line: 3, .. }));
    assert!(matches!(reader.next_chunk().unwrap_err().kind(), FileErrorKind::Row { line: 4, .. }));
    assert_eq!(reader.next_chunk().unwrap(), Some(&[8.0][..]));
    assert_eq!(reader.next_chunk().unwrap(), None);
    assert_eq!(reader.next_chunk().unwrap(), None);
}

/// Fields, rows and a first row around every buffer there is.
#[test]
fn long_fields_take_no_memory_and_long_names_are_refused() {
    for len in [4095, 4096, 4097, 65_535, 65_536, 65_537, 300_000] {
        let long = "y".repeat(len);
        assert_eq!(good(&Csv::new(), format!("a,b\n{long},1\n\"{long}\",2\n{long},3"), "b"), [1.0, 2.0, 3.0]);
        let said = bad(&Csv::new(), format!("a,b\n1,2\n3,\"{long}"), "a");
        assert_eq!(said, "FILE, line 3: a quote is never closed, or very late", "{len}");
        let said = bad(&Csv::new(), format!("a,b\n1,2\n\"{}", long.replace('y', "\n")), "b");
        assert_eq!(said, "FILE, line 3: a quote is never closed, or very late", "{len}");
        // A long number is none.
        let number = format!("x\n1.{}\n", "0".repeat(len - 2));
        let (x, error) = read(&Csv::new(), number, "x");
        assert_eq!((x.is_empty(), error.is_some()), (len >= 4096, len >= 4096), "{len}");
    }
    let names = vec!["name"; 200_000].join(",");
    assert_eq!(bad(&Csv::new(), names, 0), "FILE: the first row is longer than a mebibyte");
}

#[test]
fn many_rows_come_in_chunks() {
    let x = numbers(100_000);
    let rows: String = x.iter().map(|x| format!("a,{x:?},\"b\n\"\r\n")).collect();
    let (_folder, path) = file("x.csv", format!("k,x,l\r\n{rows}"));
    let mut reader = Csv::new().open(&path, "x").unwrap();
    assert_eq!(reader.total(), None);
    let mut lens = Vec::new();
    let mut read = Vec::new();
    while let Some(chunk) = reader.next_chunk().unwrap() {
        lens.push(chunk.len());
        read.extend_from_slice(chunk);
    }
    assert_eq!(read, x);
    assert_eq!(lens, [16_384, 16_384, 16_384, 16_384, 16_384, 16_384, 1696]);
}

#[test]
fn what_is_written_is_read() {
    let mut x = numbers(50_000);
    (x[0], x[1], x[2], x[3], x[4]) = (f64::NAN, f64::NEG_INFINITY, f64::MAX, 5e-324, -0.0);
    for name in ["value", "a \"b\", c", "two\nlines", "", "semi;colon", " "] {
        for csv in [Csv::new(), Csv::new().has_names(false), Csv::new().delimiter(b';')] {
            let (_folder, path) = place("x.csv");
            write(csv.create(&path, name).unwrap(), &x);
            assert_same(&all(csv.open(&path, 0).unwrap()), &x);
            assert!(csv == Csv::new().has_names(false) || csv.open(&path, name).is_ok(), "{name:?}");
        }
    }
    let (_folder, path) = place("x.csv");
    write(Csv::new().create(&path, "mean").unwrap(), &[1.0, 0.1, f64::NAN, 1e21]);
    assert_eq!(fs::read_to_string(&path).unwrap(), "mean\n1.0\n0.1\nNaN\n1e21\n");
}

proptest! {
    /// Any bytes: no panic, and an end.
    #[test]
    fn no_bytes_make_a_panic(
        content in prop::collection::vec(prop::sample::select(b"a1.,\"\n\r e-\xff\xef\xbb\xbf".to_vec()), 0..200),
        column in 0_usize..3,
        has_names in any::<bool>(),
    ) {
        let (_folder, path) = file("x.csv", &content);
        if let Ok(mut reader) = Csv::new().has_names(has_names).open(&path, column) {
            let mut ends = 0;
            for _ in 0..content.len() + 10 {
                ends += u32::from(matches!(reader.next_chunk(), Ok(None)));
            }
            // Or it broke.
            prop_assert!(ends >= 8 || reader.next_chunk().is_err());
        }
    }

    /// Any table of any texts in quotes, with one column of numbers, however it is cut into reads.
    #[test]
    fn every_table_is_read(
        rows in prop::collection::vec((prop::collection::vec("[a\",\n\r ;é]{0,5}", 3), any::<f64>()), 1..30),
        place in 0_usize..4,
        end in prop::sample::select(vec!["\n", "\r\n", "\r"]),
        is_quoted in any::<bool>(),
    ) {
        let mut content = format!("w,x,y,z{end}");
        for (texts, x) in &rows {
            let mut fields: Vec<_> = texts.iter().map(|text| format!("\"{}\"", text.replace('"', "\"\""))).collect();
            fields.insert(place, if is_quoted { format!("\"{x:?}\"") } else { format!("{x:e}") });
            content += &(fields.join(",") + end);
        }
        let x: Vec<_> = rows.iter().map(|row| row.1).collect();
        assert_same(&good(&Csv::new(), content, place), &x);
    }
}
