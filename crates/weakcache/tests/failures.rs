//! Loads that fail: who shares the error, who retries, and that no error stays behind.

mod common;

use std::collections::HashMap;
use std::num::ParseIntError;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use common::{Counted, Ledger, panic_message};
use lagom_weakcache::{Cached, LoadError, WeakCache};

type Numbers = WeakCache<u32, u64>;

/// Long enough for a started thread to reach its wait, on a busy machine too; where it does not, it is tried again.
const A_WHILE: Duration = Duration::from_millis(30);

/// Tries until `f` says that everybody waited in time: that it never does is a failure.
fn until_all_waited(f: impl Fn() -> bool) {
    assert!((0..50).any(|_| f()), "somebody was late each time");
}

/// Runs `lead`, and `wait` in other threads when the load of `lead` runs, then `during`, and ends the load.
fn with_waiters<L: Send, W: Send>(
    lead: impl FnOnce(&dyn Fn()) -> L + Send,
    waiters: usize,
    wait: impl Fn(usize) -> W + Sync,
    during: impl FnOnce(),
) -> (L, Vec<W>) {
    let (started, wait_for_start) = mpsc::channel();
    let (finish, wait_for_finish) = mpsc::channel::<()>();
    thread::scope(|scope| {
        let leader = scope.spawn(move || {
            lead(&|| {
                started.send(()).unwrap();
                wait_for_finish.recv().unwrap();
            })
        });
        wait_for_start.recv().unwrap();
        let wait = &wait;
        let waiters: Vec<_> = (0..waiters).map(|index| scope.spawn(move || wait(index))).collect();
        thread::sleep(A_WHILE);
        during();
        finish.send(()).unwrap();
        let led = leader.join().unwrap();
        (led, waiters.into_iter().map(|waiter| waiter.join().unwrap()).collect())
    })
}

#[test]
fn one_call_for_all_who_wait() {
    until_all_waited(|| {
        let (cache, ledger) = (Numbers::new(10), Ledger::default());
        let fail = || Err(ledger.value(7));
        let (led, waited) = with_waiters(
            |in_load| {
                cache.try_get_or_insert_shared(1, || {
                    in_load();
                    fail()
                })
            },
            8,
            |_| cache.try_get_or_insert_shared(1, fail),
            || (),
        );
        let mut errors: Vec<Arc<Counted>> = waited.into_iter().map(Result::unwrap_err).collect();
        errors.push(led.unwrap_err());
        assert!(errors.iter().all(|error| error.id == 7));
        let mut distinct: Vec<_> = errors.iter().map(Arc::as_ptr).collect();
        distinct.sort_unstable();
        distinct.dedup();
        assert_eq!((distinct.len(), ledger.alive()), (ledger.made(), ledger.made()), "one error for each call");
        assert_eq!((cache.len(), cache.stats().loads(), cache.stats().misses()), (0, 0, 9));
        if ledger.made() != 1 {
            return false;
        }
        assert_eq!(Arc::strong_count(&errors[0]), 9, "the cache has none");
        drop(errors);
        assert_eq!((ledger.alive(), cache.memory_usage().entries()), (0, 0));
        // Who asks now loads anew.
        assert_eq!(cache.try_get_or_insert_shared(1, || Err::<u64, _>("another")).unwrap_err(), Arc::new("another"));
        assert_eq!(*cache.try_get_or_insert_shared(1, || Ok::<_, Counted>(1)).unwrap(), 1);
        true
    });
}

#[test]
fn the_error_ends_with_the_last_who_has_it() {
    let (cache, ledger) = (Numbers::new(10), Ledger::default());
    let error = cache.try_get_or_insert_shared(1, || Err(ledger.value(1))).unwrap_err();
    assert_eq!((Arc::strong_count(&error), ledger.alive()), (1, 1), "nobody waited");
    assert_eq!(Arc::into_inner(error).map(|error| error.id), Some(1));
    assert_eq!(ledger.alive(), 0);
}

/// What one of those who waited got: a value, an error that it shares, or one of its own.
#[derive(Debug, PartialEq)]
enum Got {
    Value(u64),
    Shared(Arc<String>),
    Own(&'static str),
    Other(Arc<u8>),
}

/// The ways to ask that are not to have the error of a load that fails with an `&str`.
fn ask_otherwise(cache: &Numbers, way: usize) -> Got {
    let shared = |result: Result<Cached<u64>, Arc<String>>| match result {
        Ok(value) => Got::Value(*value),
        Err(error) => Got::Shared(error),
    };
    match way % 6 {
        0 => Got::Value(*cache.get_or_insert_with(1, || 10)),
        1 => cache.try_get_or_insert_with(1, || Err("own")).map_or_else(Got::Own, |value| Got::Value(*value)),
        2 => cache.try_get_or_insert_shared(1, || Err(2_u8)).map_or_else(Got::Other, |value| Got::Value(*value)),
        3 => match cache.load(1, || Err("own")) {
            Err(LoadError::Failed(error)) => Got::Own(error),
            other => Got::Value(*other.unwrap()),
        },
        4 => shared(cache.try_get_or_insert_shared(1, || Err("by a waiter".to_owned()))),
        _ => match cache.load_shared(1, || Err("by a waiter".to_owned())) {
            Err(LoadError::Failed(error)) => Got::Shared(error),
            other => Got::Value(*other.unwrap()),
        },
    }
}

#[test]
fn only_who_asked_for_that_error_has_it() {
    until_all_waited(|| {
        let cache = Numbers::new(10);
        let (led, waited) = with_waiters(
            |in_load| {
                cache.load_shared(1, || {
                    in_load();
                    Err("by the leader".to_owned())
                })
            },
            18,
            |way| ask_otherwise(&cache, way),
            || (),
        );
        let Err(LoadError::Failed(led)) = led else { panic!("{led:?}") };
        let mut in_time = true;
        for (way, got) in waited.into_iter().enumerate() {
            match got {
                // Some `get_or_insert_with` may have been before the others that retried.
                Got::Value(10) => in_time &= way % 6 < 4,
                Got::Own("own") => assert!(matches!(way % 6, 1 | 3), "{way}"),
                Got::Other(two) if *two == 2 => assert_eq!(way % 6, 2),
                Got::Shared(error) if *error == "by a waiter" => in_time = false,
                Got::Shared(error) => assert!(Arc::ptr_eq(&error, &led) && way % 6 >= 4, "{way}"),
                got => panic!("{way} got {got:?}"),
            }
        }
        assert_eq!(cache.get(&1).as_deref(), Some(&10));
        in_time
    });
}

#[test]
fn an_error_of_the_leaders_own_is_not_shared() {
    let cache = Numbers::new(10);
    let (led, waited) = with_waiters(
        |in_load| {
            cache.try_get_or_insert_with(1, || {
                in_load();
                Err(Arc::new("of the leader"))
            })
        },
        4,
        |_| cache.try_get_or_insert_shared(1, || Err("of a waiter")).unwrap_err(),
        || (),
    );
    assert_eq!(*led.unwrap_err(), "of the leader");
    assert!(waited.iter().all(|error| **error == "of a waiter"));
}

#[test]
fn of_a_leader_that_panics_one_takes_over_and_the_others_share_that() {
    until_all_waited(|| {
        let (cache, calls) = (Numbers::new(10), AtomicUsize::new(0));
        let (led, waited) = with_waiters(
            |in_load| {
                let load = || {
                    cache.try_get_or_insert_shared::<()>(1, || {
                        in_load();
                        panic!("in the load")
                    })
                };
                catch_unwind(AssertUnwindSafe(load)).is_err()
            },
            4,
            |_| {
                let load = || {
                    thread::sleep(A_WHILE);
                    Err(calls.fetch_add(1, SeqCst))
                };
                cache.try_get_or_insert_shared(1, load).unwrap_err()
            },
            || (),
        );
        assert!(led && cache.is_empty());
        let calls = calls.load(SeqCst);
        assert!(waited.iter().all(|error| **error < calls));
        calls == 1 && waited.iter().all(|error| Arc::ptr_eq(error, &waited[0]))
    });
}

#[test]
fn an_insert_during_a_load_that_fails_wins() {
    let cache = Numbers::new(10);
    let mut inserted = None;
    let (led, waited) = with_waiters(
        |in_load| {
            cache.try_get_or_insert_shared(1, || {
                in_load();
                Err("too late")
            })
        },
        4,
        |_| cache.try_get_or_insert_shared(1, || Err::<_, &str>("not needed")).unwrap(),
        || inserted = Some(cache.insert(1, 3)),
    );
    let inserted = inserted.unwrap();
    assert_eq!(*led.unwrap_err(), "too late", "what its load returned");
    assert!(waited.iter().all(|value| Cached::ptr_eq(value, &inserted)));
    assert!(Cached::ptr_eq(&cache.get(&1).unwrap(), &inserted));
}

#[test]
fn who_waited_for_a_load_that_was_taken_out_has_no_error_of_it() {
    for clear in [false, true] {
        let cache = Numbers::new(10);
        let (led, waited) = with_waiters(
            |in_load| {
                cache.try_get_or_insert_shared(1, || {
                    in_load();
                    Err("former")
                })
            },
            4,
            |_| cache.try_get_or_insert_shared(1, || Ok::<_, &str>(2)).unwrap(),
            || match clear {
                false => assert!(cache.remove(&1).is_none()),
                true => cache.clear(),
            },
        );
        assert_eq!(*led.unwrap_err(), "former");
        assert!(waited.iter().all(|value| Cached::ptr_eq(value, &waited[0])));
        assert!(Cached::ptr_eq(&cache.get(&1).unwrap(), &waited[0]));
    }
}

#[test]
fn a_key_that_needs_itself_comes_back() {
    let cache = WeakCache::<String, u64>::new(10);
    let key = || "key".to_owned();
    let inner = || cache.load_shared(key(), || Err::<u64, &str>("never made")).unwrap_err();
    let outer = cache.load_shared(key(), || Err(inner()));
    let Err(LoadError::Failed(error)) = outer else { panic!("{outer:?}") };
    assert_eq!(*error, LoadError::NeedsItself(key()));
    let message = panic_message(|| {
        cache.try_get_or_insert_shared(key(), || cache.try_get_or_insert_shared(key(), || Ok::<_, ()>(1)).map(|v| *v))
    });
    assert!(message.contains("needs itself") && message.contains(file!()), "{message}");
    assert_eq!(*cache.get_or_insert_with(key(), || 5), 5, "usable afterwards");
}

/// An error whose drop uses the cache, and may panic.
struct Hostile(Arc<Numbers>, Arc<AtomicUsize>, bool);

impl Drop for Hostile {
    fn drop(&mut self) {
        self.1.fetch_add(1, SeqCst);
        // Under a lock of the cache, or while the load is under way, this would hang.
        assert_eq!(*self.0.get_or_insert_with(1, || 5), 5);
        self.0.remove(&1);
        assert!(!self.2 || thread::panicking(), "in the drop of an error");
    }
}

#[test]
fn the_drop_of_an_error_uses_the_cache_and_may_panic() {
    for panics in [false, true] {
        let (cache, dropped) = (Arc::new(Numbers::new(10)), Arc::new(AtomicUsize::new(0)));
        let fail = || Err::<u64, _>(Hostile(Arc::clone(&cache), Arc::clone(&dropped), panics));
        let (_, _) = with_waiters(
            |in_load| {
                let result = cache.try_get_or_insert_shared(1, || {
                    in_load();
                    fail()
                });
                let _ = catch_unwind(AssertUnwindSafe(|| drop(result)));
            },
            6,
            // The last who drops it may be one that does not share it.
            |way| match way % 2 {
                0 => drop(catch_unwind(AssertUnwindSafe(|| drop(cache.try_get_or_insert_shared(1, fail))))),
                _ => drop(catch_unwind(AssertUnwindSafe(|| {
                    let error = cache.try_get_or_insert_shared(1, || Err::<u64, u8>(1));
                    assert!(error.is_ok() || *error.unwrap_err() == 1);
                }))),
            },
            || (),
        );
        assert!(dropped.load(SeqCst) > 0);
        cache.clear();
        assert_eq!((cache.len(), cache.memory_usage().entries()), (0, 0));
        assert_eq!(*cache.get_or_insert_with(1, || 9), 9);
    }
}

/// A call of a factory, or of the cache: by a count of all events.
#[derive(Clone, Copy, Debug)]
struct Span {
    key: u32,
    begin: u64,
    end: u64,
}

#[derive(Debug)]
struct Failed {
    call: u64,
    ledger: Counted,
}

/// Threads that load a few keys, in all ways. A checker has the spans of all calls: on one key no two factories run at once;
/// an error that is shared is of a call that failed while the one who shares it waited, and nobody else's.
#[test]
fn every_error_is_of_a_call_that_was_waited_for() {
    const KEYS: u64 = 3;
    let (cache, ledger) = (WeakCache::<u32, Counted>::new(0), Ledger::default());
    let (clock, calls) = (AtomicU64::new(0), AtomicU64::new(0));
    let now = || clock.fetch_add(1, SeqCst);
    // By number of the call: the span of the factory, and the end of who called it; and what was shared.
    let made = Mutex::new(HashMap::<u64, (Span, u64)>::new());
    let shared = Mutex::new(Vec::<(u64, Span)>::new());
    thread::scope(|scope| {
        for seed in 1..=4_u64 {
            let (cache, ledger, now, made, shared, calls) = (&cache, &ledger, &now, &made, &shared, &calls);
            scope.spawn(move || {
                let mut random = seed * 0x9E37_79B9;
                for _ in 0..3000 {
                    random ^= random << 13;
                    random ^= random >> 7;
                    random ^= random << 17;
                    let (key, way, fails) = ((random % KEYS) as u32, random >> 8 & 3, random >> 16 & 7 != 0);
                    let mut own = None;
                    let mut make = || {
                        let (call, begin) = (calls.fetch_add(1, SeqCst), now());
                        for _ in 0..random >> 24 & 3 {
                            thread::yield_now();
                        }
                        own = Some((call, Span { key, begin, end: now() }));
                        let counted = ledger.value(call);
                        if fails { Err(Failed { call, ledger: counted }) } else { Ok(counted) }
                    };
                    let begin = now();
                    let error = match way {
                        0 => cache.try_get_or_insert_with(key, make).err().map(|error| (error.call, error.ledger.id)),
                        // Another type, which is never shared with the rest.
                        1 => {
                            let result = cache.try_get_or_insert_shared(key, || make().map_err(|error| (error, ())));
                            result.err().map(|error| (error.0.call, error.0.ledger.id))
                        }
                        _ => {
                            let result = cache.try_get_or_insert_shared(key, make);
                            result.err().map(|error| (error.call, error.ledger.id))
                        }
                    };
                    let end = now();
                    if let Some((call, id)) = error {
                        assert_eq!(call, id);
                        assert!(own.is_none_or(|(own, _)| own == call), "its own call, if it made one");
                        assert!(own.is_some() || way > 0, "an error that is not to be shared");
                        if own.is_none() {
                            shared.lock().unwrap().push((call, Span { key, begin, end }));
                        }
                    }
                    if let Some((call, span)) = own {
                        assert!(error.is_some() || !fails);
                        made.lock().unwrap().insert(call, (span, end));
                    }
                }
            });
        }
    });
    assert_eq!((ledger.alive(), cache.len()), (0, 0));
    let (made, shared) = (made.into_inner().unwrap(), shared.into_inner().unwrap());
    for (call, waited) in &shared {
        let (factory, end) = made[call];
        assert_eq!(factory.key, waited.key);
        assert!(waited.begin < end && factory.end < waited.end, "{factory:?} {end} {waited:?}");
    }
    for key in 0..KEYS as u32 {
        let mut spans: Vec<Span> = made.values().map(|made| made.0).filter(|span| span.key == key).collect();
        spans.sort_unstable_by_key(|span| span.begin);
        assert!(spans.windows(2).all(|pair| pair[0].end < pair[1].begin), "two factories at once");
    }
    assert!(!shared.is_empty(), "nobody ever waited");
}

#[test]
fn errors_of_the_world_are_shared_as_they_are() {
    // No `Clone` is needed, and `?` turns them into a box.
    fn read(cache: &WeakCache<&'static str, String>) -> Result<usize, Box<dyn std::error::Error + Send + Sync>> {
        let text = cache.try_get_or_insert_shared("no such file", || std::fs::read_to_string("no such file"))?;
        Ok(text.len())
    }
    let error = read(&WeakCache::new(1)).unwrap_err();
    assert!(error.downcast_ref::<Arc<std::io::Error>>().is_some());
    let cache = WeakCache::<&str, u32>::new(1);
    let error: LoadError<&str, Arc<ParseIntError>> = cache.load_shared("x", || "x".parse()).unwrap_err();
    assert_eq!(error.to_string(), "x".parse::<u32>().unwrap_err().to_string());
}
