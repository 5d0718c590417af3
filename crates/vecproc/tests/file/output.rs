//! Outputs appear whole or not at all.

use std::fs;
use std::path::Path;

use lagom_vecproc::Pipeline;
use lagom_vecproc::file::{
    AnyReader, AnyWriter, FileError, FileErrorKind, NpyWriter, ProcessFileError, RawWriter, Sink, Source, process,
};

use crate::common::{all, bytes, file, names, numbers, place};

#[test]
fn a_file_is_processed_as_its_elements() {
    let pipeline = Pipeline::new().expanding_mean().scale(1.1).rolling_mean(50).clip(-5.0, 5.0);
    for n in [0, 1, 49, 50, 16_383, 16_384, 16_385, 60_000] {
        let x = numbers(n);
        let (folder, input) = file("x.f64", bytes(&x));
        let output = folder.path().join("y.f64");
        fs::write(&output, "old").unwrap();
        assert_eq!(pipeline.process_file(&input, &output).unwrap(), n as u64);
        let expected = bytes(&pipeline.process_batch_to_vec(&x).unwrap());
        assert!(fs::read(&output).unwrap() == expected, "{n}");
        assert_eq!(names(folder.path()), ["x.f64", "y.f64"]);
        // And onto itself.
        pipeline.process_file(&input, &input).unwrap();
        assert!(fs::read(&input).unwrap() == expected, "{n}");
    }
}

/// Whoever reads the old file keeps reading it: the new one takes its name, not its place.
#[test]
fn the_old_output_is_replaced_and_not_overwritten() {
    let (folder, input) = file("x.f64", bytes(&numbers(10)));
    let (output, link) = (folder.path().join("y.f64"), folder.path().join("link.f64"));
    fs::write(&output, "old").unwrap();
    fs::hard_link(&output, &link).unwrap();
    Pipeline::new().process_file(&input, &output).unwrap();
    assert_eq!(fs::read(&output).unwrap(), bytes(&numbers(10)));
    assert_eq!(fs::read(&link).unwrap(), b"old");
}

#[test]
fn a_failed_run_leaves_the_output_as_it_was() {
    let (folder, input) = file("x.f64", bytes(&numbers(10)));
    let output = folder.path().join("y.f64");
    fs::write(&output, "old").unwrap();
    let unchanged = || {
        assert_eq!(fs::read(&output).unwrap(), b"old");
        assert_eq!(names(folder.path()), ["x.f64", "y.f64"]);
    };
    let error = Pipeline::new().rolling_mean(0).process_file(&input, &output).unwrap_err();
    assert!(matches!(error, ProcessFileError::Pipeline(_)));
    unchanged();
    let error = Pipeline::new().process_file(folder.path().join("missing.f64"), &output).unwrap_err();
    assert!(matches!(error, ProcessFileError::Input(error) if matches!(error.kind(), FileErrorKind::Open(_))));
    unchanged();
    // A folder cannot be replaced by a file.
    let taken = folder.path().join("taken.f64");
    fs::create_dir(&taken).unwrap();
    let error = Pipeline::new().process_file(&input, &taken).unwrap_err();
    assert!(matches!(&error, ProcessFileError::Output(error) if error.path() == taken));
    assert!(std::error::Error::source(&error).is_some());
    assert!(error.to_string().starts_with(&format!("cannot write {}: ", taken.display())));
    fs::remove_dir(&taken).unwrap();
    unchanged();
    for nowhere in ["", "..", "/"] {
        let error = RawWriter::create(nowhere).unwrap_err();
        assert!(matches!(error.kind(), FileErrorKind::Write(_)), "{nowhere}");
    }
    assert!(Pipeline::new().process_file(&input, folder.path().join("no/such/folder/y.f64")).is_err());
    unchanged();
}

/// All that an existing output may be but a file; each is there after.
#[cfg(unix)]
#[test]
fn only_files_are_replaced() {
    use std::os::unix::fs::{FileTypeExt, symlink};
    use std::os::unix::net::UnixListener;

    let (folder, input) = file("x.f64", bytes(&numbers(10)));
    let path = |name: &str| folder.path().join(name);
    let _socket = UnixListener::bind(path("socket.f64")).unwrap();
    fs::create_dir(path("folder.f64")).unwrap();
    symlink("/dev/null", path("to a device.f64")).unwrap();
    symlink("folder.f64", path("to a folder.f64")).unwrap();
    symlink("nothing", path("to nothing.f64")).unwrap();
    for name in ["socket.f64", "folder.f64", "to a device.f64", "to a folder.f64", "to nothing.f64"] {
        let before = fs::symlink_metadata(path(name)).unwrap().file_type();
        let error = Pipeline::new().process_file(&input, path(name)).unwrap_err();
        let text = format!("cannot write {}: not a regular file, nor a link to one", path(name).display());
        assert_eq!(error.to_string(), text);
        assert_eq!(fs::symlink_metadata(path(name)).unwrap().file_type(), before, "{name}");
    }
    assert!(fs::symlink_metadata(path("socket.f64")).unwrap().file_type().is_socket());
    assert_eq!(names(folder.path()).len(), 6);

    // A link to a file gives way to a file; what it led to stays.
    symlink(&input, path("to a file.f64")).unwrap();
    Pipeline::new().scale(2.0).process_file(&input, path("to a file.f64")).unwrap();
    assert!(fs::symlink_metadata(path("to a file.f64")).unwrap().is_file());
    assert_eq!(fs::read(&input).unwrap(), bytes(&numbers(10)));
}

#[cfg(unix)]
#[test]
fn the_mode_of_a_replaced_file_is_kept() {
    use std::fs::Permissions;
    use std::os::unix::fs::{PermissionsExt, symlink};

    let (folder, input) = file("x.f64", bytes(&numbers(10)));
    let output = folder.path().join("y.f64");
    let mode = |path: &Path| fs::symlink_metadata(path).unwrap().permissions().mode() & 0o7777;
    for kept in [0o600, 0o640, 0o666, 0o400] {
        fs::write(&output, "old").unwrap();
        fs::set_permissions(&output, Permissions::from_mode(kept)).unwrap();
        Pipeline::new().process_file(&input, &output).unwrap();
        assert_eq!(mode(&output), kept, "{kept:o}");
        assert_eq!(fs::read(&output).unwrap(), bytes(&numbers(10)));
        let link = folder.path().join("link.f64");
        symlink(&output, &link).unwrap();
        Pipeline::new().process_file(&input, &link).unwrap();
        assert_eq!(mode(&link), kept, "{kept:o}");
        fs::remove_file(&link).unwrap();
        fs::remove_file(&output).unwrap();
    }
    // A new one gets what every new file gets.
    Pipeline::new().process_file(&input, &output).unwrap();
    assert_eq!(mode(&output), mode(&input));
}

#[test]
fn names_may_be_as_long_as_the_system_allows() {
    let (folder, input) = file("x.f64", bytes(&numbers(10)));
    let output = folder.path().join("y".repeat(251) + ".f64");
    // Some systems allow less.
    if fs::write(&output, "old").is_ok() {
        Pipeline::new().process_file(&input, &output).unwrap();
        assert_eq!(fs::read(&output).unwrap(), bytes(&numbers(10)));
    }
}

/// Room is asked for by what a source claims; what is written is what came.
#[test]
fn what_was_reserved_and_not_needed_is_given_back() {
    /// Says that so many elements come, and gives what it has.
    struct Claiming(u64, Option<Vec<f64>>, Vec<f64>);

    impl Source for Claiming {
        fn next_chunk_mut(&mut self) -> Result<Option<&mut [f64]>, FileError> {
            self.2 = self.1.take().unwrap_or_default();
            Ok(Some(&mut self.2[..]).filter(|chunk| !chunk.is_empty()))
        }

        fn total(&self) -> Option<u64> {
            Some(self.0)
        }
    }

    for claimed in [0, 999, 1000, 1001, 300_000, 1 << 50, u64::MAX - 1] {
        for name in ["y.npy", "y.f32", "y.f64"] {
            let (folder, path) = place(name);
            let source = Claiming(claimed, Some(numbers(1000)), Vec::new());
            match process(source, &Pipeline::new(), AnyWriter::create(&path).unwrap()) {
                Ok(done) => {
                    assert_eq!(done, 1000);
                    let (header, size) =
                        if name == "y.npy" { (128, 8) } else { (0, name[3..].parse::<u64>().unwrap() / 8) };
                    assert_eq!(fs::metadata(&path).unwrap().len(), header + 1000 * size);
                    assert_eq!(all(AnyReader::open(&path).unwrap()).len(), 1000);
                }
                // So much no disk has.
                Err(error) => {
                    assert!(matches!(&error, ProcessFileError::Output(error) if error.path() == path), "{error}");
                    assert!(claimed >= 1 << 50);
                    assert_eq!(names(folder.path()), [""; 0]);
                }
            }
        }
    }
}

/// What is begun and not finished is not there, and the old one still is.
#[test]
fn a_sink_that_is_dropped_leaves_nothing() {
    let (folder, path) = place("x.npy");
    for is_there in [false, true] {
        if is_there {
            fs::write(&path, "old").unwrap();
        }
        let before = names(folder.path());
        let mut sink = NpyWriter::create(&path).unwrap();
        sink.write(&[1.0]).unwrap();
        assert_eq!(names(folder.path()).len(), before.len() + 1);
        drop(sink);
        assert_eq!(names(folder.path()), before);
    }
    assert_eq!(fs::read(&path).unwrap(), b"old");
}

/// Two of one name at once: the last one counts, and neither sees the other's.
#[test]
fn two_sinks_of_one_name_do_not_mix() {
    let (folder, path) = place("x.f64");
    let mut sinks = [1.0, 2.0].map(|x| (x, RawWriter::create(&path).unwrap()));
    for _ in 0..3 {
        for (x, sink) in &mut sinks {
            sink.write(&[*x]).unwrap();
        }
    }
    for (x, sink) in sinks {
        sink.finish().unwrap();
        assert_eq!(fs::read(&path).unwrap(), bytes(&[x; 3]));
    }
    assert_eq!(names(folder.path()), ["x.f64"]);
}

/// A full device; also where the name to be replaced is one.
#[cfg(target_os = "linux")]
#[test]
fn devices_are_not_written() {
    let error = RawWriter::create("/dev/full").unwrap_err();
    assert_eq!(error.to_string(), "cannot write /dev/full: not a regular file, nor a link to one");
}

#[cfg(unix)]
#[test]
fn a_folder_that_may_not_be_written_is_an_error() {
    use std::os::unix::fs::PermissionsExt;
    let (folder, path) = place("x.f64");
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o500)).unwrap();
    // The superuser may.
    if fs::write(folder.path().join("probe"), "").is_err() {
        let error = RawWriter::create(&path).unwrap_err();
        assert!(matches!(error.kind(), FileErrorKind::Write(_)));
    }
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).unwrap();
}
