//! A real program: the parser of the crate tinyjson with a probe in every `parse_*`, as the build script has written it.

use std::fmt::Write;
use std::sync::LazyLock;

use ::tinyjson::JsonValue;

use super::probes::{ADAPTIVE, EXACT, FASTRACE, HOTPATH, NOTHING, OFF, PUFFIN, TRACING, Use, under_a_root};
use crate::case::{Case, Contender};

include!(concat!(env!("OUT_DIR"), "/tinyjson.rs"));

macro_rules! parser {
    ($name:ident, $probe:ident) => {
        #[allow(dead_code, clippy::all, unreachable_pub, missing_docs, missing_debug_implementations,
            reason = "written elsewhere; not every probe takes the names")]
        mod $name {
            probed!($probe => tinyjson);
        }
    };
}

parser!(bare, bare);
parser!(lagom, lagom);
parser!(lagom_exact, lagom);
parser!(lagom_off, lagom);
parser!(hotpath, hotpath);
parser!(puffin, puffin);
parser!(tracing, tracing);
parser!(fastrace, fastrace);
parser!(original, original);

macro_rules! parse {
    ($name:ident) => {
        || $name::JsonParser::new(DOCUMENT.chars()).parse().ok()
    };
}

/// About 200 KB: records of texts, numbers, lists and constants.
static DOCUMENT: LazyLock<String> = LazyLock::new(|| {
    let mut text = String::from("[");
    for i in 0..1_000_u64 {
        let x = i.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40;
        let comma = if i == 0 { "" } else { "," };
        write!(
            text,
            "{comma}\n  {{\"id\": {i}, \"name\": \"user {x}\", \"active\": {}, \"score\": {}.{:02}, \"tags\": [\"a{}\", \"b\"],\n   \
             \"at\": [{}.5, -{}e-1], \"next\": null, \"text\": \"Some \\u00fcber-long words of number {x}, as people write.\"}}",
            x % 2 == 0,
            x % 1_000,
            x % 97,
            x % 10,
            x % 90,
            x % 180,
        )
        .expect("a string takes all");
    }
    text + "\n]\n"
});

pub(super) fn case() -> Case {
    Case::new("profiler", "program", "tinyjson, a probe in every parse_*", |n| n)
        .note(
            "ns for a document of 200 KB, about 40,000 probed calls: parsed and dropped. The parser is compiled here for everyone. In \
             favour of fastrace: it drops the spans after the 10,240th of a trace. Otherwise as with the empty call.",
        )
        .items(1, "ns/parse")
        .cpu()
        .with(contender("lagom", ADAPTIVE, parse!(lagom)))
        .with(contender("lagom exact", EXACT, parse!(lagom_exact)))
        .with(contender("lagom off", OFF, parse!(lagom_off)))
        .with(contender("hotpath", HOTPATH, parse!(hotpath)))
        .with(contender("puffin", PUFFIN, parse!(puffin)))
        .with(contender("tracing registry", TRACING, parse!(tracing)))
        .with(contender("fastrace", FASTRACE, || under_a_root(parse!(fastrace))))
        .with(contender("original", NOTHING, parse!(original)))
        .with(contender("no probe", NOTHING, parse!(bare)).floor())
}

fn contender(name: &str, used: Use, parse: impl Fn() -> Option<JsonValue> + Copy + Send + 'static) -> Contender {
    used.contender(name, move || u64::from(parse().is_some()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probed_parsers_parse() {
        assert!((190_000..230_000).contains(&DOCUMENT.len()), "{}", DOCUMENT.len());
        let due: JsonValue = DOCUMENT.parse().unwrap();
        for parse in [parse!(bare), parse!(lagom), parse!(hotpath), parse!(tracing), parse!(original)] as [fn() -> _; 5]
        {
            assert_eq!(parse().as_ref(), Some(&due));
        }
    }
}
