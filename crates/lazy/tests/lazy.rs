//! `Lazy` and `LazyField`.

use std::cell::Cell;
use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Barrier, OnceLock, mpsc};
use std::thread;
use std::time::Duration;

use lagom_lazy::{Lazy, LazyField};

/// Fails the test, instead of hanging it, if `f` does not end.
fn ends<R: Send + 'static>(f: impl FnOnce() -> R + Send + 'static) -> R {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || sender.send(f()));
    receiver.recv_timeout(Duration::from_secs(30)).expect("ends, and does not panic")
}

fn message(panic: Box<dyn std::any::Any + Send>) -> String {
    panic.downcast_ref::<&str>().map(ToString::to_string).or_else(|| panic.downcast_ref().cloned()).unwrap()
}

#[test]
fn auto_traits_and_sizes() {
    fn assert_send_sync<T: Send + Sync>() {}
    fn assert_unwind_safe<T: std::panic::UnwindSafe + std::panic::RefUnwindSafe>() {}
    assert_send_sync::<Lazy<String>>();
    assert_send_sync::<LazyField<String>>();
    assert_unwind_safe::<Lazy<String>>();
    assert_unwind_safe::<LazyField<String>>();

    // Two ways to name it, were it `Send` or `Sync`: an error.
    trait NotSend<A> {
        fn yes() {}
    }
    impl<T: ?Sized> NotSend<()> for T {}
    impl<T: ?Sized + Send> NotSend<u8> for T {}
    trait NotSync<A> {
        fn yes() {}
    }
    impl<T: ?Sized> NotSync<()> for T {}
    impl<T: ?Sized + Sync> NotSync<u8> for T {}
    <Lazy<Rc<u8>> as NotSend<_>>::yes();
    <Lazy<Cell<u8>> as NotSync<_>>::yes();
    <Lazy<u8, Box<dyn Fn() -> u8>> as NotSync<_>>::yes();
    <LazyField<Rc<u8>> as NotSend<_>>::yes();
    <LazyField<Cell<u8>> as NotSync<_>>::yes();

    assert_eq!(size_of::<LazyField<f64>>(), size_of::<OnceLock<f64>>());
}

#[test]
fn computes_once_and_again_after_invalidation() {
    let runs = Cell::new(0);
    let mut lazy = Lazy::new(|| {
        runs.set(runs.get() + 1);
        runs.get()
    });
    assert_eq!((Lazy::get(&lazy), format!("{lazy:?}").as_str()), (None, "Lazy(<none>)"));
    assert_eq!((*lazy, *lazy, Lazy::get(&lazy)), (1, 1, Some(&1)));
    assert_eq!(format!("{lazy:?}"), "Lazy(1)");
    assert_eq!((Lazy::invalidate(&mut lazy), Lazy::invalidate(&mut lazy)), (Some(1), None));
    assert_eq!(*lazy, 2);
    assert_eq!(Lazy::into_inner(lazy), Some(2));
    assert_eq!(*Lazy::<String>::default(), "");
}

#[test]
fn a_panic_is_retried() {
    static FAIL: AtomicBool = AtomicBool::new(true);
    static LAZY: Lazy<u32> = Lazy::new(|| {
        assert!(!FAIL.load(Relaxed), "not yet");
        7
    });
    for _ in 0..3 {
        assert_eq!(message(catch_unwind(|| *LAZY).unwrap_err()), "not yet");
        assert_eq!(Lazy::get(&LAZY), None);
    }
    FAIL.store(false, Relaxed);
    assert_eq!(*LAZY, 7);
}

#[test]
fn an_error_is_retried() {
    let field = LazyField::new();
    assert_eq!(field.try_get_or_init(|| Err("no")), Err("no"));
    assert_eq!(field.get(), None);
    assert_eq!(field.try_get_or_init(|| Ok::<_, ()>(1)), Ok(&1));
    assert_eq!(field.try_get_or_init(|| Err("no")), Ok(&1));
}

#[test]
fn a_value_that_needs_itself_panics() {
    ends(|| {
        static NEEDY: Lazy<u32> = Lazy::new(|| if NEED.load(Relaxed) { *NEEDY + 1 } else { 1 });
        static NEED: AtomicBool = AtomicBool::new(true);
        let panic = catch_unwind(|| *NEEDY).unwrap_err();
        assert!(message(panic).contains("a lazy value needs itself"));
        NEED.store(false, Relaxed);
        assert_eq!(*NEEDY, 1, "usable afterwards");

        let field = LazyField::<u32>::new();
        let nested = AssertUnwindSafe(|| *field.get_or_init(|| field.get_or_init(|| 1) + 1));
        assert!(message(catch_unwind(nested).unwrap_err()).contains("needs itself"));

        // Caught inside, it is a plain panic like any other.
        let caught = field.get_or_init(|| {
            let inner = catch_unwind(AssertUnwindSafe(|| *field.get_or_init(|| 1)));
            u32::from(inner.is_err())
        });
        assert_eq!(caught, &1);
    });
}

#[test]
fn a_crossed_need_panics_in_one_thread_and_ends() {
    ends(|| {
        for _ in 0..100 {
            let (fields, barrier) = ([LazyField::<u32>::new(), LazyField::new()], Barrier::new(2));
            let results: Vec<_> = thread::scope(|scope| {
                let threads: Vec<_> = (0..2)
                    .map(|me| {
                        let (fields, barrier) = (&fields, &barrier);
                        scope.spawn(move || {
                            catch_unwind(AssertUnwindSafe(|| {
                                *fields[me].get_or_init(|| {
                                    barrier.wait();
                                    *fields[1 - me].get_or_init(|| 10) + 1
                                })
                            }))
                        })
                    })
                    .collect();
                threads.into_iter().map(|thread| thread.join().unwrap()).collect()
            });
            // Whoever closed the cycle panicked; the other one then computed both.
            let values: Vec<_> = results.iter().filter_map(|result| result.as_ref().ok()).collect();
            assert_eq!(values, [&11]);
            let panic = results.into_iter().find_map(Result::err).unwrap();
            assert!(message(panic).contains("needs itself"));
        }
    });
}

#[test]
fn a_herd_computes_once() {
    ends(|| {
        let (field, runs, barrier) = (LazyField::new(), AtomicU32::new(0), Barrier::new(8));
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    barrier.wait();
                    let value = field.get_or_init(|| {
                        thread::sleep(Duration::from_millis(30));
                        runs.fetch_add(1, Relaxed)
                    });
                    assert_eq!(value, &0);
                });
            }
        });
        assert_eq!(runs.into_inner(), 1);
    });
}

#[test]
fn many_herds_race_for_many_fields() {
    ends(|| {
        for _ in 0..300 {
            let fields: Vec<LazyField<usize>> = (0..20).map(|_| LazyField::new()).collect();
            let (runs, barrier) = (AtomicUsize::new(0), Barrier::new(4));
            thread::scope(|scope| {
                for _ in 0..4 {
                    scope.spawn(|| {
                        barrier.wait();
                        for (index, field) in fields.iter().enumerate() {
                            let value = field.get_or_init(|| {
                                runs.fetch_add(1, Relaxed);
                                index
                            });
                            assert_eq!(value, &index);
                        }
                    });
                }
            });
            assert_eq!(runs.into_inner(), 20);
        }
    });
}

#[test]
fn different_fields_do_not_wait_for_each_other() {
    ends(|| {
        let (fields, barrier) = ([const { LazyField::new() }; 8], Barrier::new(8));
        thread::scope(|scope| {
            for field in &fields {
                let barrier = &barrier;
                // Ends only when all eight run.
                scope.spawn(move || *field.get_or_init(|| barrier.wait().is_leader()));
            }
        });
    });
}

#[test]
fn a_failing_leader_hands_over() {
    ends(|| {
        let (field, leading, runs) = (LazyField::new(), Barrier::new(4), AtomicU32::new(0));
        thread::scope(|scope| {
            let leader = scope.spawn(|| {
                catch_unwind(AssertUnwindSafe(|| {
                    field.get_or_init(|| {
                        leading.wait();
                        thread::sleep(Duration::from_millis(50));
                        panic!("the leader")
                    });
                }))
            });
            let waiters: Vec<_> = (0..3)
                .map(|_| {
                    scope.spawn(|| {
                        leading.wait();
                        *field.get_or_init(|| runs.fetch_add(1, Relaxed) + 7)
                    })
                })
                .collect();
            assert!(leader.join().unwrap().is_err());
            for waiter in waiters {
                assert_eq!(waiter.join().unwrap(), 7);
            }
        });
        assert_eq!(runs.into_inner(), 1);
    });
}

#[test]
fn setting() {
    let field = LazyField::new();
    assert_eq!((field.set(1), field.set(2)), (Ok(()), Err(2)));
    assert_eq!(field.get_or_init(|| 3), &1);

    // A value that was set meanwhile goes first.
    let field = LazyField::new();
    let value = field.get_or_init(|| {
        field.set(1).unwrap();
        2
    });
    assert_eq!(value, &1);
}

#[test]
fn a_field_in_a_field_is_another_one() {
    // Both are at one address, as far as it is for the layout to say.
    ends(|| {
        let outer = LazyField::<LazyField<u32>>::new();
        let inner = outer.get_or_init(|| {
            outer.set(LazyField::new()).unwrap();
            outer.get().unwrap().get_or_init(|| 4);
            LazyField::from(5)
        });
        assert_eq!(inner.get(), Some(&4));
    });
}

#[test]
fn every_value_is_dropped_once() {
    struct Counted(Arc<AtomicUsize>);
    impl Drop for Counted {
        fn drop(&mut self) {
            self.0.fetch_add(1, Relaxed);
        }
    }
    let drops = Arc::new(AtomicUsize::new(0));
    let mut field = LazyField::new();
    field.get_or_init(|| Counted(Arc::clone(&drops)));
    assert!(field.set(Counted(Arc::clone(&drops))).is_err());
    assert_eq!(drops.load(Relaxed), 1, "the rejected one");
    drop(field.invalidate());
    assert_eq!(drops.load(Relaxed), 2);
    field.get_or_init(|| Counted(Arc::clone(&drops)));
    drop(field.clone());
    drop(field);
    assert_eq!(drops.load(Relaxed), 3);
}

#[test]
fn a_field_is_no_part_of_the_value() {
    #[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
    struct Words {
        text: String,
        count: LazyField<usize>,
    }
    impl Words {
        fn count(&self) -> usize {
            *self.count.get_or_init(|| self.text.split(' ').count())
        }
    }
    let words = Words { text: "a b c".into(), ..Words::default() };
    assert_eq!(format!("{words:?}"), r#"Words { text: "a b c", count: LazyField(<none>) }"#);
    assert_eq!(words.count(), 3);
    assert_eq!(format!("{words:?}"), r#"Words { text: "a b c", count: LazyField(3) }"#);
    let fresh = Words { text: "a b c".into(), ..Words::default() };
    assert_eq!(words, fresh);
    assert_eq!(HashSet::from([words.clone(), fresh]).len(), 1);
    assert_eq!(words.clone().count.get(), None);
    assert_eq!(Words { text: "a b".into(), ..words.clone() }.count(), 2, "not the old count");
}

#[test]
fn debug_does_not_wait() {
    ends(|| {
        let field = LazyField::new();
        field.get_or_init(|| assert_eq!(format!("{field:?}"), "LazyField(<none>)"));
    });
}
