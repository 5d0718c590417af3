//! `serde_json::Value`: many small blocks of several kinds, all live at once.

use std::fmt::Write;

use serde_json::Value;

use super::Work;

pub(super) fn prepare(records: u64) -> Work {
    let text = document(records);
    Box::new(move || {
        let value: Value = serde_json::from_str(&text).unwrap_or_default();
        let right = |(at, record): (u64, &Value)| record["id"].as_u64() == Some(at);
        value.as_array().map_or(0, |array| (0..).zip(array).filter(|record| right(*record)).count() as u64)
    })
}

/// Records of texts, numbers, lists, constants and one more object.
fn document(records: u64) -> String {
    let mut text = String::from("[");
    for i in 0..records {
        let x = i.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40;
        let comma = if i == 0 { "" } else { "," };
        write!(
            text,
            "{comma}\n  {{\"id\": {i}, \"name\": \"user {x}\", \"active\": {}, \"score\": {}.{:02}, \"tags\": [\"a{}\", \"b{}\"],\n   \
             \"at\": {{\"latitude\": {}.5, \"longitude\": -{}e-1}}, \"next\": null, \"text\": \"Some words of number {x}, as people write.\"}}",
            x % 2 == 0,
            x % 1_000,
            x % 97,
            x % 10,
            x % 7,
            x % 90,
            x % 180,
        )
        .expect("a string takes all");
    }
    text + "\n]\n"
}
