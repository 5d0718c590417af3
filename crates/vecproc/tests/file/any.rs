//! Formats by extension.

use std::fs;

use lagom_vecproc::Pipeline;
use lagom_vecproc::file::{AnyReader, AnyWriter, FileErrorKind, ProcessFileError};

use crate::common::{all, assert_same, file, names, numbers, place, text, write};

/// All that this build knows; those whose content is rounded.
const EXTENSIONS: &[(&str, bool)] = &[
    ("f64", false),
    ("F64", false),
    ("f32", true),
    ("npy", false),
    ("Npy", false),
    #[cfg(feature = "csv")]
    ("csv", false),
    #[cfg(feature = "csv")]
    ("tsv", false),
    #[cfg(feature = "arrow")]
    ("arrow", false),
    #[cfg(feature = "arrow")]
    ("feather", false),
    #[cfg(feature = "arrow")]
    ("arrows", false),
    #[cfg(feature = "arrow")]
    ("parquet", false),
];

#[test]
fn every_format_goes_into_every_other() {
    let mut x = numbers(40_000);
    (x[3], x[4], x[5], x[6]) = (f64::INFINITY, f64::NAN, -0.0, 5e-324);
    let rounded: Vec<_> = x.iter().map(|x| f64::from(*x as f32)).collect();
    for (from, is_from_f32) in EXTENSIONS {
        let (folder, input) = place(&format!("x.{from}"));
        write(AnyWriter::create(&input).unwrap(), &x);
        let read = if *is_from_f32 { &rounded } else { &x };
        assert_same(&all(AnyReader::open(&input).unwrap()), read);
        assert_same(&all(AnyReader::open_column(&input, 0).unwrap()), read);
        assert!(AnyReader::open_column(&input, 1).is_err());
        for (to, is_to_f32) in EXTENSIONS {
            let output = folder.path().join(format!("y.{to}"));
            assert_eq!(Pipeline::new().process_file(&input, &output).unwrap(), 40_000);
            assert_same(&all(AnyReader::open(&output).unwrap()), if *is_to_f32 { &rounded } else { read });
        }
        // And onto itself, while it is open.
        Pipeline::new().scale(2.0).process_file(&input, &input).unwrap();
        let twice: Vec<_> = read.iter().map(|x| x * 2.0).collect();
        assert_same(&all(AnyReader::open(&input).unwrap()), &twice);
    }
}

#[test]
fn nothing_goes_through_every_format() {
    for (extension, _) in EXTENSIONS {
        let (folder, path) = place(&format!("x.{extension}"));
        write(AnyWriter::create(&path).unwrap(), &[]);
        let output = folder.path().join("y.f64");
        assert_eq!(Pipeline::new().expanding_mean().process_file(&path, &output).unwrap(), 0, "{extension}");
        assert_eq!(fs::metadata(&output).unwrap().len(), 0);
    }
}

#[test]
fn unknown_extensions_are_refused() {
    for name in ["x.wav", "x", ".npy", "x.npy.gz", "f64"] {
        let (folder, path) = file(name, []);
        let said = "the extension of FILE tells no format; name a reader or writer";
        for error in [AnyReader::open(&path).unwrap_err(), AnyWriter::create(&path).unwrap_err()] {
            assert!(matches!(error.kind(), FileErrorKind::UnknownExtension));
            assert_eq!(text(&error), said);
        }
        let input = folder.path().join("x.f64");
        fs::write(&input, []).unwrap();
        let error = Pipeline::new().process_file(&input, &path).unwrap_err();
        assert!(matches!(error, ProcessFileError::Output(_)));
        assert_eq!(names(folder.path()).len(), 2);
    }
}

#[test]
fn raw_files_have_one_column_without_a_name() {
    let (_folder, path) = file("x.f64", [0; 16]);
    assert_eq!(text(&AnyReader::open_column(&path, 1).unwrap_err()), "FILE: there is no column 1; there are no names");
    assert!(AnyReader::open_column(&path, "a").is_err());
    assert_eq!(format!("{:?}", AnyReader::open(&path).unwrap()), "AnyReader { total: Some(2), .. }");
}
