//! `BTreeMap<String, Vec<u32>>`: keys that are found again, values that grow.

use std::collections::BTreeMap;

use super::Work;

/// Insertions to a key.
const TO_EACH: u64 = 3;

pub(super) fn prepare(insertions: u64) -> Work {
    let keys = (insertions / TO_EACH).max(1);
    Box::new(move || {
        let mut map: BTreeMap<String, Vec<u32>> = BTreeMap::new();
        for i in 0..insertions {
            // In no order.
            let key = i.wrapping_mul(0x9E37_79B9_7F4A_7C15) % keys;
            map.entry(format!("the key of {key}")).or_default().push(i as u32);
        }
        map.values().map(|values| values.len() as u64).sum()
    })
}
