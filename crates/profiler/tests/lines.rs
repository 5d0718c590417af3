//! `#[profile_lines]`: hits and time by line, on every kind of function.
#![cfg(all(feature = "enabled", feature = "macros"))]
#![forbid(unsafe_op_in_unsafe_fn)]
#![deny(warnings, clippy::all)]

use std::collections::HashMap;
use std::time::{Duration, Instant};

use lagom_profiler::{LineTable, lines, profile, profile_lines, summary};

fn table(name: &str) -> LineTable {
    lines().into_iter().find(|table| table.name() == name).unwrap_or_else(|| panic!("{name} was not recorded"))
}

/// Lines after the one of the function's name, and their hits.
fn hits(name: &str) -> Vec<(u32, u64)> {
    let table = table(name);
    table.lines().iter().map(|line| (line.line() - table.line(), line.hits())).collect()
}

fn time(table: &LineTable, offset: u32) -> Duration {
    let line = table.lines().iter().find(|line| line.line() == table.line() + offset);
    line.unwrap_or_else(|| panic!("no line {offset} in {table}")).time()
}

fn busy(time: Duration) {
    let start = Instant::now();
    while start.elapsed() < time {
        std::hint::spin_loop();
    }
}

const MS: Duration = Duration::from_millis(1);

#[profile_lines]
fn branches(values: &[i32]) -> i32 {
    let mut sum = 0;
    for value in values {
        if *value < 0 {
            continue;
        } else if *value == 7 {
            sum += 1;
            break;
        }
        let doubled = match value {
            1 => 2,
            2 => {
                sum -= 1;
                4
            }
            other if *other == 4 => unreachable!(),
            _ => 2 * value,
        };
        sum += match doubled {
            99 => 1,
            _ => doubled,
        };
    }
    sum
}

#[test]
fn every_line_is_hit_as_often_as_it_runs() {
    assert_eq!(branches(&[1, -5, 2, 3, 7, 100]), 2 + 3 + 6 + 1);
    assert_eq!(branches(&[]), 0);
    let table = table("branches");
    assert_eq!((table.calls(), table.module(), table.file()), (2, module_path!(), file!()));
    let once = [(4, 1), (6, 1), (7, 1)];
    let rest = [(18, 3), (19, 0), (20, 3), (23, 2)];
    let arms = [(10, 1), (12, 1), (13, 1), (15, 0), (16, 1)];
    assert_eq!(hits("branches"), [&[(1, 2), (2, 7), (3, 5)], &once[..], &[(9, 3)], &arms, &rest].concat());
    let text = |place: usize| table.lines()[place].text();
    assert_eq!((text(0), text(3), text(15)), ("let mut sum = 0;", "        continue;", "sum"));
    assert!(table.to_string().contains("match value {"), "{table}");
}

#[profile_lines]
#[rustfmt::skip]
fn loops(turns: u32) -> u32 {
    let mut count = 0;
    let mut rest = turns;
    while rest > 0 {
        rest -= 1;
        count += 1;
    }
    loop {
        count += 1;
        if count > 2 * turns {
            break;
        }
    }
    let found = 'search: {
        for number in 0.. {
            if number == turns { break 'search number; }
        }
        0
    };
    for _ in 0..3 { count += 1; }
    while let Some(less) = count.checked_sub(10) { count = less; }
    count + found
}

#[test]
fn loops_of_all_kinds() {
    assert_eq!(loops(5), 4 + 5);
    assert_eq!(
        hits("loops"),
        [
            (1, 1),
            (2, 1),
            (3, 6),
            (4, 5),
            (5, 5),
            (7, 1),
            (8, 6),
            (9, 6),
            (10, 1),
            (13, 1),
            (14, 7),
            (15, 6),
            (17, 0),
            (19, 4),
            (20, 2),
            (21, 1),
        ]
    );
}

/// Statements that begin where others end: which line runs there depends on the way that was taken.
#[profile_lines]
#[rustfmt::skip]
fn crowded(way: u8) -> u8 {
    let mut count = 0;
    if way == 1 {
        count += 1;
    } else {
        count += 2; } count += 3;
    match way {
        1 => count += 4,
        _ => count += 5, } count += 6;
    let Some(more) = way.checked_sub(1) else {
        return count; }; count += more;
    #[cfg(any())]
    absent(); count += 7;
    let found = 'found: {
        if way == 1 { break 'found 8; }
        9 }; count += found;
    loop { count += 10;
        if way == 1 { break; }
        if count > 60 { break; } } count += 11;
    count
}

#[test]
fn lines_that_statements_share() {
    for (way, result, expected) in [
        (1, 1 + 3 + 4 + 6 + 7 + 8 + 10 + 11, [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 1, 1, 1]),
        (2, 74, [2, 2, 1, 3, 2, 1, 3, 2, 2, 2, 2, 2, 3, 6, 4, 5, 2]),
    ] {
        assert_eq!(crowded(way), result);
        assert_eq!(hits("crowded").iter().map(|(_, hits)| *hits).collect::<Vec<_>>(), expected, "{}", table("crowded"));
    }
}

#[profile_lines]
#[rustfmt::skip]
fn ends_early(text: &str) -> Result<u32, String> {
    busy(MS);
    if text.is_empty() {
        busy(3 * MS);
        return Ok(0);
    }
    let number: u32 = { busy(5 * MS); text }.parse().map_err(|_| text.to_owned())?;
    if number == 13 {
        busy(7 * MS);
        panic!("on purpose");
    }
    busy(2 * MS);
    Ok(number)
}

#[test]
fn a_call_counts_up_to_where_it_ended() {
    let start = Instant::now();
    assert_eq!(ends_early(""), Ok(0));
    assert_eq!(ends_early("x"), Err("x".to_owned()));
    assert!(std::panic::catch_unwind(|| ends_early("13")).is_err());
    assert_eq!(ends_early("7"), Ok(7));
    let wall = start.elapsed();
    let table = table("ends_early");
    assert_eq!(hits("ends_early"), [(1, 4), (2, 4), (3, 1), (4, 1), (6, 3), (7, 2), (8, 1), (9, 1), (11, 1), (12, 1)]);
    for (offset, least) in [(1, 4 * MS), (3, 3 * MS), (6, 15 * MS), (8, 7 * MS), (11, 2 * MS)] {
        let time = time(&table, offset);
        assert!(time >= least * 99 / 100, "{offset}: {time:?}\n{table}");
    }
    assert!(table.total() <= wall && table.total() >= 31 * MS * 99 / 100, "{wall:?}\n{table}");
}

#[profile_lines]
fn factorial(number: u32) -> u32 {
    busy(MS);
    if number < 2 {
        return 1;
    }
    let rest = factorial(number - 1);
    number * rest
}

#[profile_lines]
fn even(number: u32) -> bool {
    busy(MS);
    if number == 0 { true } else { odd(number - 1) }
}

#[profile_lines]
fn odd(number: u32) -> bool {
    busy(MS);
    if number == 0 { false } else { even(number - 1) }
}

#[test]
fn inner_calls_are_the_time_of_the_line_that_calls() {
    let start = Instant::now();
    assert_eq!(factorial(10), 3_628_800);
    assert!(even(6));
    let wall = start.elapsed();
    let table = table("factorial");
    assert_eq!(table.calls(), 10);
    assert_eq!(hits("factorial"), [(1, 10), (2, 10), (3, 1), (5, 9), (6, 9)]);
    assert!(table.total() <= wall && time(&table, 5) >= 9 * MS, "{wall:?}\n{table}");
    assert!(time(&table, 1) < time(&table, 5), "of the outermost call only\n{table}");
    for (name, calls, inner) in [("even", 4, 6), ("odd", 3, 5)] {
        let table = self::table(name);
        assert_eq!(hits(name), [(1, calls), (2, calls)]);
        assert!(table.total() <= wall && time(&table, 2) >= inner * MS, "{wall:?}\n{table}");
    }
}

#[test]
fn ten_thousand_deep() {
    #[profile_lines]
    fn deep(levels: u32) -> u32 {
        if levels == 0 {
            return 0;
        }
        deep(levels - 1) + 1
    }
    let start = Instant::now();
    let thread = std::thread::Builder::new().stack_size(64 << 20).spawn(|| deep(10_000)).expect("room for it");
    assert_eq!(thread.join().expect("no panic"), 10_000);
    assert!(table("deep").total() <= start.elapsed());
    assert_eq!(hits("deep"), [(1, 10_001), (2, 1), (4, 10_000)]);
}

#[profile_lines]
fn shared(turns: u64) -> u64 {
    let mut sum = 0;
    for turn in 0..turns {
        sum += turn;
    }
    sum
}

#[test]
fn threads_add_up() {
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..100).for_each(|turns| assert_eq!(shared(turns), turns * turns.saturating_sub(1) / 2)));
        }
    });
    assert_eq!(hits("shared"), [(1, 400), (2, 400 + 4 * 4_950), (3, 4 * 4_950), (5, 400)]);
}

#[profile_lines]
fn tight(turns: u64) -> u64 {
    let mut sum = turns;
    for turn in 0..turns {
        sum ^= turn;
    }
    sum
}

#[test]
fn what_probes_cost_is_taken_off() {
    let mut before = Duration::ZERO;
    // In one round of nine nobody disturbs.
    let shares = [(); 9].map(|()| {
        let start = Instant::now();
        tight(100_000);
        let wall = start.elapsed();
        let total = table("tight").total();
        total.saturating_sub(std::mem::replace(&mut before, total)).as_secs_f64() / wall.as_secs_f64()
    });
    // Two probes a turn: most of the time is theirs.
    assert!(shares.iter().any(|share| *share < 0.8), "{shares:?}");
}

#[profile_lines(name = "of a generic")]
fn generic<'a, T, const N: usize>(parts: &'a [&'a T; N], mut longest: usize) -> Option<&'a str>
where
    T: AsRef<str> + ?Sized + 'a,
{
    #![allow(clippy::needless_late_init, reason = "an inner attribute must stay in front")]
    const SHORT: usize = 1;
    fn is_long(text: &str) -> bool {
        text.len() > SHORT
    }

    let (Some(first), ..) = (parts.first(), ()) else {
        return None;
    };
    let later;
    #[cfg(any())]
    let removed = no_such_function();
    #[cfg(not(any()))]
    let kept = 1;
    #[allow(unused_variables, reason = "an attribute, in a line of its own")]
    let unused = kept;
    // What a closure does counts for the line of its statement.
    let all = parts.iter().map(|part| {
        longest = longest.max(part.as_ref().len());
        part.as_ref()
    });
    later = all.filter(|text| is_long(text)).last();
    // The value borrowed here lives to the end of the statement.
    let length = match String::from("abc").as_str() {
        "abc" => format!("{longest}").as_str().len(),
        _ => 0,
    };
    if length > 1 { None } else { later.or(Some(first.as_ref())) }
}

#[test]
fn statements_of_all_kinds() {
    assert_eq!(generic(&["a", "bcd", "ef", "g"], 0), Some("ef"));
    assert_eq!(generic::<String, 0>(&[], 0), None);
    let expected = [(10, 2), (11, 1), (15, 0), (17, 1), (19, 1), (21, 1), (25, 1), (27, 1), (28, 1), (29, 0), (31, 1)];
    assert_eq!(hits("of a generic"), expected);
    assert_eq!(table("of a generic").lines()[4].text(), "let unused = kept;");
}

struct Account {
    entries: HashMap<String, i64>,
}

trait Describe {
    fn describe(&self) -> String;

    #[profile_lines]
    fn twice(&self) -> String {
        let once = self.describe();
        format!("{once}{once}")
    }
}

impl Describe for Account {
    #[profile_lines]
    fn describe(&self) -> String {
        format!("{}", self.entries.len())
    }
}

impl Account {
    #[profile_lines]
    fn entry_mut(&mut self, name: &str) -> &mut i64 {
        if !self.entries.contains_key(name) {
            self.entries.insert(name.to_owned(), 0);
        }
        self.entries.get_mut(name).expect("just put there")
    }

    #[profile_lines]
    #[profile]
    fn into_total(self) -> Result<i64, String> {
        let total = self.entries.values().sum();
        if total < 0 {
            Err("overdrawn")?;
        }
        Ok(total)
    }

    #[profile_lines]
    fn words<'a>(&self, text: &'a str) -> impl Iterator<Item = &'a str> + use<'a> {
        let words = text.split(' ');
        words.filter(|word| !word.is_empty())
    }
}

/// # Safety
/// None needed.
#[profile_lines]
unsafe fn unsafe_one(value: *const u8) -> u8 {
    // SAFETY: the caller passes a pointer to a live byte.
    unsafe {
        let value = *value;
        value + 1
    }
}

#[profile_lines]
extern "C" fn c_abi(value: u8) -> u8 {
    value + 1
}

#[profile_lines]
#[track_caller]
fn caller() -> &'static std::panic::Location<'static> {
    std::panic::Location::caller()
}

#[profile_lines]
#[allow(clippy::never_loop, reason = "what never returns is tested")]
fn never() -> ! {
    loop {
        panic!("on purpose")
    }
}

#[profile_lines]
fn empty() {}

#[test]
fn functions_of_all_kinds() {
    let mut account = Account { entries: HashMap::new() };
    *account.entry_mut("a") += 2;
    *account.entry_mut("a") += 3;
    assert_eq!(account.twice(), "11");
    assert_eq!(account.words("a  b").collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(account.into_total(), Ok(5));
    assert!(Account { entries: HashMap::from([(String::new(), -1)]) }.into_total().is_err());
    assert_eq!(hits("entry_mut"), [(1, 2), (2, 1), (4, 2)]);
    assert_eq!(hits("twice"), [(1, 1), (2, 1)]);
    assert_eq!(hits("describe"), [(1, 1)]);
    assert_eq!(hits("words"), [(1, 1), (2, 1)]);
    assert_eq!(hits("into_total"), [(1, 2), (2, 2), (3, 1), (5, 1)]);
    assert_eq!(summary().get("into_total").map(|function| (function.calls(), function.errors())), Some((2, 1)));
    // SAFETY: the pointer is to a live byte.
    assert_eq!((unsafe { unsafe_one(&5) }, c_abi(1)), (6, 2));
    assert_eq!(hits("unsafe_one"), [(2, 1), (3, 1), (4, 1)]);
    assert_eq!(caller().line(), line!());
    assert!(std::panic::catch_unwind(|| never()).is_err());
    assert_eq!(hits("never"), [(1, 1), (2, 1)]);
    empty();
    assert!(lines().iter().all(|table| table.name() != "empty"), "it has no lines");
}

macro_rules! make {
    ($name:ident, $step:expr) => {
        #[profile_lines]
        fn $name(value: u8) -> u8 {
            let more = value + $step;
            more * 2
        }
    };
}
make!(made_by_a_macro, 1);

macro_rules! make_of {
    ($name:ident, $($first:tt)*) => {
        #[profile_lines]
        fn $name() -> u8 {
            $($first)*;
            7
        }
    };
}
make_of!(made_of_a_statement, let _ = 3);

#[test]
fn lines_of_a_macro() {
    assert_eq!(made_by_a_macro(3), 8);
    assert_eq!(made_of_a_statement(), 7);
    assert!(table("made_of_a_statement").lines().is_sorted_by_key(|line| line.line()));
    let table = table("made_by_a_macro");
    assert!(table.lines().iter().all(|line| line.hits() == 1 && !line.text().is_empty()), "{table}");
}

/// Every name the expansion could stumble over.
#[allow(dead_code, unused_macros, reason = "they only stand in the way")]
mod shadowed {
    use lagom_profiler::profile_lines;

    mod core {}
    mod std {}
    struct Option;
    struct Some;
    struct None;
    struct Drop;
    macro_rules! line {
        () => {
            compile_error!("shadowed")
        };
    }

    #[profile_lines]
    pub(super) fn shadowed(turns: u8) -> u8 {
        let __lagom_lines = turns;
        let mut __lagom_back = 0;
        for turn in 0..turns {
            __lagom_back += turn;
        }
        __lagom_back + __lagom_lines
    }
}

#[test]
fn shadowed_names_do_not_matter() {
    assert_eq!(shadowed::shadowed(3), 6);
    assert_eq!(hits("shadowed"), [(1, 1), (2, 1), (3, 4), (4, 3), (6, 1)]);
}

#[cfg(feature = "serde")]
#[test]
fn tables_as_json() {
    #[profile_lines]
    fn once() -> u8 {
        3
    }
    once();
    let table = table("once");
    let json = serde_json::to_value(&table).expect("serializes");
    assert_eq!(
        (&json["calls"], &json["lines"][0]["hits"], &json["lines"][0]["text"]),
        (&1.into(), &1.into(), &"3".into())
    );
    assert_eq!(serde_json::from_value::<LineTable>(json).expect("deserializes"), table);
}
