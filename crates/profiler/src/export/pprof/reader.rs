//! A reader of profiles for the tests, apart from the writer.

use std::io::Read as _;

use flate2::read::GzDecoder;

/// A field: its number, and a number or bytes.
pub(in crate::export) enum Field<'a> {
    Number(u32, u64),
    Bytes(u32, &'a [u8]),
}

fn varint(bytes: &mut &[u8]) -> u64 {
    let mut value = 0;
    for place in 0..10 {
        let (&byte, rest) = bytes.split_first().expect("a byte more");
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << (7 * place);
        if byte < 0x80 {
            return value;
        }
    }
    panic!("a number of more than ten bytes");
}

pub(in crate::export) fn fields(mut bytes: &[u8]) -> Vec<Field<'_>> {
    let mut fields = Vec::new();
    while !bytes.is_empty() {
        let key = varint(&mut bytes);
        let number = (key >> 3) as u32;
        fields.push(match key & 7 {
            0 => Field::Number(number, varint(&mut bytes)),
            2 => {
                let length = varint(&mut bytes) as usize;
                let (field, rest) = bytes.split_at(length);
                bytes = rest;
                Field::Bytes(number, field)
            }
            kind => panic!("wire type {kind}"),
        });
    }
    fields
}

pub(in crate::export) fn messages<'a>(fields: &[Field<'a>], wanted: u32) -> Vec<&'a [u8]> {
    let found = |field: &Field<'a>| match field {
        Field::Bytes(number, bytes) if *number == wanted => Some(*bytes),
        _ => None,
    };
    fields.iter().filter_map(found).collect()
}

pub(in crate::export) fn number(fields: &[Field<'_>], wanted: u32) -> u64 {
    let found = |field: &Field<'_>| match field {
        Field::Number(number, value) if *number == wanted => Some(*value),
        _ => None,
    };
    fields.iter().find_map(found).unwrap_or(0)
}

pub(in crate::export) fn packed(mut bytes: &[u8]) -> Vec<u64> {
    let mut numbers = Vec::new();
    while !bytes.is_empty() {
        numbers.push(varint(&mut bytes));
    }
    numbers
}

pub(in crate::export) fn unzip(bytes: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    GzDecoder::new(bytes).read_to_end(&mut plain).unwrap();
    plain
}
