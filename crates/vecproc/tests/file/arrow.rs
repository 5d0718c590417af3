//! Columns of Arrow IPC and Parquet files, written by arrow-rs.

use std::fs::{self, File};
use std::path::Path;
use std::sync::Arc;

use arrow_array::types::{
    Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{ArrayRef, BooleanArray, Float64Array, PrimitiveArray, RecordBatch, StringArray};
use arrow_ipc::CompressionType;
use arrow_ipc::writer::{FileWriter, IpcWriteOptions, StreamWriter};
use lagom_vecproc::Pipeline;
use lagom_vecproc::file::{
    AnyReader, ArrowReader, ArrowWriter, Column, FileError, FileErrorKind, ParquetReader, ParquetWriter,
    ProcessFileError, Sink, Source,
};
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;

use crate::common::{all, assert_same, names, numbers, place, text, try_all, write};

type Write = fn(&Path, &[RecordBatch]);

/// The extensions, each with what writes it.
const FORMATS: [(&str, Write); 3] = [("arrow", write_file), ("arrows", write_stream), ("parquet", write_parquet)];

fn write_file(path: &Path, batches: &[RecordBatch]) {
    let options = IpcWriteOptions::default().try_with_compression(Some(CompressionType::LZ4_FRAME)).unwrap();
    let schema = batches[0].schema();
    let mut writer = FileWriter::try_new_with_options(File::create(path).unwrap(), &schema, options).unwrap();
    batches.iter().for_each(|batch| writer.write(batch).unwrap());
    writer.finish().unwrap();
}

fn write_stream(path: &Path, batches: &[RecordBatch]) {
    let mut writer = StreamWriter::try_new(File::create(path).unwrap(), &batches[0].schema()).unwrap();
    batches.iter().for_each(|batch| writer.write(batch).unwrap());
    writer.finish().unwrap();
}

fn write_parquet(path: &Path, batches: &[RecordBatch]) {
    let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
    let file = File::create(path).unwrap();
    let mut writer = parquet::arrow::ArrowWriter::try_new(file, batches[0].schema(), Some(properties)).unwrap();
    batches.iter().for_each(|batch| writer.write(batch).unwrap());
    writer.close().unwrap();
}

fn batch(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
    RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, array)| (name, array, true))).unwrap()
}

/// A batch for each type: the number in question and something missing.
macro_rules! numbers_of {
    ($($name:literal $type:ident: $x:expr;)*) => {
        batch(vec![$(($name, Arc::new(PrimitiveArray::<$type>::from_iter([Some($x), None, Some($x)])) as ArrayRef)),*])
    };
}

#[test]
fn every_type_of_numbers_is_read_and_null_is_nan() {
    let batch = numbers_of! {
        "f64" Float64Type: 0.1;
        "f32" Float32Type: 0.1;
        "i8" Int8Type: i8::MIN;
        "u8" UInt8Type: u8::MAX;
        "i16" Int16Type: i16::MIN;
        "u16" UInt16Type: u16::MAX;
        "i32" Int32Type: i32::MIN;
        "u32" UInt32Type: u32::MAX;
        "i64" Int64Type: i64::MAX;
        "u64" UInt64Type: u64::MAX;
    };
    let expected = [
        ("f64", 0.1),
        ("f32", f64::from(0.1_f32)),
        ("i8", -128.0),
        ("u8", 255.0),
        ("i16", -32768.0),
        ("u16", 65535.0),
        ("i32", -2_147_483_648.0),
        ("u32", 4_294_967_295.0),
        ("i64", 9_223_372_036_854_775_808.0),
        ("u64", 18_446_744_073_709_551_616.0),
    ];
    for (extension, write) in FORMATS {
        let (_folder, path) = place(&format!("x.{extension}"));
        write(&path, &[batch.clone(), batch.slice(1, 2), batch.slice(0, 0), batch.slice(2, 1)]);
        for (i, (name, x)) in expected.into_iter().enumerate() {
            let all_of_it = [x, f64::NAN, x, f64::NAN, x, x];
            assert_same(&all(AnyReader::open_column(&path, name).unwrap()), &all_of_it);
            assert_same(&all(AnyReader::open_column(&path, i).unwrap()), &all_of_it);
        }
    }
}

#[test]
fn what_is_no_column_of_numbers_is_named() {
    let batch = batch(vec![
        ("text", Arc::new(StringArray::from(vec!["a"]))),
        ("bool", Arc::new(BooleanArray::from(vec![true]))),
        ("x", Arc::new(Float64Array::from(vec![1.0]))),
    ]);
    for (extension, write) in FORMATS {
        let (_folder, path) = place(&format!("x.{extension}"));
        write(&path, std::slice::from_ref(&batch));
        let error = |column: Column| text(&AnyReader::open_column(&path, column).unwrap_err());
        let only = "only floats of 32 or 64 bits and integers can be read";
        assert_eq!(error("text".into()), format!("FILE holds Utf8 in the column \"text\"; {only}"));
        assert_eq!(error(1.into()), format!("FILE holds Boolean in the column \"bool\"; {only}"));
        assert_eq!(error("y".into()), "FILE: there is no column \"y\"; there are \"text\", \"bool\", \"x\"");
        assert_eq!(error(3.into()), "FILE: there is no column 3; there are \"text\", \"bool\", \"x\"");
        assert_eq!(error(Column::Only), "FILE: choose a column: there are \"text\", \"bool\", \"x\"");
        assert_eq!(all(AnyReader::open_column(&path, "x").unwrap()), [1.0]);
    }
}

#[test]
fn batches_of_any_length_come_in_chunks() {
    let x = numbers(100_000);
    let array: ArrayRef = Arc::new(Float64Array::from(x.clone()));
    let whole = batch(vec![("x", array.clone()), ("y", array)]);
    let parts = [(0, 1), (1, 16_384), (16_385, 50_000), (66_385, 33_615)];
    for (extension, write) in FORMATS {
        let (_folder, path) = place(&format!("x.{extension}"));
        write(&path, &parts.map(|(start, len)| whole.slice(start, len)));
        let mut reader = AnyReader::open_column(&path, "y").unwrap();
        assert_eq!(reader.total(), (extension == "parquet").then_some(100_000));
        let mut read = Vec::new();
        while let Some(chunk) = reader.next_chunk().unwrap() {
            assert!((1..=16_384).contains(&chunk.len()));
            read.extend_from_slice(chunk);
        }
        assert_eq!(read, x);
        assert_eq!(reader.next_chunk().unwrap(), None);
    }
}

#[test]
fn what_is_written_is_read() {
    for n in [0, 1, 65_535, 65_536, 65_537, 1_100_000] {
        let mut x = numbers(n);
        if n > 1 {
            x[1] = f64::NAN;
        }
        let (_folder, path) = place("x");
        write(ArrowWriter::create(&path, "a").unwrap(), &x);
        assert_same(&all(ArrowReader::open(&path, "a").unwrap()), &x);
        write(ArrowWriter::create_stream(&path, "a").unwrap(), &x);
        assert_same(&all(ArrowReader::open(&path, "a").unwrap()), &x);
        write(ParquetWriter::create(&path, "a").unwrap(), &x);
        let reader = ParquetReader::open(&path, "a").unwrap();
        assert_eq!(format!("{reader:?}"), format!("ParquetReader {{ rows: {n}, .. }}"));
        assert_same(&all(reader), &x);
    }
}

/// Each at every length that is not whole: an error, or what there is of a stream; never a panic.
#[test]
fn files_cut_short_are_errors() {
    let array: ArrayRef = Arc::new(Float64Array::from(numbers(50)));
    let batch = batch(vec![("x", array)]);
    for (extension, write) in FORMATS {
        let (_folder, path) = place(&format!("x.{extension}"));
        write(&path, &[batch.clone(), batch.clone()]);
        let content = fs::read(&path).unwrap();
        for len in 0..content.len() {
            fs::write(&path, &content[..len]).unwrap();
            let end = match AnyReader::open(&path) {
                Ok(reader) => {
                    let (x, end) = try_all(reader);
                    assert!(extension == "arrows" && x.len() % 50 == 0);
                    end
                }
                Err(error) => Err(error),
            };
            match end {
                Ok(()) => assert_eq!(extension, "arrows", "{len}"),
                // Nothing is there without a schema.
                Err(error) => {
                    assert!(matches!(error.kind(), FileErrorKind::Format(_) | FileErrorKind::Column(_)), "{error}")
                }
            }
        }
    }
}

/// A file that changes says so, and not that it is malformed.
#[test]
fn files_that_change_meanwhile_are_errors() {
    for (extension, _) in FORMATS {
        let (folder, path) = place(&format!("x.{extension}"));
        write(lagom_vecproc::file::AnyWriter::create(&path).unwrap(), &numbers(300_000));
        let len = fs::metadata(&path).unwrap().len();
        let file = File::options().write(true).open(&path).unwrap();

        let mut reader = AnyReader::open(&path).unwrap();
        reader.next_chunk().unwrap();
        file.set_len(len / 2).unwrap();
        let (_, end) = try_all(&mut reader);
        let half = len / 2;
        let said = format!("FILE was {len} bytes long when opened and is {half} bytes long now");
        assert_eq!(text(&end.unwrap_err()), said, "{extension}");
        assert_eq!(text(&reader.next_chunk().unwrap_err()), "cannot read FILE: it was not read to its end");

        write(lagom_vecproc::file::AnyWriter::create(&path).unwrap(), &numbers(300_000));
        let output = folder.path().join("y.f64");
        let mut is_first = true;
        let error = Pipeline::new().process_file_with(&path, &output, |_| {
            if std::mem::take(&mut is_first) {
                let other = folder.path().join("other");
                fs::copy(&path, &other).unwrap();
                fs::rename(&other, &path).unwrap();
            }
            std::ops::ControlFlow::Continue(())
        });
        match error.unwrap_err() {
            ProcessFileError::Input(error) => {
                assert_eq!(text(&error), "FILE is another file than the one that was opened")
            }
            other => panic!("{other}"),
        }
        assert_eq!(names(folder.path()), [format!("x.{extension}")]);
    }
}

#[test]
fn writers_name_their_file_and_leave_nothing() {
    let (folder, path) = place("no/such/folder/x");
    let errors: [FileError; 3] = [
        ArrowWriter::create(&path, "x").unwrap_err(),
        ArrowWriter::create_stream(&path, "x").unwrap_err(),
        ParquetWriter::create(&path, "x").unwrap_err(),
    ];
    for error in errors {
        assert!(matches!(error.kind(), FileErrorKind::Write(_)));
        assert_eq!(error.path(), path);
    }
    let path = folder.path().join("x");
    let mut arrow = ArrowWriter::create(&path, "x").unwrap();
    let mut parquet = ParquetWriter::create(&path, "x").unwrap();
    arrow.write(&[1.0; 100_000]).unwrap();
    parquet.write(&[1.0; 100_000]).unwrap();
    assert!(format!("{arrow:?} {parquet:?}").starts_with("ArrowWriter { path: "));
    assert_eq!(names(folder.path()).len(), 2);
    drop((arrow, parquet));
    assert_eq!(names(folder.path()), [""; 0]);
}
