//! Numbers, folders, and reading all there is.

use std::fs;
use std::path::{Path, PathBuf};

use lagom_vecproc::file::{ElementReader, ElementType, FileError, Sink, Source};
use tempfile::{TempDir, tempdir};

pub(crate) fn bytes(x: &[f64]) -> Vec<u8> {
    x.iter().flat_map(|x| x.to_le_bytes()).collect()
}

pub(crate) fn numbers(n: usize) -> Vec<f64> {
    (0..n).map(|i| (i as f64 * 0.37).sin() * 100.0).collect()
}

/// A folder, and a path in it.
pub(crate) fn place(name: &str) -> (TempDir, PathBuf) {
    let folder = tempdir().unwrap();
    let path = folder.path().join(name);
    (folder, path)
}

pub(crate) fn file(name: &str, content: impl AsRef<[u8]>) -> (TempDir, PathBuf) {
    let (folder, path) = place(name);
    fs::write(&path, content).unwrap();
    (folder, path)
}

pub(crate) fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

pub(crate) fn open(path: &Path) -> ElementReader {
    ElementReader::open(path, ElementType::F64).unwrap()
}

/// All that comes, up to an error.
pub(crate) fn try_all(mut source: impl Source) -> (Vec<f64>, Result<(), FileError>) {
    let mut all = Vec::new();
    loop {
        match source.next_chunk() {
            Ok(Some(chunk)) => {
                assert!(!chunk.is_empty());
                all.extend_from_slice(chunk);
            }
            Ok(None) => return (all, Ok(())),
            Err(error) => return (all, Err(error)),
        }
    }
}

pub(crate) fn all(source: impl Source) -> Vec<f64> {
    let (all, end) = try_all(source);
    end.unwrap();
    all
}

/// Writes all into a sink, in pieces of different lengths.
pub(crate) fn write(mut sink: impl Sink, x: &[f64]) {
    let mut rest = x;
    for len in (1..).map(|i: usize| i * i) {
        let (now, later) = rest.split_at(len.min(rest.len()));
        sink.write(now).unwrap();
        rest = later;
        if rest.is_empty() {
            break;
        }
    }
    sink.finish().unwrap();
}

/// The same numbers, where NaN is the same as NaN.
pub(crate) fn assert_same(a: &[f64], b: &[f64]) {
    assert_eq!(a.len(), b.len());
    for (i, (a, b)) in a.iter().zip(b).enumerate() {
        assert!(a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan(), "{i}: {a} and {b}");
    }
}

/// The text of an error behind the name of its file.
pub(crate) fn text(error: &FileError) -> String {
    let (text, path) = (error.to_string(), error.path().to_str().unwrap());
    assert!(text.contains(path), "{text}");
    text.replace(path, "FILE")
}
