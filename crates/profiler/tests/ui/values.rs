use lagom_profiler::{profile, span};

struct Opaque;

#[profile(size = text)]
fn size_of_another_type(text: &str) {}

#[profile(size = text.length())]
fn no_such_method(text: &str) {}

#[profile(repeats(opaque))]
fn chosen_without_hash(opaque: Opaque) {}

#[profile(repeats = other)]
fn no_such_argument(value: u8) {}

#[profile(size = value?)]
fn question(value: Option<u8>) -> Option<u8> {
    value
}

fn main() {
    let _one = span!("one", size = "text");
}
