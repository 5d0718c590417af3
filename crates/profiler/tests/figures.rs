//! Registered closures: called without a lock, removed with their registration.
#![cfg(feature = "enabled")]

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use lagom_profiler::{Registration, figures, register, summary};

#[test]
fn figures_show_up_and_go_with_the_registration() {
    let value = Arc::new(AtomicU64::new(1));
    let seen = Arc::clone(&value);
    let registration =
        register("cache", move || [("hit_ratio", seen.load(Ordering::Relaxed) as f64 / 8.0), ("size", 3.0)]);
    assert_eq!(figures().get("cache", "hit_ratio"), Some(0.125));
    value.store(4, Ordering::Relaxed);
    assert_eq!(figures().get("cache", "hit_ratio"), Some(0.5));
    assert!(summary().to_string().contains("cache: hit_ratio 0.500, size 3"), "{}", summary());
    drop(registration);
    assert_eq!(figures().get("cache", "hit_ratio"), None);
    // Another test may be asking it right now.
    let start = std::time::Instant::now();
    while Arc::strong_count(&value) > 1 {
        assert!(start.elapsed().as_secs() < 10, "the closure is not dropped");
        std::thread::yield_now();
    }
}

#[test]
fn a_closure_may_ask_register_and_unregister() {
    static OWN: Mutex<Option<Registration>> = Mutex::new(None);
    let owner = std::thread::current().id();
    let registration = register("re-entrant", move || {
        // The other tests ask it too.
        if std::thread::current().id() != owner {
            return Vec::new();
        }
        let inner = register("inner", || [("x", 1.0)]);
        let found = figures_of_inner();
        drop(inner);
        // Ends its own registration while it is asked.
        drop(OWN.lock().expect("no panic").take());
        vec![("inner", found)]
    });
    fn figures_of_inner() -> f64 {
        // Asking all would recurse without end; the names suffice to show that no lock is held.
        let probe = register("probe", Vec::new);
        drop(probe);
        1.0
    }
    *OWN.lock().expect("no panic") = Some(registration);
    assert_eq!(figures().get("re-entrant", "inner"), Some(1.0));
    assert_eq!(figures().get("re-entrant", "inner"), None);
}

#[test]
fn a_panicking_closure_spoils_nothing() {
    let _bad = register("bad", || -> [(&'static str, f64); 1] { panic!("on purpose") });
    let _good = register("good", || [("x", f64::NAN), ("y", -0.5)]);
    let all = figures();
    assert!(all.iter().any(|set| set.name() == "bad" && set.values().len() == 0));
    assert_eq!(all.get("good", "y"), Some(-0.5));
    assert!(all.get("good", "x").is_some_and(f64::is_nan));
    let lines: Vec<String> = all.iter().map(ToString::to_string).collect();
    assert!(lines.iter().any(|line| line == "good: x NaN, y -0.500"), "{lines:?}");
}

#[test]
fn a_panic_that_panics_when_dropped_spoils_nothing() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("on purpose, from a payload");
        }
    }
    let _bad = register("bomb", || -> [(&'static str, f64); 1] { std::panic::panic_any(Bomb) });
    let _good = register("beside the bomb", || [("x", 2.0)]);
    assert_eq!(figures().get("beside the bomb", "x"), Some(2.0));
}

#[test]
fn two_sets_may_share_a_name() {
    let _a = register("twin", || [("a", 1.0)]);
    let _b = register("twin", || [("b", 2.0)]);
    assert_eq!((figures().get("twin", "a"), figures().get("twin", "b")), (Some(1.0), Some(2.0)));
}

#[test]
fn registered_from_many_threads() {
    std::thread::scope(|scope| {
        for thread in 0..4 {
            scope.spawn(move || {
                for _ in 0..200 {
                    let name = format!("thread {thread}");
                    let _registration = register(name.clone(), move || [("n", f64::from(thread))]);
                    assert_eq!(figures().get(&name, "n"), Some(f64::from(thread)));
                }
            });
        }
    });
    assert!(figures().iter().all(|set| !set.name().starts_with("thread")));
}
