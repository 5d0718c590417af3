//! Mapped files.
#![cfg(feature = "mmap")]

use std::fs;

use lagom_vecproc::{FileError, MappedF64, expanding_mean_to_vec};
use tempfile::tempdir;

fn open(path: &std::path::Path) -> Result<MappedF64, FileError> {
    // SAFETY: the files are this test's own, in a folder nobody else knows, and not changed while mapped.
    unsafe { MappedF64::open(path) }
}

#[test]
fn a_map_is_the_file() {
    let folder = tempdir().unwrap();
    for n in [0, 1, 511, 512, 513, 100_000] {
        let x: Vec<f64> = (0..n).map(|i| f64::from(i) * 0.1).collect();
        let path = folder.path().join(format!("{n}.f64"));
        fs::write(&path, x.iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<u8>>()).unwrap();
        let map = open(&path).unwrap();
        assert_eq!(*map, *x);
        assert_eq!(map.as_ref().len(), x.len());
        assert_eq!(expanding_mean_to_vec(&map), expanding_mean_to_vec(&x));
        // The file may go, the map stays.
        #[cfg(unix)]
        {
            fs::remove_file(&path).unwrap();
            assert_eq!(*map, *x);
        }
        assert!(format!("{map:?}").ends_with(&format!("len: {n}, .. }}")));
    }
}

#[test]
fn what_cannot_be_mapped_is_named() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("odd.f64");
    fs::write(&path, [0; 17]).unwrap();
    let error = open(&path).unwrap_err();
    assert!(matches!(error, FileError::PartialElement { len: 17, offset: 16, .. }));
    assert_eq!(error.path(), path);
    assert!(matches!(open(folder.path()), Err(FileError::NotAFile { .. })));
    assert!(matches!(open(&folder.path().join("missing")), Err(FileError::Open { .. })));
}
