//! Files made by hand, byte by byte as the format has them.

use crate::heap::Measure;
use proptest::prelude::*;

use super::decode::{Decoder, Event, Item};
use super::{Recording, format};
use crate::heap::Amount;

/// An event as the writer is given it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(
    not(all(feature = "enabled", target_os = "linux")),
    allow(dead_code, reason = "the writer's tests are not there")
)]
pub(crate) enum Seen {
    Alloc(usize, usize, u32),
    Free(usize),
    /// From, to, size, stack.
    Realloc(usize, usize, usize, u32),
    Stack(u32, Vec<usize>, String),
}

/// All events and stacks of a block.
#[cfg_attr(
    not(all(feature = "enabled", target_os = "linux")),
    allow(dead_code, reason = "the writer's tests are not there")
)]
pub(crate) fn events_of(payload: &[u8]) -> Vec<Seen> {
    let mut decoder = Decoder::new(0);
    let mut seen = Vec::new();
    while let Some(item) = decoder.next(payload, 0).expect("is whole") {
        seen.push(match item {
            Item::Time(_) => continue,
            Item::Event(Event::Alloc { address, size, stack }) => Seen::Alloc(address as usize, size as usize, stack),
            Item::Event(Event::Free { address }) => Seen::Free(address as usize),
            Item::Event(Event::Realloc { old, new, size, stack }) => {
                Seen::Realloc(old as usize, new as usize, size as usize, stack)
            }
            Item::Stack(stack) => {
                let frames = stack.frames.iter().map(|frame| *frame as usize).collect();
                Seen::Stack(stack.number, frames, stack.span.clone())
            }
        });
    }
    seen
}

fn block(kind: u32, payload: &[u8]) -> Vec<u8> {
    let mut rest = kind.to_le_bytes().to_vec();
    rest.extend((payload.len() as u32).to_le_bytes());
    rest.extend(payload);
    [&b"LGBK"[..], &format::checksum(&rest).to_le_bytes(), &rest].concat()
}

fn text(text: &str) -> Vec<u8> {
    [&(text.len() as u32).to_le_bytes()[..], text.as_bytes()].concat()
}

/// The preamble and the first block: nanosecond 0 is tick 1,000.
fn start() -> Vec<u8> {
    let numbers = [&77_u32.to_le_bytes()[..], &4096_u32.to_le_bytes(), &5_u64.to_le_bytes(), &1_000_u64.to_le_bytes()];
    let payload = [&numbers.concat(), &text("program")[..]].concat();
    [&b"lagomhp\n\x01\0\0\0\0\0\0\0"[..], &block(1, &payload)].concat()
}

/// A block of events from tick `begin` to `end`, two ticks a nanosecond.
fn events(thread: u32, begin: u64, end: u64, count: u32, events: &[u8]) -> Vec<u8> {
    let mut payload = [thread, 9].map(u32::to_le_bytes).concat();
    payload.extend([begin, end, (end - 1_000) / 2].map(u64::to_le_bytes).concat());
    payload.extend([count, 0].map(u32::to_le_bytes).concat());
    payload.extend(format!("{:\0<16}", format!("thread {thread}")).as_bytes());
    payload.extend(events);
    block(3, &payload)
}

fn end(ns: u64) -> Vec<u8> {
    block(4, &[ns, 0, 0, 0, 0, 0, 0].map(u64::to_le_bytes).concat())
}

/// Tag of an allocation at an address given in 8 bytes, with a stack and a size.
const ALLOC: u8 = 1 | 0b11 << 2 | 13 << 4;
const FREE: u8 = 49 << 2;

fn alloc(address: u64, stack: u8, size: u8) -> Vec<u8> {
    [&[ALLOC][..], &address.to_le_bytes(), &[stack, size]].concat()
}

fn free(address: u64) -> Vec<u8> {
    [&[FREE][..], &address.to_le_bytes()].concat()
}

fn blocks(blocks: u64, bytes: u64) -> Amount {
    Amount { blocks, bytes }
}

/// Two blocks of one thread, and everything else there is.
fn whole() -> Vec<u8> {
    let stack = [3 | 1 << 2, 14, 0, 2, 0, 0, 0xa0, 0x02, 0, 0, 4, 3, b'u', b'p'];
    let first = [&stack[..], &alloc(0x1000, 0, 100), &[3, 100], &alloc(0x2000, 0, 50), &[3, 0x90, 1], &[0]];
    // At the predicted place, by the predicted stack, none, of the predicted size, none; a release 16 bytes behind nothing; an
    // allocation 32 bytes behind the predicted place; its release.
    let second = [&alloc(0x2000, 14, 24)[..], &[1 | 4 << 4], &[4], &[1 | 5 << 4, 2], &[0]];
    let modules = [[0x80_u64, 0x200, 0x80].map(u64::to_le_bytes).concat(), text("/bin/program"), text("ab")];
    let parts = [
        start(),
        block(2, &modules.concat()),
        events(1, 1_000, 1_400, 3, &first.concat()),
        block(99, b"of a later version"),
        events(1, 1_400, 1_600, 5, &second.concat()),
        end(400),
    ];
    parts.concat()
}

#[test]
fn a_file_made_by_hand_is_read() {
    let recording = Recording::from_bytes(whole()).expect("is whole");
    assert!(recording.is_complete() && recording.cut().is_none());
    assert_eq!((recording.program(), recording.process(), recording.page_size()), ("program", 77, 4096));
    assert_eq!((recording.started().as_nanos(), recording.duration().as_nanos()), (5, 400));
    assert_eq!(recording.threads().collect::<Vec<_>>(), ["thread 1"]);
    assert_eq!((recording.events(), recording.modules().len()), (8, 1));
    assert_eq!(recording.modules()[0].build_id(), "ab");
    let profile = recording.profile().expect("makes sense");
    let [site, other] = profile.sites() else { panic!("{:?}", profile.sites()) };
    assert_eq!((site.total(), site.live(), site.peak()), (blocks(3, 174), blocks(2, 124), blocks(2, 150)));
    assert_eq!((site.temporary(), site.span()), (blocks(1, 50), "up"));
    // 144 ticks until the release, 600 and 200 until the end.
    assert_eq!(site.lifetime_ns(), 472);
    let frames: Vec<_> =
        site.frames().iter().map(|frame| (frame.function(), frame.object(), frame.address())).collect();
    // What stands before the return addresses.
    assert_eq!(frames, [("program+0xf", "/bin/program", 0xf), ("program+0x11", "/bin/program", 0x11)]);
    assert_eq!((other.total(), other.live(), other.temporary()), (blocks(2, 0), blocks(1, 0), blocks(1, 0)));
    assert!(other.frames().is_empty());
    assert_eq!((profile.events().unknown_frees(), profile.peak().at().as_nanos()), (1, 50));
    assert_eq!(
        recording.to_string(),
        format!("program (77): 8 events in 400ns, {}B, {:.2} bytes each", whole().len(), whole().len() as f64 / 8.0)
    );
}

#[test]
fn functions_are_asked_for_once() {
    let recording = Recording::from_bytes(whole()).expect("is whole");
    let mut asked = Vec::new();
    let frame =
        |address: u64, name: &str| super::Frame { function: format!("{name} {address}").into(), ..Default::default() };
    let profile = recording.profile_with(&mut |address, modules| {
        assert_eq!(modules.len(), 1);
        asked.push(address);
        vec![frame(address, "inlined"), frame(address, "outer")]
    });
    let names: Vec<_> =
        profile.expect("makes sense").sites()[0].frames().iter().map(|frame| frame.function().to_owned()).collect();
    assert_eq!(names, ["inlined 144", "outer 144", "inlined 146", "outer 146"]);
    assert_eq!(asked, [0x90, 0x92]);
}

#[test]
fn cut_anywhere_it_is_read_up_to_the_last_whole_block() {
    let whole = whole();
    let first = start().len();
    let mut whole_blocks = 0;
    for length in 0..whole.len() {
        match Recording::from_bytes(whole[..length].to_vec()) {
            Err(error) => {
                assert!(length < first, "{length}: {error}");
                assert!(error.offset() <= length as u64);
            }
            Ok(recording) => {
                assert!(length >= first && !recording.is_complete());
                let profile = recording.profile().expect("makes sense");
                assert_eq!(profile.events().events(), recording.events());
                match recording.cut() {
                    Some(cut) => assert!(cut.offset() < length as u64 && !cut.to_string().is_empty()),
                    None => whole_blocks += 1,
                }
            }
        }
    }
    assert_eq!(whole_blocks, 5);
}

#[test]
fn every_turned_bit_is_seen() {
    let whole = whole();
    let last = whole.len() - end(0).len();
    // The four bytes after the version mean nothing yet.
    for at in (0..whole.len()).filter(|at| !(12..16).contains(at)) {
        for bit in 0..8 {
            let mut bytes = whole.clone();
            bytes[at] ^= 1 << bit;
            match Recording::from_bytes(bytes) {
                Err(error) => assert!(error.offset() <= at as u64, "{at}: {error}"),
                // Of the last block nobody can tell whether it was written to its end.
                Ok(recording) => {
                    assert!(at >= last, "byte {at}, bit {bit}");
                    assert_eq!(recording.cut().map(super::RecordingError::offset), Some(last as u64));
                    assert!(!recording.is_complete());
                }
            }
        }
    }
}

#[test]
fn damage_is_told_where_it_is() {
    let error = |bytes: Vec<u8>| Recording::from_bytes(bytes).expect_err("is damaged").to_string();
    assert_eq!(error(b"lagom".to_vec()), "byte 0: this is no recording of the heap");
    assert_eq!(error(vec![0; 100]), "byte 0: this is no recording of the heap");
    let mut newer = whole();
    newer[8] = 2;
    assert_eq!(error(newer), "byte 8: this is format 2, known is 1");
    assert_eq!(error([&start()[..16], &end(1)].concat()), "byte 16: the first block does not tell of the start");
    let at = start().len();
    let mut wrong = whole();
    wrong[at + 20] ^= 1;
    assert_eq!(error(wrong), format!("byte {at}: the checksum of a block is wrong"));
    assert_eq!(error([start(), vec![0; 3], end(1)].concat()), format!("byte {at}: no block begins here"));
    let bad = |what: &[u8]| {
        let recording = Recording::from_bytes([start(), events(1, 1_000, 1_000, 1, what), end(1)].concat());
        recording.expect("its blocks are whole").profile().expect_err("makes no sense").to_string()
    };
    let first = at + 16 + 56;
    assert_eq!(bad(&[0, 0, 3 | 2 << 2]), format!("byte {}: an event of an unknown kind", first + 2));
    assert_eq!(bad(&[0, 51 << 2]), format!("byte {}: an event is cut short or unknown", first + 1));
    assert_eq!(bad(&[1 | 15 << 4]), format!("byte {first}: an event is cut short or unknown"));
    assert_eq!(bad(&[FREE, 1, 2, 3]), format!("byte {first}: an event is cut short or unknown"));
    assert_eq!(bad(&[3, 0xff]), format!("byte {first}: a moment is cut short"));
    assert_eq!(bad(&[7, 1, 1, 0, 0]), format!("byte {first}: a stack is cut short or too deep"));
    assert_eq!(bad(&[7, 1, 0, 0x81, 2, 0]), format!("byte {first}: a stack is cut short or too deep"));
    assert!(
        bad(&[FREE, 0, 0, 0, 0, 0, 0, 0, 0, 3, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2])
            .contains("a moment")
    );
}

/// Of allocations by two threads within one stretch of time.
fn profile_of(threads: &[Vec<u8>]) -> super::HeapProfile {
    let recording = Recording::from_bytes([&[start()], threads, &[end(1)]].concat().concat()).expect("is whole");
    recording.profile().expect("makes sense")
}

#[test]
fn a_release_that_seems_to_come_first_is_matched() {
    // Thread 1 reads the clock at 2,000 and allocates some time until 90,000; thread 2 releases at 50,000.
    let allocates = [free(0x10), alloc(0x1000, 1, 10)].concat();
    let releases = |at| events(2, at, at, 1, &free(0x1000));
    for at in [2_000, 50_000, 90_000] {
        let profile = profile_of(&[events(1, 2_000, 90_000, 2, &allocates), releases(at)]);
        assert_eq!(
            (profile.events().unknown_frees(), profile.amount(Measure::Live), profile.amount(Measure::Total)),
            (1, blocks(0, 0), blocks(1, 10)),
            "at {at}"
        );
    }
    let profile = profile_of(&[events(1, 2_000, 2_000, 1, &alloc(0x1000, 1, 10)), releases(9_000)]);
    assert_eq!(
        (profile.events().unknown_frees(), profile.amount(Measure::Temporary)),
        (0, blocks(0, 0)),
        "by the next event of another thread"
    );
    // A second before the allocation can have been: it was something older.
    let profile = profile_of(&[events(1, 1_000_002_000, 1_000_090_000, 2, &allocates), releases(2_000)]);
    assert_eq!((profile.events().unknown_frees(), profile.amount(Measure::Live)), (2, blocks(1, 10)));
    // In one thread the order is known.
    let own = [free(0x1000), alloc(0x1000, 1, 10)].concat();
    let profile = profile_of(&[events(1, 2_000, 90_000, 2, &own)]);
    assert_eq!((profile.events().unknown_frees(), profile.amount(Measure::Live)), (1, blocks(1, 10)));
}

#[test]
fn a_block_that_seems_to_come_before_the_release_of_its_predecessor_waits() {
    // All of thread 1's allocations at one address seem to come before the releases by thread 2.
    let allocations = [alloc(0x1000, 1, 10), alloc(0x1000, 2, 20), alloc(0x1000, 3, 30)].concat();
    let releases = [free(0x1000), free(0x1000)].concat();
    let profile = profile_of(&[events(1, 2_000, 2_000, 3, &allocations), events(2, 2_500, 2_500, 2, &releases)]);
    assert_eq!((profile.events().unknown_frees(), profile.amount(Measure::Live)), (0, blocks(1, 30)));
    let live: Vec<_> = profile.sites().iter().map(|site| site.live().bytes()).collect();
    assert_eq!(live, [30, 0, 0], "the last is the one that stays");
    // With one release missing still, the oldest is gone.
    let profile = profile_of(&[events(1, 2_000, 2_000, 3, &allocations), events(2, 2_500, 2_500, 1, &free(0x1000))]);
    assert_eq!(profile.sites().iter().map(|site| site.live().bytes()).collect::<Vec<_>>(), [30, 20, 0]);
    // The other way about: thread 2 releases three, then thread 1 allocates.
    let releases = [free(0x10), free(0x1000), free(0x1000)].concat();
    let profile = profile_of(&[events(1, 8_999, 9_500, 3, &allocations), events(2, 2_500, 9_000, 3, &releases)]);
    assert_eq!((profile.events().unknown_frees(), profile.amount(Measure::Live)), (1, blocks(1, 30)));
}

#[test]
fn a_release_that_another_thread_seems_to_have_done_is_exchanged() {
    // In truth: 1 allocates, 2 releases and allocates there again, 3 releases that, early in a long stretch of time.
    let second = [alloc(0x10, 9, 1), free(0x1000), alloc(0x1000, 2, 20)].concat();
    let threads = [
        events(1, 2_000, 2_000, 1, &alloc(0x1000, 1, 10)),
        events(2, 2_000, 90_000, 3, &second),
        events(3, 2_000, 90_000, 2, &[alloc(0x20, 9, 1), free(0x1000)].concat()),
    ];
    // The third's second event seems to be at 2,256, the second's two at 2,256 and 2,512; all after the first's.
    let profile = profile_of(&threads);
    assert_eq!((profile.events().unknown_frees(), profile.amount(Measure::Live)), (0, blocks(2, 2)));
    let late = profile_of(&[threads[0].clone(), events(2, 2_100, 90_000, 3, &second), threads[2].clone()]);
    assert_eq!((late.events().unknown_frees(), late.amount(Measure::Live)), (0, blocks(2, 2)));
}

#[test]
fn files_made_to_exhaust_memory_do_not() {
    // Six bytes for 250 frames, each time.
    let mut deep = vec![7, 0, 0, 0xfa, 1, 0, 0, 2, 0, 0, 0, 0xf8, 1, 0];
    deep.extend([7, 2, 0xfa, 1, 0, 0].repeat(100_000));
    let file = [start(), events(1, 1_000, 1_000, 1, &deep), end(1)].concat();
    let error = Recording::from_bytes(file).expect("its blocks are whole").profile().expect_err("is too much");
    assert!(error.to_string().contains("more stacks"), "{error}");
    // What looks like long blocks everywhere.
    let looks = [&b"LGBK\0\0\0\0\x03\0\0\0"[..], &(1_u32 << 20).to_le_bytes()].concat();
    let begin = std::time::Instant::now();
    let flood = Recording::from_bytes([start(), looks.repeat(200_000)].concat());
    assert!(flood.is_err() && begin.elapsed().as_secs() < 20);
}

proptest! {
    #[test]
    fn any_events_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300), more: Vec<u8>) {
        let parts = [start(), events(1, 1_000, 5_000, 9, &bytes), events(2, 1_000, 4_000, 9, &more), end(1)];
        let recording = Recording::from_bytes(parts.concat()).expect("its blocks are whole");
        if let Err(error) = recording.profile() {
            prop_assert!(error.offset() > start().len() as u64);
        }
    }

    #[test]
    fn any_payload_is_read_or_refused(kind in 0..6_u32, bytes: Vec<u8>) {
        if let Ok(recording) = Recording::from_bytes([start(), block(kind, &bytes), end(1)].concat()) {
            let _ = recording.profile();
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
        prop_assert!(Recording::from_bytes(bytes.clone()).is_err());
        if let Ok(recording) = Recording::from_bytes([start(), bytes].concat()) {
            let _ = recording.profile();
        }
    }
}
