//! Files: whole, cut short, grown, of odd length, missing; and outputs that appear whole or not at all.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use lagom_vecproc::*;
use tempfile::{TempDir, tempdir};

fn bytes(x: &[f64]) -> Vec<u8> {
    x.iter().flat_map(|x| x.to_le_bytes()).collect()
}

fn numbers(n: usize) -> Vec<f64> {
    (0..n).map(|i| (i as f64 * 0.37).sin() * 100.0).collect()
}

fn folder_with(x: &[f64]) -> (TempDir, PathBuf) {
    let folder = tempdir().unwrap();
    let path = folder.path().join("x.f64");
    fs::write(&path, bytes(x)).unwrap();
    (folder, path)
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn chunks_are_the_file() {
    for n in [0, 1, 2, 999, 1000, 1001, 8191, 8192, 8193, 16384, 50_000] {
        let mut x = numbers(n);
        if n > 2 {
            x[2] = f64::NAN;
        }
        let (_folder, path) = folder_with(&x);
        for chunk_len in [0, 1, 1000, 8192, 20_000, usize::MAX] {
            if chunk_len < 2 && n > 1001 {
                continue;
            }
            let mut reader = F64Reader::open(&path).unwrap().chunk_len(chunk_len);
            assert_eq!((reader.len(), reader.is_empty()), (n as u64, n == 0));
            let mut read = Vec::new();
            while let Some(chunk) = reader.next_chunk().unwrap() {
                assert!(chunk.len() == chunk_len.max(1) || read.len() + chunk.len() == n);
                read.extend_from_slice(chunk);
            }
            assert_eq!(bytes(&read), bytes(&x));
            assert!(reader.next_chunk().unwrap().is_none());
        }
    }
}

#[test]
fn any_place_can_be_read() {
    let x = numbers(20_000);
    let (_folder, path) = folder_with(&x);
    let mut reader = F64Reader::open(&path).unwrap();
    for (start, len) in [(0, 0), (0, 20_000), (19_999, 1), (20_000, 0), (5, 9000)] {
        let mut out = vec![0.0; len];
        reader.read_at(start, &mut out).unwrap();
        assert_eq!(out, x[start as usize..start as usize + len]);
    }
    for (start, len) in [(0, 20_001), (20_000, 1), (u64::MAX, 1)] {
        let error = reader.read_at(start, &mut vec![0.0; len]).unwrap_err();
        assert!(matches!(error, FileError::OutOfRange { elements: 20_000, .. }));
        assert!(error.to_string().ends_with(&format!("has 20000 elements, asked for {len} from element {start} on")));
    }
}

#[test]
fn a_partial_element_is_named() {
    let folder = tempdir().unwrap();
    for len in [1, 7, 9, 15, 8007] {
        let path = folder.path().join("odd.f64");
        fs::write(&path, vec![0; len]).unwrap();
        let error = F64Reader::open(&path).unwrap_err();
        assert_eq!(error.path(), path);
        let text = format!(
            "{} is {len} bytes long, no multiple of 8: its last element, at byte {}, is incomplete",
            path.display(),
            len - len % 8
        );
        assert_eq!(error.to_string(), text);
        let output = folder.path().join("out.f64");
        assert_eq!(process_file(&path, &output, &Pipeline::new()).unwrap_err().to_string(), text);
        assert_eq!(names(folder.path()), ["odd.f64"]);
    }
}

#[test]
fn what_is_no_file_is_refused() {
    let folder = tempdir().unwrap();
    let error = F64Reader::open(folder.path()).unwrap_err();
    assert!(matches!(error, FileError::NotAFile { .. }));
    let missing = folder.path().join("missing");
    let error = F64Reader::open(&missing).unwrap_err();
    assert!(matches!(error, FileError::Open { .. }));
    assert!(std::error::Error::source(&error).is_some());
    assert!(error.to_string().starts_with(&format!("cannot open {}: ", missing.display())));
}

#[test]
fn a_file_cut_short_while_read_is_an_error() {
    let (_folder, path) = folder_with(&numbers(3000));
    let mut reader = F64Reader::open(&path).unwrap().chunk_len(1000);
    assert_eq!(reader.next_chunk().unwrap().map(<[_]>::len), Some(1000));
    OpenOptions::new().write(true).open(&path).unwrap().set_len(12_345).unwrap();
    let error = reader.next_chunk().unwrap_err();
    assert!(matches!(error, FileError::Truncated { len: 24_000, offset: 12_345, .. }), "{error:?}");
    assert!(error.to_string().ends_with("was 24000 bytes long when opened and now ends at byte 12345"));
    // Nothing was lost: the same chunk comes when the file is whole again.
    fs::write(&path, bytes(&numbers(3000))).unwrap();
    assert_eq!(reader.next_chunk().unwrap(), Some(&numbers(3000)[1000..2000]));
}

#[test]
fn a_file_grown_while_read_is_an_error_at_its_end() {
    let (_folder, path) = folder_with(&numbers(10));
    let mut reader = F64Reader::open(&path).unwrap();
    OpenOptions::new().append(true).open(&path).unwrap().write_all(&[0; 3]).unwrap();
    assert_eq!(reader.next_chunk().unwrap(), Some(&numbers(10)[..]));
    let error = reader.next_chunk().unwrap_err();
    assert!(matches!(error, FileError::Resized { len: 80, now: 83, .. }), "{error:?}");
}

#[test]
fn a_file_is_processed_as_its_elements() {
    let pipeline = Pipeline::new().expanding_mean().scale(1.1).rolling_mean(50).clip(-5.0, 5.0);
    for n in [0, 1, 49, 50, 16_383, 16_384, 16_385, 60_000] {
        let x = numbers(n);
        let (folder, input) = folder_with(&x);
        let output = folder.path().join("y.f64");
        fs::write(&output, "old").unwrap();
        assert_eq!(process_file(&input, &output, &pipeline).unwrap(), n as u64);
        let expected = bytes(&pipeline.process_batch_to_vec(&x).unwrap());
        assert!(fs::read(&output).unwrap() == expected, "{n}");
        assert_eq!(names(folder.path()), ["x.f64", "y.f64"]);
        // And onto itself.
        process_file(&input, &input, &pipeline).unwrap();
        assert!(fs::read(&input).unwrap() == expected, "{n}");
    }
}

/// Whoever reads the old file keeps reading it: the new one takes its name, not its place.
#[test]
fn the_old_output_is_replaced_and_not_overwritten() {
    let (folder, input) = folder_with(&numbers(10));
    let (output, link) = (folder.path().join("y.f64"), folder.path().join("link"));
    fs::write(&output, "old").unwrap();
    fs::hard_link(&output, &link).unwrap();
    process_file(&input, &output, &Pipeline::new()).unwrap();
    assert_eq!(fs::read(&output).unwrap(), bytes(&numbers(10)));
    assert_eq!(fs::read(&link).unwrap(), b"old");
}

#[test]
fn a_failed_run_leaves_the_output_as_it_was() {
    let (folder, input) = folder_with(&numbers(10));
    let output = folder.path().join("y.f64");
    fs::write(&output, "old").unwrap();
    let unchanged = || {
        assert_eq!(fs::read(&output).unwrap(), b"old");
        assert_eq!(names(folder.path()), ["x.f64", "y.f64"]);
    };
    let error = process_file(&input, &output, &Pipeline::new().rolling_mean(0)).unwrap_err();
    assert!(matches!(error, ProcessFileError::ZeroWindow(_)));
    unchanged();
    let error = process_file(folder.path().join("missing"), &output, &Pipeline::new()).unwrap_err();
    assert!(matches!(error, ProcessFileError::Input(FileError::Open { .. })));
    unchanged();
    // A folder cannot be replaced by a file.
    let taken = folder.path().join("taken");
    fs::create_dir(&taken).unwrap();
    let error = process_file(&input, &taken, &Pipeline::new()).unwrap_err();
    assert!(matches!(&error, ProcessFileError::Output { path, .. } if *path == taken));
    assert!(error.to_string().starts_with(&format!("cannot write {}: ", taken.display())));
    fs::remove_dir(&taken).unwrap();
    unchanged();
    for nowhere in ["", "..", "/"] {
        assert!(matches!(process_file(&input, nowhere, &Pipeline::new()), Err(ProcessFileError::Output { .. })));
    }
    assert!(process_file(&input, folder.path().join("no/such/folder/y"), &Pipeline::new()).is_err());
    unchanged();
}

/// All that an existing output may be but a file; each is there after.
#[cfg(unix)]
#[test]
fn only_files_are_replaced() {
    use std::os::unix::fs::{FileTypeExt, symlink};
    use std::os::unix::net::UnixListener;

    let (folder, input) = folder_with(&numbers(10));
    let path = |name: &str| folder.path().join(name);
    let _socket = UnixListener::bind(path("socket")).unwrap();
    fs::create_dir(path("folder")).unwrap();
    symlink("/dev/null", path("to a device")).unwrap();
    symlink("folder", path("to a folder")).unwrap();
    symlink("nothing", path("to nothing")).unwrap();
    for name in ["socket", "folder", "to a device", "to a folder", "to nothing"] {
        let before = fs::symlink_metadata(path(name)).unwrap().file_type();
        let error = process_file(&input, path(name), &Pipeline::new()).unwrap_err();
        let text = format!("cannot write {}: not a regular file, nor a link to one", path(name).display());
        assert_eq!(error.to_string(), text);
        assert_eq!(fs::symlink_metadata(path(name)).unwrap().file_type(), before, "{name}");
    }
    assert!(fs::symlink_metadata(path("socket")).unwrap().file_type().is_socket());
    assert_eq!(names(folder.path()).len(), 6);

    // A link to a file gives way to a file; what it led to stays.
    symlink(&input, path("to a file")).unwrap();
    process_file(&input, path("to a file"), &Pipeline::new().scale(2.0)).unwrap();
    assert!(fs::symlink_metadata(path("to a file")).unwrap().is_file());
    assert_eq!(fs::read(&input).unwrap(), bytes(&numbers(10)));
}

#[cfg(unix)]
#[test]
fn the_mode_of_a_replaced_file_is_kept() {
    use std::fs::Permissions;
    use std::os::unix::fs::{PermissionsExt, symlink};

    let (folder, input) = folder_with(&numbers(10));
    let output = folder.path().join("y.f64");
    let mode = |path: &Path| fs::symlink_metadata(path).unwrap().permissions().mode() & 0o7777;
    for kept in [0o600, 0o640, 0o666, 0o400] {
        fs::write(&output, "old").unwrap();
        fs::set_permissions(&output, Permissions::from_mode(kept)).unwrap();
        process_file(&input, &output, &Pipeline::new()).unwrap();
        assert_eq!(mode(&output), kept, "{kept:o}");
        assert_eq!(fs::read(&output).unwrap(), bytes(&numbers(10)));
        let link = folder.path().join("link");
        symlink(&output, &link).unwrap();
        process_file(&input, &link, &Pipeline::new()).unwrap();
        assert_eq!(mode(&link), kept, "{kept:o}");
        fs::remove_file(&link).unwrap();
        fs::remove_file(&output).unwrap();
    }
    // A new one gets what every new file gets.
    process_file(&input, &output, &Pipeline::new()).unwrap();
    assert_eq!(mode(&output), mode(&input));
}

#[test]
fn names_may_be_as_long_as_the_system_allows() {
    let (folder, input) = folder_with(&numbers(10));
    let output = folder.path().join("y".repeat(255));
    // Some systems allow less.
    if fs::write(&output, "old").is_ok() {
        process_file(&input, &output, &Pipeline::new()).unwrap();
        assert_eq!(fs::read(&output).unwrap(), bytes(&numbers(10)));
    }
}

/// The system says that its length is 0.
#[cfg(target_os = "linux")]
#[test]
fn a_file_made_up_while_it_is_read_is_refused() {
    assert_eq!(fs::metadata("/proc/self/maps").unwrap().len(), 0);
    let error = F64Reader::open("/proc/self/maps").unwrap_err();
    assert!(matches!(error, FileError::NotAFile { .. }));
    assert_eq!(error.to_string(), "/proc/self/maps is not a regular file of known length");
}

#[cfg(target_os = "linux")]
#[test]
fn a_pipe_is_refused_without_waiting_for_its_other_end() {
    let folder = tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    if std::process::Command::new("mkfifo").arg(&pipe).status().is_ok_and(|status| status.success()) {
        assert!(matches!(F64Reader::open(&pipe), Err(FileError::NotAFile { .. })));
    }
    assert!(matches!(F64Reader::open("/dev/zero"), Err(FileError::NotAFile { .. })));
}
