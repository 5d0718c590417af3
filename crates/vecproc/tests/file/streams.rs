//! Readers, writers and iterators of chunks, however they are cut and wherever they fail.

use std::io::{self, ErrorKind, Read, Write};

use lagom_vecproc::file::*;
use lagom_vecproc::*;

use crate::common::bytes;

/// Gives what is planned: pieces of `bytes` of these lengths, errors between them; then the rest byte by byte.
struct Planned<'a> {
    bytes: &'a [u8],
    plan: Vec<Result<usize, ErrorKind>>,
}

impl Read for Planned<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let planned = if self.plan.is_empty() { Ok(1) } else { self.plan.remove(0) };
        let n = planned?.min(buffer.len()).min(self.bytes.len());
        buffer[..n].copy_from_slice(&self.bytes[..n]);
        self.bytes = &self.bytes[n..];
        Ok(n)
    }
}

fn elements(n: usize) -> Vec<f64> {
    (0..n).map(|i| (i * i % 17) as f64 * 0.1).collect()
}

#[test]
fn are_the_same_cut_at_every_byte() {
    let x = elements(9);
    let bytes = bytes(&x);
    let due = Pipeline::new().rolling_mean(3).min_periods(1).cumulative_sum();
    let due = (due.process_batch_to_vec(&x).unwrap(), due);
    for cut in 1..bytes.len() {
        for chunk_len in [1, 2, 4, 100] {
            let plan = vec![Err(ErrorKind::Interrupted), Ok(cut), Err(ErrorKind::Interrupted)];
            let reader = StreamReader::new(Planned { bytes: &bytes, plan }, ElementType::F64).chunk_len(chunk_len);
            let mut out = Vec::new();
            assert_eq!(process(reader, &due.1, &mut out).unwrap(), 9);
            assert_eq!(out, due.0, "cut at {cut}, chunks of {chunk_len}");
        }
    }
}

#[test]
fn say_where_an_element_is_incomplete() {
    let bytes = bytes(&elements(5));
    for end in 0..bytes.len() {
        for chunk_len in [1, 3, 100] {
            let reader = StreamReader::new(&bytes[..end], ElementType::F64).name("pipe").chunk_len(chunk_len);
            let mut chunks = Pipeline::new().over(reader.chunks()).unwrap();
            let given: Vec<f64> = chunks.by_ref().map_while(Result::ok).flatten().collect();
            assert_eq!(given, elements(5)[..end / 8], "what is whole comes before the error");
            let reader = StreamReader::new(&bytes[..end], ElementType::F64).name("pipe").chunk_len(chunk_len);
            let result = process(reader, &Pipeline::new(), &mut Vec::new());
            if end % 8 == 0 {
                assert_eq!(result.unwrap(), end as u64 / 8);
            } else {
                let place = end - end % 8;
                let due = format!(
                    "pipe is {end} bytes long, no multiple of 8: its last element, at byte {place}, is incomplete"
                );
                assert_eq!(result.unwrap_err().to_string(), due);
            }
        }
    }
}

#[test]
fn give_what_was_read_before_an_error_and_go_on_after_it() {
    let (x, due) = (elements(8), Pipeline::new().cumulative_sum().process_batch_to_vec(&elements(8)).unwrap());
    let bytes = bytes(&x);
    for cut in 0..bytes.len() {
        let plan = vec![Ok(cut.max(1)), Err(ErrorKind::BrokenPipe)];
        let cut = cut.max(1);
        let reader = StreamReader::new(Planned { bytes: &bytes, plan }, ElementType::F64).chunk_len(100);
        let mut chunks = Pipeline::new().cumulative_sum().over(reader.chunks()).unwrap();
        if cut >= 8 {
            assert_eq!(chunks.next().unwrap().unwrap(), due[..cut / 8]);
        }
        let error = chunks.next().unwrap().unwrap_err();
        assert!(matches!(error.kind(), FileErrorKind::Read { offset, .. } if *offset == cut as u64), "{error}");
        assert_eq!(chunks.next().unwrap().unwrap(), due[cut / 8..]);
        assert!(chunks.next().is_none());
    }
}

#[test]
fn tell_once_that_the_end_cuts_an_element_off() {
    let chunks = StreamReader::new(&[0_u8; 13][..], ElementType::F64).chunks();
    assert_eq!(chunks.take(9).map(|chunk| chunk.is_ok()).collect::<Vec<_>>(), [true, false]);
}

#[test]
fn come_in_chunks_of_the_length_asked_for() {
    let bytes = bytes(&elements(20_000));
    let lens = |chunk_len| {
        let reader = StreamReader::new(Planned { bytes: &bytes, plan: vec![Ok(70_000)] }, ElementType::F64);
        reader.chunk_len(chunk_len).chunks().map(|chunk| chunk.unwrap().len()).collect::<Vec<_>>()
    };
    assert_eq!(lens(9_000), [9_000, 9_000, 2_000]);
    assert_eq!(lens(usize::MAX), [20_000]);
    assert_eq!(lens(0).len(), 20_000);
}

/// Takes a few bytes at a time, is interrupted now and then, and full at last.
struct Narrow {
    taken: Vec<u8>,
    room: usize,
    flushed: bool,
    calls: usize,
}

impl Write for Narrow {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.calls += 1;
        if self.calls.is_multiple_of(3) {
            return Err(ErrorKind::Interrupted.into());
        }
        let n = bytes.len().min(5).min(self.room - self.taken.len());
        self.taken.extend(&bytes[..n]);
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.flushed = true;
        Ok(())
    }
}

#[test]
fn are_written_whole_in_pieces() {
    let x = elements(50);
    let input = bytes(&x);
    let mut narrow = Narrow { taken: Vec::new(), room: 400, flushed: false, calls: 0 };
    let reader = StreamReader::new(&input[..], ElementType::F64).chunk_len(7);
    process(reader, &Pipeline::new().scale(2.0), StreamWriter::new(&mut narrow)).unwrap();
    assert!(narrow.flushed);
    assert_eq!(narrow.taken, bytes(&x.iter().map(|x| x * 2.0).collect::<Vec<_>>()));

    let mut narrow = Narrow { taken: Vec::new(), room: 399, flushed: false, calls: 0 };
    let reader = StreamReader::new(&input[..], ElementType::F64);
    let error = process(reader, &Pipeline::new(), StreamWriter::new(&mut narrow).name("room")).unwrap_err();
    assert!(matches!(&error, ProcessFileError::Output(error) if error.path().ends_with("room")), "{error}");
    assert!(!narrow.flushed);
}

#[test]
fn have_any_type_and_order() {
    let mut out = Vec::new();
    let y = StreamWriter::new(&mut out).as_f32().big_endian();
    let x = [1_i32, -2].map(i32::to_be_bytes).concat();
    process(StreamReader::new(&x[..], ElementType::I32.big_endian()), &Pipeline::new(), y).unwrap();
    assert_eq!(out, [1.0_f32, -2.0].map(f32::to_be_bytes).concat());
}

#[test]
fn iterators_of_chunks_give_the_bits_of_the_whole() {
    let x = elements(300);
    let pipeline = Pipeline::new().cumulative_sum().rolling_std(7, 1).scale(3.0);
    let due: Vec<u64> = pipeline.process_batch_to_vec(&x).unwrap().iter().map(|x| x.to_bits()).collect();
    for len in [1, 2, 63, 64, 65, 299, 300, 1000] {
        let chunks = x.chunks(len).map(<[f64]>::to_vec);
        let chunks = pipeline.over(chunks).unwrap();
        assert_eq!(chunks.size_hint().0, x.len().div_ceil(len));
        let ours: Vec<u64> = chunks.flatten().map(f64::to_bits).collect();
        assert_eq!(ours, due, "{len}");
    }
    let mut own = x.clone();
    let in_place = pipeline.over(own.chunks_mut(100)).unwrap().count();
    assert_eq!(in_place, 3);
    assert_eq!(own.iter().map(|x| x.to_bits()).collect::<Vec<_>>(), due);
    assert!(pipeline.over([[0.0]; 0]).unwrap().next().is_none());
    assert!(Pipeline::new().rolling_mean(0).over([[0.0]]).is_err());
}

#[test]
fn iterators_take_a_chunk_when_one_is_asked_for() {
    let mut taken = 0;
    let endless = std::iter::repeat_with(|| {
        taken += 1;
        [1.0]
    });
    let sums: Vec<f64> = Pipeline::new().cumulative_sum().over(endless).unwrap().take(3).flatten().collect();
    assert_eq!((sums, taken), (vec![1.0, 2.0, 3.0], 3));
}
