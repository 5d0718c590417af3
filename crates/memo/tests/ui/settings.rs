use lagom_memo::memoize;

#[memoize(ttl = "300")]
fn no_unit() {}

#[memoize(ttl = "5 minutes")]
fn space() {}

#[memoize(ttl = "5sec")]
fn unknown_unit() {}

#[memoize(ttl = "")]
fn empty() {}

#[memoize(ttl = 300)]
fn no_string() {}

#[memoize(ttl = 300s)]
fn suffix() {}

#[memoize(ttl = Duration::MAX)]
fn path() {}

#[memoize(ttl = "99999999999999999999d")]
fn too_long() {}

#[memoize(ttl)]
fn no_value() {}

#[memoize(capacity = "1000")]
fn text() {}

#[memoize(capacity = -1)]
fn negative() {}

#[memoize(capacity = 10u8)]
fn typed() {}

#[memoize(capacity = 1, capacity = 2)]
fn twice() {}

#[memoize(max_size = 1000)]
fn unknown() {}

fn main() {
    no_unit();
}
