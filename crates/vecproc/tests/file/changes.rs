//! Files that change while they are read: cut short, grown, written to, replaced, removed.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use lagom_vecproc::Pipeline;
use lagom_vecproc::file::{
    ElementReader, ElementType, FileErrorKind, Npy, NpyWriter, ProcessFileError, RawWriter, Source, process,
};

use crate::common::{all, bytes, file, names, numbers, open, place, text, try_all, write};

/// Something that others do to a file.
type Meddle = fn(&Path);

fn cut(path: &Path, len: u64) {
    OpenOptions::new().write(true).open(path).unwrap().set_len(len).unwrap();
}

fn grow(path: &Path, by: usize) {
    OpenOptions::new().append(true).open(path).unwrap().write_all(&vec![0; by]).unwrap();
}

/// Another time than any before, whatever the clock of the file system.
fn touch(path: &Path) {
    let file = OpenOptions::new().write(true).open(path).unwrap();
    file.set_modified(SystemTime::now() + Duration::from_secs(10)).unwrap();
}

#[test]
fn a_file_cut_short_is_an_error() {
    let (_folder, path) = file("x", bytes(&numbers(3000)));
    let mut reader = open(&path).chunk_len(1000);
    assert_eq!(reader.next_chunk().unwrap().map(<[_]>::len), Some(1000));
    cut(&path, 12_345);
    let error = reader.next_chunk().unwrap_err();
    assert!(matches!(error.kind(), FileErrorKind::Truncated { len: 24_000, end: 12_345 }), "{error:?}");
    assert_eq!(text(&error), "FILE was 24000 bytes long when opened and now ends at byte 12345");
    // To nothing.
    cut(&path, 0);
    let error = reader.next_chunk().unwrap_err();
    assert!(matches!(error.kind(), FileErrorKind::Truncated { len: 24_000, end: 8000 }), "{error:?}");
    // Nothing was lost: the same chunk comes when the file is whole again.
    fs::write(&path, bytes(&numbers(3000))).unwrap();
    assert_eq!(reader.next_chunk().unwrap(), Some(&numbers(3000)[1000..2000]));
}

#[test]
fn a_file_grown_is_an_error_at_its_end() {
    let (_folder, path) = file("x", bytes(&numbers(10)));
    let mut reader = open(&path);
    grow(&path, 3);
    assert_eq!(reader.next_chunk().unwrap(), Some(&numbers(10)[..]));
    let error = reader.next_chunk().unwrap_err();
    assert!(matches!(error.kind(), FileErrorKind::Resized { len: 80, now: 83 }), "{error:?}");
    assert_eq!(text(&error), "FILE was 80 bytes long when opened and is 83 bytes long now");
}

/// Cut short behind what was read already, so that no read can find out.
#[test]
fn a_file_cut_short_behind_its_reader_is_an_error_at_its_end() {
    let (_folder, path) = file("x", bytes(&numbers(10)));
    let mut reader = open(&path);
    reader.next_chunk().unwrap();
    cut(&path, 8);
    let error = reader.next_chunk().unwrap_err();
    assert!(matches!(error.kind(), FileErrorKind::Resized { len: 80, now: 8 }), "{error:?}");
}

#[test]
fn a_file_written_to_is_an_error_at_its_end() {
    let (_folder, path) = file("x", bytes(&numbers(10)));
    let mut reader = open(&path);
    fs::write(&path, bytes(&numbers(11)[1..])).unwrap();
    touch(&path);
    assert!(reader.next_chunk().unwrap().is_some());
    let error = reader.next_chunk().unwrap_err();
    assert!(matches!(error.kind(), FileErrorKind::Modified), "{error:?}");
    assert_eq!(text(&error), "FILE was written to after it was opened");
}

#[test]
fn a_file_replaced_is_an_error_at_its_end() {
    let (folder, path) = file("x", bytes(&numbers(10)));
    let other = folder.path().join("other");
    fs::write(&other, bytes(&numbers(10))).unwrap();
    let mut reader = open(&path);
    // Windows does not let go of an open file.
    if fs::rename(&other, &path).is_err() {
        return;
    }
    assert_eq!(reader.next_chunk().unwrap(), Some(&numbers(10)[..]));
    let error = reader.next_chunk().unwrap_err();
    assert!(matches!(error.kind(), FileErrorKind::Replaced), "{error:?}");
    assert_eq!(text(&error), "FILE is another file than the one that was opened");
}

/// It is still what was opened, and nobody else can say what it should be.
#[cfg(unix)]
#[test]
fn a_file_that_loses_its_name_is_read_to_its_end() {
    let (_folder, path) = file("x", bytes(&numbers(10)));
    let reader = open(&path);
    fs::remove_file(&path).unwrap();
    assert_eq!(all(reader), numbers(10));
}

/// Who only looks at a file, or at its neighbours, does not disturb.
#[test]
fn what_does_not_change_a_file_is_no_error() {
    let (folder, path) = file("x", bytes(&numbers(10)));
    let mut reader = open(&path);
    fs::read(&path).unwrap();
    fs::hard_link(&path, folder.path().join("link")).unwrap();
    fs::write(folder.path().join("other"), "new").unwrap();
    File::open(&path).unwrap().sync_all().unwrap();
    assert_eq!(all(&mut reader), numbers(10));
}

/// Through all that goes from file to file, which leaves nothing then.
#[test]
fn a_run_over_a_file_that_changes_leaves_nothing() {
    /// Does something to a file before its second chunk.
    struct Meddling<S, F>(S, Option<F>, bool);

    impl<S: Source, F: FnOnce()> Source for Meddling<S, F> {
        fn next_chunk_mut(&mut self) -> Result<Option<&mut [f64]>, lagom_vecproc::file::FileError> {
            if std::mem::replace(&mut self.2, true) {
                self.1.take().into_iter().for_each(|meddle| meddle());
            }
            self.0.next_chunk_mut()
        }
    }

    let cases: [(Meddle, &str); 4] = [
        (|path| cut(path, 200_000), "FILE was 400128 bytes long when opened and now ends at byte 200000"),
        (|path| cut(path, 400_127), "FILE was 400128 bytes long when opened and now ends at byte 400127"),
        (|path| grow(path, 8), "FILE was 400128 bytes long when opened and is 400136 bytes long now"),
        (|path| touch(path), "FILE was written to after it was opened"),
    ];
    for (meddle, said) in cases {
        let (folder, input) = place("x.npy");
        write(NpyWriter::create(&input).unwrap(), &numbers(50_000));
        let source = Meddling(Npy::open(&input).unwrap().elements().unwrap(), Some(|| meddle(&input)), false);
        let sink = RawWriter::create(folder.path().join("y.f64")).unwrap();
        match process(source, &Pipeline::new().expanding_mean(), sink).unwrap_err() {
            ProcessFileError::Input(error) => assert_eq!(text(&error), said),
            other => panic!("{other}"),
        }
        assert_eq!(names(folder.path()), ["x.npy"]);
    }
}

/// Another thread cuts and grows the file all the time. What comes is right or an error, and the process lives.
#[test]
fn a_file_that_never_rests_is_right_or_an_error() {
    use std::sync::atomic::{AtomicBool, Ordering};

    /// Ends the other thread, whatever this one does.
    struct Over<'a>(&'a AtomicBool);

    impl Drop for Over<'_> {
        fn drop(&mut self) {
            self.0.store(true, Ordering::Relaxed);
        }
    }

    let (_folder, path) = file("x", bytes(&[1.0; 30_000]));
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let _over = Over(&is_over);
        scope.spawn(|| {
            let file = OpenOptions::new().write(true).open(&path).unwrap();
            for len in [0, 80_000, 12_345, 240_000].into_iter().cycle() {
                file.set_len(len).unwrap();
                if is_over.load(Ordering::Relaxed) {
                    break;
                }
            }
        });
        let start = Instant::now();
        let (mut rounds, mut errors) = (0, 0);
        // The other thread may be late.
        while rounds < 500 || (errors == 0 && start.elapsed() < Duration::from_secs(30)) {
            rounds += 1;
            match ElementReader::open(&path, ElementType::F64) {
                Ok(reader) => {
                    let (x, end) = try_all(reader.chunk_len(1000));
                    // What was cut off and grew back is zeros.
                    assert!(x.iter().all(|x| *x == 1.0 || *x == 0.0));
                    errors += u32::from(end.is_err());
                }
                Err(error) => {
                    use FileErrorKind::{Modified, PartialElement, Resized};
                    let kind = error.kind();
                    assert!(matches!(kind, PartialElement { len: 12_345, .. } | Resized { .. } | Modified), "{error}");
                    errors += 1;
                }
            }
        }
        assert!(errors > 0);
    });
}

#[cfg(feature = "csv")]
#[test]
fn a_csv_file_that_changes_is_an_error() {
    use lagom_vecproc::file::{Column, Csv};
    let rows = "123456\n".repeat(100_000);
    let cases: [(Meddle, &str); 3] = [
        // In the middle of a number.
        (|path| cut(path, 600_000), "FILE was 700002 bytes long when opened and now ends at byte 600000"),
        (|path| grow(path, 8), "FILE was 700002 bytes long when opened and is 700010 bytes long now"),
        (|path| touch(path), "FILE was written to after it was opened"),
    ];
    for (meddle, said) in cases {
        let (_folder, path) = file("x.csv", format!("x\n{rows}"));
        let mut reader = Csv::new().open(&path, Column::Only).unwrap();
        reader.next_chunk().unwrap();
        meddle(&path);
        let (x, end) = try_all(&mut reader);
        assert!(x.iter().all(|x| *x == 123_456.0));
        assert_eq!(text(&end.unwrap_err()), said);
        if said.contains("ends at") {
            // Nor is anything made of the half number when it is asked on.
            fs::write(&path, format!("x\n{rows}")).unwrap();
            assert_eq!(text(&reader.next_chunk().unwrap_err()), "cannot read FILE: it was not read to its end");
        }
    }
}
