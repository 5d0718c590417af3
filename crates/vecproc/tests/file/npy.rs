//! `.npy` files: as NumPy writes them, in both orders, whole and by columns.

use std::fs;
use std::path::PathBuf;

use lagom_vecproc::Pipeline;
use lagom_vecproc::file::{AnyReader, Column, ElementType, FileErrorKind, Npy, NpyWriter, Sink, Source};
use proptest::prelude::*;
use tempfile::TempDir;

use crate::common::{all, assert_same, bytes, file, names, numbers, place, text, write};

/// A header as NumPy 2.4 writes it: padded with spaces to a multiple of 64 bytes, and a line feed.
fn header(version: u8, dictionary: &str) -> Vec<u8> {
    let before = if version == 1 { 10 } else { 12 };
    let len: usize = 128 - before;
    let mut header = b"\x93NUMPY".to_vec();
    header.extend([version, 0]);
    header.extend(&(len as u32).to_le_bytes()[..before - 8]);
    header.extend(format!("{dictionary:<width$}\n", width = len - 1).bytes());
    header
}

fn array(version: u8, dictionary: &str, data: impl AsRef<[u8]>) -> (TempDir, PathBuf) {
    file("x.npy", [&header(version, dictionary), data.as_ref()].concat())
}

/// `numpy.save` of arrays, byte for byte.
#[test]
fn what_numpy_writes_is_read_and_written() {
    type Make = fn(NpyWriter) -> NpyWriter;
    let cases: [(&str, Make, Vec<u8>, &[f64]); 7] = [
        (
            "{'descr': '<f8', 'fortran_order': False, 'shape': (2,), }",
            |writer| writer,
            bytes(&[1.5, -2.0]),
            &[1.5, -2.0],
        ),
        (
            "{'descr': '>f4', 'fortran_order': False, 'shape': (2,), }",
            |writer| writer.as_f32().big_endian(),
            [1.5_f32, -2.0].map(f32::to_be_bytes).concat(),
            &[1.5, -2.0],
        ),
        (
            "{'descr': '<f8', 'fortran_order': True, 'shape': (2, 3), }",
            |writer| writer.shape(&[2, 3]).fortran_order(),
            bytes(&[1.0, 4.0, 2.0, 5.0, 3.0, 6.0]),
            &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0],
        ),
        (
            "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }",
            |writer| writer.as_f32().shape(&[2, 3]),
            [1.0_f32, 2.0, 3.0, 4.0, 5.0, 6.0].map(f32::to_le_bytes).concat(),
            &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0],
        ),
        (
            "{'descr': '>f8', 'fortran_order': False, 'shape': (), }",
            |writer| writer.shape(&[]).big_endian(),
            7_f64.to_be_bytes().to_vec(),
            &[7.0],
        ),
        ("{'descr': '<f8', 'fortran_order': False, 'shape': (0,), }", |writer| writer, vec![], &[]),
        (
            "{'descr': '<f8', 'fortran_order': True, 'shape': (2, 3, 2), }",
            |writer| writer.shape(&[2, 3, 2]).fortran_order(),
            bytes(&[0.0, 6.0, 2.0, 8.0, 4.0, 10.0, 1.0, 7.0, 3.0, 9.0, 5.0, 11.0]),
            &[0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0],
        ),
    ];
    for (dictionary, make, data, flat) in cases {
        for version in 1..=3 {
            let (_folder, path) = array(version, dictionary, &data);
            let x = Npy::open(&path).unwrap();
            assert_eq!(x.element_type().is_big_endian(), dictionary.contains('>'));
            assert_eq!(x.element_type().size(), if dictionary.contains("f4") { 4 } else { 8 });
            assert_eq!(x.fortran_order(), dictionary.contains("True"));
            let shape = format!("{:?}", x.shape())
                .replace('[', "(")
                .replace(']', if x.shape().len() == 1 { ",)" } else { ")" });
            assert!(dictionary.contains(&format!("'shape': {shape}, }}")), "{shape}");
            assert_eq!(all(x.flattened()), flat);
            if version == 1 {
                let as_numpy_wrote_it = fs::read(&path).unwrap();
                let mut writer = make(NpyWriter::create(&path).unwrap());
                // In the order of the file.
                let stored = Npy::open(&path).unwrap();
                let stored = if stored.fortran_order() {
                    data.as_chunks().0.iter().map(|x| f64::from_le_bytes(*x)).collect()
                } else {
                    flat.to_vec()
                };
                writer.write(&stored).unwrap();
                writer.finish().unwrap();
                assert!(fs::read(&path).unwrap() == as_numpy_wrote_it, "{dictionary}");
            }
        }
    }
}

/// What others may write, and NumPy reads too.
#[test]
fn dictionaries_of_others_are_read() {
    for dictionary in [
        "{'shape':(3,),'fortran_order':False,'descr':'<i2'}",
        "{\"descr\": \"<i2\", \"fortran_order\": False, \"shape\": (3,)}",
        "  {  'descr' : '<i2' , 'fortran_order' : False , 'shape' : ( 3 , ) , }  ",
        "{'descr': '<i2',\n 'fortran_order': True,\t'shape': (3L,)}",
        "{'descr': '<i2', 'fortran_order': False, 'shape': (3, 1)}",
    ] {
        let data = [1_i16, -2, 3].map(i16::to_le_bytes);
        let (_folder, path) = array(1, dictionary, data.as_flattened());
        assert_eq!(all(Npy::open(&path).unwrap().elements().unwrap()), [1.0, -2.0, 3.0]);
    }
    // Without padding, and with bytes that say no order.
    for (descr, size) in [("|i1", 1), ("|u1", 1), ("i1", 1), ("=i4", 4), ("u8", 8)] {
        let dictionary = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': (0,)}}");
        let mut content = b"\x93NUMPY\x01\x00".to_vec();
        content.extend((dictionary.len() as u16).to_le_bytes());
        content.extend(dictionary.bytes());
        let (_folder, path) = file("x.npy", content);
        let x = Npy::open(&path).unwrap();
        assert_eq!(x.element_type().size(), size);
        assert_eq!(x.element_type().is_big_endian(), size > 1 && cfg!(target_endian = "big"));
        assert_eq!(all(x.elements().unwrap()), [0.0; 0]);
    }
}

#[test]
fn every_type_has_its_name() {
    let types = [
        ("<f8", ElementType::F64),
        ("<f4", ElementType::F32),
        ("|i1", ElementType::I8),
        ("|u1", ElementType::U8),
        ("<i2", ElementType::I16),
        ("<u2", ElementType::U16),
        ("<i4", ElementType::I32),
        ("<u4", ElementType::U32),
        ("<i8", ElementType::I64),
        ("<u8", ElementType::U64),
        (">f8", ElementType::F64.big_endian()),
        (">u8", ElementType::U64.big_endian()),
        (">i2", ElementType::I16.big_endian()),
    ];
    for (descr, element) in types {
        let dictionary = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': (2,)}}");
        let (_folder, path) = array(1, &dictionary, vec![1; 2 * element.size()]);
        let x = Npy::open(&path).unwrap();
        assert_eq!(x.element_type(), element);
        // All bytes are alike, so that the order does not matter.
        assert_eq!(all(x.elements().unwrap()).len(), 2);
    }
}

#[test]
fn other_types_are_refused_by_name() {
    for (descr, name) in [
        ("<f2", "floats of another size (dtype \"<f2\")"),
        ("<f16", "floats of another size (dtype \"<f16\")"),
        ("<c16", "complex numbers (dtype \"<c16\")"),
        ("|b1", "booleans (dtype \"|b1\")"),
        ("?", "booleans (dtype \"?\")"),
        ("<U5", "text (dtype \"<U5\")"),
        ("|S3", "bytes (dtype \"|S3\")"),
        ("|O", "Python objects (dtype \"|O\")"),
        ("<M8[ns]", "dates (dtype \"<M8[ns]\")"),
        ("<m8[s]", "durations (dtype \"<m8[s]\")"),
        ("|V12", "records (dtype \"|V12\")"),
        ("|f8", "something unknown (dtype \"|f8\")"),
        ("<f8x", "floats of another size (dtype \"<f8x\")"),
        ("<", "something unknown (dtype \"<\")"),
        ("", "something unknown (dtype \"\")"),
    ] {
        let dictionary = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': (2,), }}");
        let (_folder, path) = array(1, &dictionary, [0; 16]);
        let error = Npy::open(&path).unwrap_err();
        assert!(matches!(error.kind(), FileErrorKind::ElementType(_)));
        let said = format!("FILE holds {name}; only floats of 32 or 64 bits and integers can be read");
        assert_eq!(text(&error), said);
    }
    let (_folder, path) =
        array(1, "{'descr': [('a', '<f8'), ('b', '<i4')], 'fortran_order': False, 'shape': (2,), }", [0; 24]);
    let said = text(&Npy::open(&path).unwrap_err());
    assert!(said.starts_with("FILE holds records (dtype [('a', '<f8'), ('b', '<i4')]"), "{said}");
}

#[test]
fn a_column_must_be_chosen_where_there_are_more() {
    let create = |shape: &[u64]| {
        let (folder, path) = place("x.npy");
        let n = shape.iter().product::<u64>() as usize;
        write(NpyWriter::create(&path).unwrap().shape(shape), &numbers(n));
        (folder, path)
    };
    let (_folder, path) = create(&[4, 3]);
    let open = || Npy::open(&path).unwrap();
    let error = open().elements().unwrap_err();
    assert_eq!(text(&error), "FILE: an array of the shape [4, 3]; choose a column, or read it flattened");
    assert_eq!(text(&open().column(3).unwrap_err()), "FILE: there is no column 3; there are 3");
    let x = numbers(12);
    assert_eq!(all(open().column(2).unwrap()), [x[2], x[5], x[8], x[11]]);
    assert_eq!(all(AnyReader::open_column(&path, 2).unwrap()), [x[2], x[5], x[8], x[11]]);
    assert!(matches!(AnyReader::open(&path).unwrap_err().kind(), FileErrorKind::Column(_)));
    let error = AnyReader::open_column(&path, "price").unwrap_err();
    assert_eq!(text(&error), "FILE: there is no column \"price\"; there are no names");
    assert!(Pipeline::new().process_file(&path, path.with_extension("f64")).is_err());

    // One column is chosen as it is.
    for shape in [&[7][..], &[7, 1]] {
        let (_folder, path) = create(shape);
        assert_eq!(all(Npy::open(&path).unwrap().elements().unwrap()), numbers(7));
        assert_eq!(all(Npy::open(&path).unwrap().column(0).unwrap()), numbers(7));
        assert_eq!(all(AnyReader::open_column(&path, Column::Only).unwrap()), numbers(7));
        assert!(Npy::open(&path).unwrap().column(1).is_err());
    }
    // So is a number alone; but it is no column.
    let (_folder, path) = create(&[]);
    assert_eq!(all(Npy::open(&path).unwrap().elements().unwrap()), numbers(1));
    assert_eq!(
        text(&Npy::open(&path).unwrap().column(0).unwrap_err()),
        "FILE: an array of the shape [] has no columns"
    );
    // Nor are there some in three dimensions.
    let (_folder, path) = create(&[2, 2, 2]);
    assert!(Npy::open(&path).unwrap().column(0).is_err());
    assert!(Npy::open(&path).unwrap().elements().is_err());
    assert_eq!(all(Npy::open(&path).unwrap().flattened()), numbers(8));
}

/// Lengths that are 0 leave nothing, however long the others are.
#[test]
fn arrays_without_elements_are_empty() {
    for shape in [
        "(0,)",
        "(0, 18446744073709551615)",
        "(18446744073709551615, 0)",
        "(0, 4294967296, 4294967296)",
        "(4294967296, 4294967296, 0)",
    ] {
        for order in ["True", "False"] {
            let dictionary = format!("{{'descr': '<f8', 'fortran_order': {order}, 'shape': {shape}, }}");
            let (_folder, path) = array(1, &dictionary, []);
            let open = || Npy::open(&path).unwrap();
            let mut flat = open().flattened();
            flat.read_at(0, &mut []).unwrap();
            assert_eq!(all(flat), [0.0; 0]);
            if let [0, columns] = *open().shape() {
                for column in [0, columns / 2, columns - 1] {
                    let mut column = open().column(column).unwrap();
                    column.read_at(0, &mut []).unwrap();
                    assert_eq!(all(column), [0.0; 0]);
                }
            }
        }
    }
}

proptest! {
    /// Any part of an array of any shape, in both orders, by columns and flattened, against indexing.
    #[test]
    fn every_part_of_every_array_is_read(
        shape in prop::collection::vec(1_u64..9, 1..5),
        is_fortran in any::<bool>(),
        chunk_len in 1_usize..200,
        part in (0.0..1.0, 0.0..1.0),
    ) {
        let n = shape.iter().product::<u64>() as usize;
        // Each element is its place in C order.
        let flat: Vec<f64> = (0..n).map(|i| i as f64).collect();
        let mut stored = flat.clone();
        if is_fortran {
            for (place, x) in stored.iter_mut().enumerate() {
                let (mut rest, mut c_order, mut stride) = (place as u64, 0, n as u64);
                for len in &shape {
                    stride /= len;
                    c_order += rest % len * stride;
                    rest /= len;
                }
                *x = c_order as f64;
            }
        }
        let (_folder, path) = place("x.npy");
        let writer = NpyWriter::create(&path).unwrap().shape(&shape);
        write(if is_fortran { writer.fortran_order() } else { writer }, &stored);
        let open = || Npy::open(&path).unwrap();
        prop_assert_eq!(&all(open().flattened().chunk_len(chunk_len)), &flat);
        let (start, end) = ((part.0 * n as f64) as usize, (part.1 * n as f64) as usize);
        let (start, end) = (start.min(end), start.max(end));
        let mut out = vec![0.0; end - start];
        open().flattened().read_at(start as u64, &mut out).unwrap();
        prop_assert_eq!(&out[..], &flat[start..end]);
        if let [rows, columns] = *shape {
            for column in 0..columns {
                let expected: Vec<_> = (0..rows).map(|row| (row * columns + column) as f64).collect();
                prop_assert_eq!(all(open().column(column).unwrap().chunk_len(chunk_len)), expected);
            }
        }
    }
}

/// Rows beyond every buffer, and columns too: around what is read at a time.
#[test]
fn large_arrays_are_read_by_columns() {
    for (rows, columns) in [(40_000_u64, 3_u64), (3, 40_000), (700, 511), (700, 513), (9000, 8)] {
        let n = (rows * columns) as usize;
        let value = |row: u64, column: u64| (row * columns + column) as f64;
        for is_fortran in [false, true] {
            let (_folder, path) = place("x.npy");
            let writer = NpyWriter::create(&path).unwrap().shape(&[rows, columns]);
            let stored: Vec<_> = if is_fortran {
                (0..columns).flat_map(|column| (0..rows).map(move |row| value(row, column))).collect()
            } else {
                (0..n).map(|i| i as f64).collect()
            };
            write(if is_fortran { writer.fortran_order() } else { writer }, &stored);
            let open = || Npy::open(&path).unwrap();
            for column in [0, 1, columns / 2, columns - 1] {
                let expected: Vec<_> = (0..rows).map(|row| value(row, column)).collect();
                assert_same(&all(open().column(column).unwrap()), &expected);
            }
            assert!(all(open().flattened()).iter().enumerate().all(|(i, x)| *x == i as f64), "{rows} {columns}");
        }
    }
}

#[test]
fn a_writer_counts_what_it_was_promised() {
    let (folder, path) = place("x.npy");
    for (shape, elements, expected) in
        [(&[2, 3][..], 5, 6), (&[2, 3], 7, 6), (&[], 0, 1), (&[u64::MAX, 2], 1, u64::MAX)]
    {
        let mut writer = NpyWriter::create(&path).unwrap().shape(shape);
        writer.write(&numbers(elements)).unwrap();
        let error = writer.finish().unwrap_err();
        assert_eq!(text(&error), format!("FILE: its shape has {expected} elements, {elements} were written"));
        assert_eq!(names(folder.path()), [""; 0]);
    }
}

/// What is set once there are elements could only spoil the file.
#[test]
fn a_writer_does_not_change_its_mind() {
    let (_folder, path) = place("x.npy");
    let mut writer = NpyWriter::create(&path).unwrap();
    writer.write(&[]).unwrap();
    writer = writer.as_f32();
    writer.write(&[1.0, 2.0]).unwrap();
    writer = writer.big_endian().shape(&[2, 1]).fortran_order();
    writer.write(&[3.0]).unwrap();
    writer.finish().unwrap();
    let x = Npy::open(&path).unwrap();
    assert_eq!((x.element_type(), x.shape(), x.fortran_order()), (ElementType::F32, &[3][..], false));
    assert_eq!(all(x.elements().unwrap()), [1.0, 2.0, 3.0]);
}

/// The lengths of headers that NumPy 2.4 writes, on both sides of a step: it leaves room for one length to grow.
#[test]
fn headers_have_room_to_grow() {
    let e = |digits: u32| 10_u64.pow(digits);
    for (shape, in_c_order, in_fortran_order) in
        [([0, e(18), e(13), 1], 128, 128), ([0, e(18), e(14), 1], 192, 128), ([0, e(18), e(15), 1], 192, 192)]
    {
        let (_folder, path) = place("x.npy");
        NpyWriter::create(&path).unwrap().shape(&shape).finish().unwrap();
        assert_eq!(fs::metadata(&path).unwrap().len(), in_c_order);
        NpyWriter::create(&path).unwrap().shape(&shape).fortran_order().finish().unwrap();
        assert_eq!(fs::metadata(&path).unwrap().len(), in_fortran_order);
        assert_eq!(Npy::open(&path).unwrap().shape(), shape);
    }
}

/// More axes than NumPy takes need a header beyond what version 1 can say.
#[test]
fn a_long_header_is_of_version_2() {
    let (_folder, path) = place("x.npy");
    let mut writer = NpyWriter::create(&path).unwrap().shape(&[1; 30_000]);
    writer.write(&[1.0]).unwrap();
    writer.finish().unwrap();
    let content = fs::read(&path).unwrap();
    assert_eq!((content[6], (content.len() - 8) % 64), (2, 0));
    let x = Npy::open(&path).unwrap();
    assert_eq!(x.shape(), [1; 30_000]);
    assert_eq!(all(x.flattened()), [1.0]);
}

#[test]
fn a_pipeline_runs_from_npy_to_npy() {
    let (folder, path) = place("x.npy");
    write(NpyWriter::create(&path).unwrap().as_f32(), &numbers(40_000));
    let output = folder.path().join("y.NPY");
    let pipeline = Pipeline::new().expanding_mean().scale(1.1);
    assert_eq!(pipeline.process_file(&path, &output).unwrap(), 40_000);
    let widened: Vec<_> = numbers(40_000).iter().map(|x| f64::from(*x as f32)).collect();
    let y = Npy::open(&output).unwrap();
    assert_eq!((y.element_type(), y.shape()), (ElementType::F64, &[40_000][..]));
    let mut y = y.elements().unwrap();
    assert_eq!(y.total(), Some(40_000));
    assert_eq!(all(&mut y), pipeline.process_batch_to_vec(&widened).unwrap());
}
