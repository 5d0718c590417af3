//! Reset and the switch, which are for the whole program: one test, so that nothing else runs beside it.
#![cfg(feature = "enabled")]

use std::sync::atomic::{AtomicBool, Ordering};

use lagom_profiler::{Mode, mode, reset, set_mode, span, summary};

fn calls(name: &str) -> u64 {
    summary().get(name).map_or(0, |row| row.calls())
}

#[test]
fn reset_and_switch() {
    // The switch.
    assert_eq!(mode(), Mode::Adaptive);
    let open = span!("open");
    set_mode(Mode::Off);
    drop(open);
    drop(span!("off"));
    assert_eq!(mode(), Mode::Off);
    set_mode(Mode::Adaptive);
    assert_eq!((calls("open"), calls("off")), (1, 0));

    // A span around a reset is not recorded, those after it are, and nesting stays right.
    let around = span!("around");
    drop(span!("before"));
    reset();
    assert!(summary().is_empty(), "{}", summary());
    drop(span!("after"));
    drop(around);
    assert_eq!((calls("before"), calls("around"), calls("after"), calls("open")), (0, 0, 1, 0));
    assert_eq!(summary().len(), 1);
    assert!(summary().elapsed().as_secs() < 60);

    // The outermost activation lies before the reset; the ones after it still have a total.
    fn place() -> lagom_profiler::Span {
        span!("place")
    }
    let outer = place();
    reset();
    drop(outer);
    drop(place());
    let row = summary().get("place").expect("called").clone();
    assert_eq!((row.calls(), row.total()), (1, row.wall()));

    // Resets while threads run: never more than what was called since, and nothing is stuck afterwards.
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    let _outer = span!("busy outer");
                    drop(span!("busy inner"));
                }
            });
        }
        // Also when an assertion fails: the others wait for it.
        let _ends = Ends(&stop);
        for _ in 0..200 {
            reset();
            let summary = summary();
            for row in summary.functions() {
                assert!(row.min() <= row.mean() && row.mean() <= row.max(), "{row:?}");
            }
        }
    });
    reset();
    for _ in 0..3 {
        drop(span!("last"));
    }
    assert_eq!((summary().len(), calls("last")), (1, 3));

    #[cfg(feature = "macros")]
    {
        lines();
        nothing_is_asked_while_off();
    }
}

struct Ends<'a>(&'a AtomicBool);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[cfg(feature = "macros")]
fn nothing_is_asked_while_off() {
    use std::cell::Cell;

    thread_local!(static ASKED: Cell<u32> = const { Cell::new(0) });

    fn ask() -> u32 {
        ASKED.set(ASKED.get() + 1);
        3
    }

    #[lagom_profiler::profile(size = ask(), repeats(ask()), records)]
    fn asked() -> Result<(), std::fmt::Arguments<'static>> {
        Err(format_args!("an error"))
    }

    set_mode(Mode::Off);
    drop(span!("sized", size = ask()));
    assert!(asked().is_err());
    assert_eq!(ASKED.get(), 0);
    set_mode(Mode::Adaptive);
    assert!(asked().is_err());
    assert_eq!(ASKED.get(), 2);
}

#[cfg(feature = "macros")]
fn lines() {
    #[lagom_profiler::profile_lines]
    fn lined(change: fn()) -> u8 {
        change();
        3
    }
    let table = || lagom_profiler::lines().into_iter().find(|table| table.name() == "lined");
    let hits = || table().expect("called").lines().iter().map(|line| line.hits()).collect::<Vec<_>>();

    lined(|| ());
    lined(|| ());
    assert_eq!(hits(), [2, 2]);
    reset();
    assert!(table().is_none());
    // A call around a reset is in neither part; one in which the profiler is switched off is still recorded.
    lined(reset);
    assert!(table().is_none());
    lined(|| ());
    lined(|| set_mode(Mode::Off));
    lined(|| set_mode(Mode::Adaptive));
    assert_eq!((hits(), table().expect("called").calls()), (vec![2, 2], 2));
    assert!(table().expect("called").total().as_secs() < 1);
}
