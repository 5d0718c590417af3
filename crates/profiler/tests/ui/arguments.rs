use lagom_profiler::profile;

#[profile(nme = "typo")]
fn unknown() {}

#[profile(name = "a", name = "b")]
fn twice() {}

#[profile(name = "")]
fn empty() {}

#[profile(name = 3)]
fn number() {}

fn main() {
    unknown();
    twice();
    empty();
    number();
}
