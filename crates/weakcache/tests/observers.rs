//! Things and listeners that vanish with their owner.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, OnceLock, mpsc};
use std::thread;

use lagom_weakcache::{Member, Observer, Observers, WeakSet};

fn visited<T: Clone>(set: &WeakSet<T>) -> Vec<T> {
    let mut all = Vec::new();
    set.for_each(|value| all.push(value.clone()));
    all
}

#[test]
fn members_vanish_with_their_owner() {
    let set = WeakSet::new();
    let marker = Arc::new(());
    let mut members: Vec<Member<(u32, Arc<()>)>> = (0..5).map(|n| set.insert((n, Arc::clone(&marker)))).collect();
    drop(members.remove(1));
    assert_eq!((set.len(), Arc::strong_count(&marker)), (4, 5));
    members.reverse();
    assert_eq!(visited(&set).iter().map(|(n, _)| *n).collect::<Vec<_>>(), [0, 2, 3, 4], "in the order of coming");
    drop(members);
    assert_eq!((set.is_empty(), visited(&set).len(), Arc::strong_count(&marker)), (true, 0, 1));
    assert_eq!(format!("{set:?}"), "WeakSet { len: 0 }");
}

#[test]
fn the_set_may_go_first() {
    let set = WeakSet::new();
    let member = set.insert(String::from("text"));
    drop(set);
    assert_eq!((format!("{member} {member:?}"), member.as_ref().len()), ("text \"text\"".to_owned(), 4));
}

#[test]
fn visitors_may_change_the_set() {
    let set = WeakSet::new();
    let mut members: Vec<_> = (0..6).map(|n| Some(set.insert(n))).collect();
    let mut seen = Vec::new();
    set.for_each(|n: &usize| {
        seen.push(*n);
        members[n / 2 * 2 + 1] = None; // The next one, or the one at hand.
        members.push(Some(set.insert(100)));
        assert!(set.snapshot().len() == set.len());
    });
    assert_eq!((seen, set.len()), (vec![0, 2, 4], 6), "gone before their turn, or come too late");
}

#[test]
fn who_dies_during_its_turn_lives_until_its_end() {
    struct Value(Arc<AtomicUsize>);
    impl Drop for Value {
        fn drop(&mut self) {
            self.0.fetch_add(1, SeqCst);
        }
    }
    let (set, dead) = (WeakSet::new(), Arc::new(AtomicUsize::new(0)));
    let mut member = Some(set.insert(Value(Arc::clone(&dead))));
    set.for_each(|value| {
        member = None;
        assert_eq!((set.len(), value.0.load(SeqCst)), (0, 0), "no member, and alive");
    });
    assert_eq!(dead.load(SeqCst), 1);
}

#[test]
fn drops_may_use_the_set() {
    struct Last(Option<Arc<WeakSet<Last>>>);
    impl Drop for Last {
        fn drop(&mut self) {
            if let Some(set) = self.0.take() {
                drop(set.insert(Last(None)));
                assert_eq!(set.len(), 0);
            }
        }
    }
    let set = Arc::new(WeakSet::new());
    drop(set.insert(Last(Some(Arc::clone(&set)))));
    let members: Vec<_> = (0..3).map(|_| set.insert(Last(None))).collect();
    assert_eq!(set.len(), 3);
    drop(members);
}

#[test]
fn listeners_hear_what_happens_while_they_live() {
    let (heard, events) = mpsc::channel();
    let observers = Observers::<str>::new();
    let listen = |name: &'static str| {
        let heard = heard.clone();
        observers.subscribe(move |event: &str| heard.send(format!("{name} {event}")).unwrap())
    };
    let (one, two) = (listen("one"), listen("two"));
    observers.notify("a");
    drop(one);
    observers.notify("b");
    drop(two);
    observers.notify("c");
    assert_eq!(events.try_iter().collect::<Vec<_>>(), ["one a", "two a", "two b"]);
    assert!(observers.is_empty());
}

#[test]
fn listeners_may_subscribe_leave_and_notify() {
    /// A list that its own listeners know.
    static OBSERVERS: OnceLock<Observers<u32>> = OnceLock::new();
    static LOG: Mutex<Vec<String>> = Mutex::new(Vec::new());
    static KEPT: Mutex<Vec<Observer<u32>>> = Mutex::new(Vec::new());
    let log = |text: String| LOG.lock().unwrap().push(text);
    let observers = OBSERVERS.get_or_init(Observers::new);

    let first = observers.subscribe(move |event| {
        log(format!("first {event}"));
        if *event > 0 {
            OBSERVERS.get().unwrap().notify(&(event - 1));
        } else {
            KEPT.lock().unwrap().clear(); // The other one, before its turn.
            let late = OBSERVERS.get().unwrap().subscribe(move |event| log(format!("late {event}")));
            KEPT.lock().unwrap().push(late);
        }
    });
    let second = observers.subscribe(move |event| log(format!("second {event}")));
    KEPT.lock().unwrap().push(second);
    observers.notify(&1);
    // The inner notification began before the late one came, the outer one as well.
    assert_eq!(*LOG.lock().unwrap(), ["first 1", "first 0"]);
    observers.notify(&0);
    assert_eq!(LOG.lock().unwrap()[2..], ["first 0"], "it drops the late one and brings a later");
    drop(first);
    observers.notify(&7);
    assert_eq!(LOG.lock().unwrap()[3..], ["late 7"]);
    KEPT.lock().unwrap().clear();
    assert!(observers.is_empty());
}

#[test]
fn a_listener_that_panics_spares_the_list() {
    let calls = Arc::new(AtomicUsize::new(0));
    let observers = Observers::<bool>::new();
    let counted = || {
        let calls = Arc::clone(&calls);
        observers.subscribe(move |_| {
            calls.fetch_add(1, SeqCst);
        })
    };
    let _before = counted();
    let _wild = observers.subscribe(|panic| assert!(!panic, "as told"));
    let _after = counted();
    catch_unwind(AssertUnwindSafe(|| observers.notify(&true))).unwrap_err();
    assert_eq!(calls.load(SeqCst), 1, "those before it");
    observers.notify(&false);
    assert_eq!((calls.load(SeqCst), observers.len()), (3, 3));
}

#[test]
fn threads_subscribe_leave_and_notify_at_once() {
    let observers = Observers::<u64>::new();
    let sum = Arc::new(AtomicUsize::new(0));
    let stay = Arc::clone(&sum);
    let _stays = observers.subscribe(move |n| {
        stay.fetch_add(usize::try_from(*n).unwrap(), SeqCst);
    });
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                for _ in 0..1_000 {
                    let alive = Arc::new(AtomicUsize::new(1));
                    let seen = Arc::clone(&alive);
                    let observer = observers.subscribe(move |_| assert_eq!(seen.load(SeqCst), 1));
                    observers.notify(&1);
                    drop(observer);
                }
            });
        }
    });
    assert_eq!((sum.load(SeqCst), observers.len()), (3_000, 1));
}
