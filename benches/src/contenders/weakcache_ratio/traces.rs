//! What is replayed: real traces, each at three capacities.

use std::io::Read;
use std::sync::LazyLock;

use flate2::read::GzDecoder;

/// Accesses that are replayed of each trace, at most.
pub(super) const MOST: usize = 1_200_000;

/// A trace, and the capacity that it is replayed at, and at half and at twice of it: the one that is usual for this trace,
/// or a fifth of its keys rounded to one digit.
pub(super) struct Trace {
    pub(super) name: &'static str,
    pub(super) capacity: usize,
    pub(super) keys: LazyLock<Vec<u32>>,
}

impl Trace {
    pub(super) fn capacities(&self) -> [usize; 3] {
        [self.capacity / 2, self.capacity, 2 * self.capacity]
    }
}

macro_rules! traces {
    ($($name:literal $capacity:literal)*) => {
        [$(Trace {
            name: $name,
            capacity: $capacity,
            keys: LazyLock::new(|| {
                unpack(include_bytes!(concat!("../../../data/traces/", $name, ".u32.gz")))
            }),
        }),*]
    };
}

/// Those that the policy's constants were chosen on.
pub(super) static CHOSEN_ON: [Trace; 5] = traces! { "loop" 500 "sprite" 600 "web12" 300 "cs" 1000 "multi1" 500 };

/// Those that it met afterwards.
pub(super) static OTHERS: [Trace; 8] = traces! {
    "2_pools" 2000 "corda" 1000 "cpio" 5000 "cpp" 200 "gli" 1000 "multi2" 1000 "multi3" 1000 "ps" 600
};

fn unpack(file: &[u8]) -> Vec<u32> {
    let mut bytes = Vec::new();
    GzDecoder::new(file).read_to_end(&mut bytes).expect("the file is whole");
    let keys = bytes.as_chunks::<4>().0.iter().map(|key| u32::from_le_bytes(*key));
    keys.take(MOST).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn traces_are_whole() {
        for (trace, accesses, keys) in [(&CHOSEN_ON[0], 505_500, 1011), (&OTHERS[1], 135_702, 90_468)] {
            assert_eq!(trace.keys.len(), accesses, "{}", trace.name);
            assert_eq!(trace.keys.iter().collect::<HashSet<_>>().len(), keys, "{}", trace.name);
        }
    }
}
