//! True files, damaged.

use crate::heap::Measure;
use proptest::prelude::*;

use super::super::{flush, on_alloc, on_free};
use super::*;

/// A file of a few blocks by two threads.
fn file(name: &str, pairs: usize) -> Vec<u8> {
    let place = Place::new(name);
    place.record(|| {
        std::thread::scope(|scope| {
            for number in 0..2_usize {
                scope.spawn(move || {
                    let state = state();
                    for round in 0..pairs {
                        let address = (number << 40) + 0x1000 + round * 112;
                        on_alloc(state, address, 100 + round % 7, 1 + round as u32 % 20);
                        if round % 3 != 0 {
                            on_free(state, address, 100 + round % 7);
                        }
                    }
                    flush(state);
                });
            }
        });
    });
    std::fs::read(&place.path).expect("can be read")
}

/// Reads what can be read; what it says of damage must be within the file.
fn look(bytes: Vec<u8>) {
    let length = bytes.len() as u64;
    match Recording::from_bytes(bytes) {
        Err(error) => assert!(error.offset() <= length, "{error}"),
        Ok(recording) => match recording.profile() {
            Err(error) => assert!(error.offset() <= length, "{error}"),
            Ok(profile) => assert!(profile.amount(Measure::Live).bytes() <= profile.peak().live().bytes()),
        },
    }
}

#[test]
fn a_true_file_cut_at_every_byte() {
    let whole = file("cuts", 40);
    assert!(whole.len() > 500 && whole.len() < 20_000, "{}", whole.len());
    for length in 0..whole.len() {
        look(whole[..length].to_vec());
    }
}

#[test]
fn a_true_file_with_every_byte_turned() {
    let whole = file("turns", 40);
    let events = Recording::from_bytes(whole.clone()).expect("is whole").events();
    for at in 16..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x55;
        match Recording::from_bytes(bytes) {
            Err(error) => assert!(error.offset() <= at as u64, "{at}: {error}"),
            Ok(recording) => {
                assert!(!recording.is_complete() && recording.cut().is_some(), "byte {at}");
                assert_eq!(recording.events(), events, "the end alone is gone");
            }
        }
    }
}

#[test]
fn a_file_over_several_blocks_is_read_from_disk_and_from_memory_alike() {
    let bytes = file("blocks", 60_000);
    assert!(bytes.len() > 4 << 16, "{}", bytes.len());
    let profile = profile(&Recording::from_reader(&bytes[..]).expect("is whole"));
    assert_eq!(profile.amount(Measure::Live).blocks(), 2 * 20_000);
    assert!(profile.events().bytes_per_event() < 3.0, "{}", profile.events().bytes_per_event());
    let place = Place::new("copy");
    std::fs::write(&place.path, &bytes).expect("can be written");
    assert_eq!(super::profile(&Recording::open(&place.path).expect("is whole")), profile);
    // One block in the middle is damaged: that is told, not passed over.
    let mut damaged = bytes;
    let middle = damaged.len() / 2;
    damaged[middle] ^= 1;
    let error = Recording::from_bytes(damaged).expect_err("is damaged");
    assert!(error.offset() <= middle as u64 && error.offset() + (1 << 16) >= middle as u64, "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn a_true_file_with_any_changes(
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..20),
        cut in any::<prop::sample::Index>(),
        sealed: bool,
    ) {
        static FILE: std::sync::OnceLock<Vec<u8>> = std::sync::OnceLock::new();
        let mut bytes = FILE.get_or_init(|| file("changes", 200)).clone();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if sealed {
            seal(&mut bytes);
        } else {
            bytes.truncate(cut.index(bytes.len()) + 1);
        }
        look(bytes);
    }
}

/// Makes the checksums right again, so that what is wrong gets to where it is read.
fn seal(bytes: &mut [u8]) {
    use crate::heap::recording::format::{HEADER, PREAMBLE, checksum};
    let mut at = PREAMBLE;
    while let Some(header) = bytes.get(at..at + HEADER) {
        let length = u32::from_le_bytes([header[12], header[13], header[14], header[15]]) as usize;
        let Some(block) = bytes.get_mut(at..at + HEADER + length) else { return };
        let sum = checksum(&block[8..]);
        block[4..8].copy_from_slice(&sum.to_le_bytes());
        at += HEADER + length;
    }
}
