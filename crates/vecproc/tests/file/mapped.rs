//! Mapped files.

use std::fs;
use std::path::Path;

use lagom_vecproc::file::{FileError, FileErrorKind, MappedF64, NpyWriter};

use crate::common::{bytes, file, numbers, place, text, write};

fn open(path: &Path) -> Result<MappedF64, FileError> {
    // SAFETY: the files are this test's own, in a folder nobody else knows, and not changed while mapped.
    unsafe { MappedF64::open(path) }
}

fn open_npy(path: &Path) -> Result<MappedF64, FileError> {
    // SAFETY: as above.
    unsafe { MappedF64::open_npy(path) }
}

#[test]
fn a_map_is_the_file() {
    for n in [0, 1, 511, 512, 513, 100_000] {
        let x = numbers(n);
        let (_folder, path) = file("x.f64", bytes(&x));
        let map = open(&path).unwrap();
        assert_eq!(*map, *x);
        assert_eq!(map.as_ref().len(), x.len());
        // The file may go, the map stays.
        #[cfg(unix)]
        {
            fs::remove_file(&path).unwrap();
            assert_eq!(*map, *x);
        }
        assert!(format!("{map:?}").ends_with(&format!("len: {n}, .. }}")));

        let (_folder, path) = place("x.npy");
        write(NpyWriter::create(&path).unwrap(), &x);
        assert_eq!(*open_npy(&path).unwrap(), *x);
    }
}

#[test]
fn what_cannot_be_mapped_is_named() {
    let (folder, path) = file("odd.f64", [0; 17]);
    let error = open(&path).unwrap_err();
    assert!(matches!(error.kind(), FileErrorKind::PartialElement { len: 17, element: 8 }));
    assert_eq!(error.path(), path);
    assert!(matches!(open(folder.path()).unwrap_err().kind(), FileErrorKind::NotAFile));
    assert!(matches!(open(&folder.path().join("missing")).unwrap_err().kind(), FileErrorKind::Open(_)));

    assert!(matches!(open_npy(&path).unwrap_err().kind(), FileErrorKind::Header { offset: 0, .. }));
    for (writer, name) in [
        (NpyWriter::create(&path).unwrap().as_f32(), "f32"),
        (NpyWriter::create(&path).unwrap().big_endian(), "big-endian f64"),
    ] {
        write(writer, &[1.0]);
        let error = open_npy(&path).unwrap_err();
        assert!(matches!(error.kind(), FileErrorKind::Map(_)));
        let said = format!(
            "cannot map FILE into memory: the elements are of the type {name}, a slice needs little-endian f64"
        );
        assert_eq!(text(&error), said);
    }
    // Elements at a byte where none can stand.
    let dictionary = b"{'descr': '<f8', 'fortran_order': False, 'shape': (1,)}";
    for (padding, is_fine) in [(0, false), (1, false), (7, true)] {
        let mut content = b"\x93NUMPY\x01\x00".to_vec();
        content.extend((dictionary.len() as u16 + padding).to_le_bytes());
        content.extend(dictionary);
        content.extend(vec![b' '; usize::from(padding)]);
        content.extend(1_f64.to_le_bytes());
        fs::write(&path, &content).unwrap();
        match open_npy(&path) {
            Ok(map) => assert!(is_fine && *map == [1.0]),
            Err(error) => {
                assert!(!is_fine);
                assert_eq!(text(&error), "cannot map FILE into memory: the elements are not aligned for f64");
            }
        }
    }
}
