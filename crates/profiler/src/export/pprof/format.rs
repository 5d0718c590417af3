//! What every profile for pprof is made of: numbered fields, a table of texts, gzip.

use std::collections::BTreeMap;
use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::export::protobuf::Message;

/// Field numbers of `profile.proto`.
pub(in crate::export) mod field {
    pub(in crate::export) mod profile {
        pub(in crate::export) const SAMPLE_TYPE: u32 = 1;
        pub(in crate::export) const SAMPLE: u32 = 2;
        pub(in crate::export) const LOCATION: u32 = 4;
        pub(in crate::export) const FUNCTION: u32 = 5;
        pub(in crate::export) const STRING_TABLE: u32 = 6;
        pub(in crate::export) const DURATION_NANOS: u32 = 10;
        pub(in crate::export) const PERIOD_TYPE: u32 = 11;
        pub(in crate::export) const PERIOD: u32 = 12;
        pub(in crate::export) const COMMENT: u32 = 13;
        pub(in crate::export) const DEFAULT_SAMPLE_TYPE: u32 = 14;
    }
    pub(in crate::export) const VALUE_TYPE: (u32, u32) = (1, 2);
    pub(in crate::export) const SAMPLE_LOCATIONS: u32 = 1;
    pub(in crate::export) const SAMPLE_VALUES: u32 = 2;
    pub(in crate::export) const SAMPLE_LABEL: u32 = 3;
    pub(in crate::export) const LABEL: (u32, u32) = (1, 2);
    pub(in crate::export) const LOCATION_ID: u32 = 1;
    pub(in crate::export) const LOCATION_ADDRESS: u32 = 3;
    pub(in crate::export) const LOCATION_LINE: u32 = 4;
    pub(in crate::export) const LINE_FUNCTION: u32 = 1;
    pub(in crate::export) const LINE_NUMBER: u32 = 2;
    pub(in crate::export) const FUNCTION_ID: u32 = 1;
    pub(in crate::export) const FUNCTION_NAME: u32 = 2;
    pub(in crate::export) const FUNCTION_SYSTEM_NAME: u32 = 3;
    pub(in crate::export) const FUNCTION_FILE: u32 = 4;
    pub(in crate::export) const FUNCTION_LINE: u32 = 5;
}

/// Every text once; the first is empty.
pub(in crate::export) struct Strings {
    places: BTreeMap<String, u64>,
    table: Vec<String>,
}

impl Strings {
    pub(in crate::export) fn new() -> Self {
        Self { places: BTreeMap::from([(String::new(), 0)]), table: vec![String::new()] }
    }

    pub(in crate::export) fn place(&mut self, text: &str) -> u64 {
        if let Some(&place) = self.places.get(text) {
            return place;
        }
        let place = self.table.len() as u64;
        self.table.push(text.to_owned());
        self.places.insert(text.to_owned(), place);
        place
    }

    /// The table, in which all numbers that [`place`](Self::place) gave are right.
    pub(in crate::export) fn write(&self, message: &mut Message) {
        for text in &self.table {
            message.bytes(field::profile::STRING_TABLE, text.as_bytes());
        }
    }
}

/// What the values of every sample are, in their order.
pub(in crate::export) fn value_types(message: &mut Message, strings: &mut Strings, types: &[(&str, &str)]) {
    for &(kind, unit) in types {
        message.message(field::profile::SAMPLE_TYPE, &value_type(strings, kind, unit));
    }
}

pub(in crate::export) fn value_type(strings: &mut Strings, kind: &str, unit: &str) -> Message {
    let mut value_type = Message::default();
    value_type.number(field::VALUE_TYPE.0, strings.place(kind));
    value_type.number(field::VALUE_TYPE.1, strings.place(unit));
    value_type
}

pub(in crate::export) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    // A vector takes all that is written.
    encoder.write_all(bytes).and_then(|()| encoder.finish()).unwrap_or_default()
}
