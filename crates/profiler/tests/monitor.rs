//! The monitor: timing, ring, alerts, callbacks that misbehave.
#![cfg(feature = "enabled")]

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use lagom_profiler::{Alert, AlertKind, Metric, Monitor, sample_now};

/// Held by tests that read the resident size while they change it.
#[cfg(target_os = "linux")]
static MEMORY: Mutex<()> = Mutex::new(());

const MS: Duration = Duration::from_millis(1);

fn wait_until(done: impl Fn() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(start.elapsed() < Duration::from_secs(10), "nothing happened");
        std::thread::sleep(MS);
    }
}

#[test]
fn it_samples_until_stopped() {
    let monitor = Monitor::builder().interval(5 * MS).build();
    assert!(monitor.samples().is_empty() && !monitor.is_running());
    assert!(monitor.start() && monitor.start() && monitor.is_running());
    wait_until(|| monitor.samples().len() >= 4);
    monitor.stop();
    monitor.stop();
    assert!(!monitor.is_running());
    let samples = monitor.samples();
    std::thread::sleep(30 * MS);
    assert_eq!(monitor.samples(), samples, "stopped is stopped");
    assert!(samples.windows(2).all(|pair| pair[0].at() < pair[1].at()));
    let summary = monitor.summary();
    assert_eq!(summary.samples(), samples.len() as u64);
    assert_eq!(summary.duration(), samples[samples.len() - 1].at() - samples[0].at());
    // It goes on where it was.
    monitor.start();
    wait_until(|| monitor.samples().len() >= samples.len() + 2);
    assert!(monitor.samples()[samples.len()].at() > samples[samples.len() - 1].at());
}

#[test]
fn the_first_sample_is_taken_at_once_and_stopping_does_not_wait() {
    // Nothing is ever due after an interval that no clock can name.
    let endless = [Duration::from_secs(u64::MAX), Duration::MAX - Duration::from_nanos(1), Duration::MAX];
    for interval in [Duration::from_secs(3_600), Duration::from_secs(u64::MAX / 4)].into_iter().chain(endless) {
        let monitor = Monitor::builder().interval(interval).build();
        monitor.start();
        wait_until(|| !monitor.samples().is_empty());
        std::thread::sleep(20 * MS);
        assert_eq!(monitor.summary().samples(), 1, "{interval:?}");
        let start = Instant::now();
        monitor.stop();
        drop(monitor);
        assert!(start.elapsed() < Duration::from_secs(5));
    }
}

#[test]
fn dropping_it_stops_it() {
    let count = Arc::new(AtomicU64::new(0));
    let seen = Arc::clone(&count);
    let monitor = Monitor::builder()
        .interval(MS)
        .on_alert(0, move |_| {
            seen.fetch_add(1, Ordering::Relaxed);
        })
        .build();
    monitor.start();
    wait_until(|| count.load(Ordering::Relaxed) == 1);
    drop(monitor);
    assert_eq!(Arc::strong_count(&count), 1, "the thread and its callback are gone");
}

#[test]
fn the_ring_keeps_the_last_and_the_summary_all() {
    let monitor = Monitor::builder().capacity(3).build();
    let taken: Vec<_> = (0..10).map(|_| monitor.sample()).collect();
    assert_eq!(monitor.samples(), taken[7..]);
    assert_eq!(monitor.summary().samples(), 10);
    monitor.clear();
    assert!(monitor.samples().is_empty());
    assert_eq!(monitor.summary().samples(), 0);
    let none = Monitor::builder().capacity(0).build();
    none.sample();
    assert_eq!((none.samples().len(), none.summary().samples()), (0, 1));
    let huge = Monitor::builder().capacity(usize::MAX).interval(Duration::ZERO).build();
    huge.sample();
    assert_eq!(huge.samples().len(), 1);
}

#[cfg(target_os = "linux")]
#[test]
fn the_figures_of_linux_are_true() {
    let _alone = MEMORY.lock();
    let before = sample_now();
    let files: Vec<_> = (0..20).map(|_| std::fs::File::open("/proc/self/status").expect("opens")).collect();
    let block = vec![1_u8; 64 << 20];
    let after = std::thread::scope(|scope| {
        let parked: Vec<_> = (0..8).map(|_| scope.spawn(std::thread::park)).collect();
        let after = sample_now();
        parked.iter().for_each(|thread| thread.thread().unpark());
        after
    });
    // Other tests run beside this one, and the kernel batches its counters: margins, never equality.
    let grown = after.rss().expect("read") - before.rss().expect("read");
    assert!(grown > 50 << 20, "{grown}");
    assert!(after.vms().expect("read") - before.vms().expect("read") > 50 << 20);
    assert!(after.peak_rss().expect("read") >= 64 << 20);
    assert!(after.threads().expect("read") >= 9, "{after}");
    assert!(after.open_files().expect("read") >= 20 + 3, "{after}");
    assert!(after.cpu_time().expect("read") > before.cpu_time().expect("read"));
    assert!(after.at() > before.at());
    assert_eq!(block[77] as usize + files.len(), 21);
}

#[cfg(target_os = "linux")]
#[test]
fn dear_figures_are_read_seldom_and_shares_are_of_the_time_between() {
    let monitor = Monitor::builder().detail_interval(Duration::MAX).build();
    let first = monitor.sample();
    assert!(first.cpu_share().is_none() && first.machine_share().expect("known") > 0.0, "{first:?}");
    let start = Instant::now();
    while start.elapsed() < 120 * MS {
        std::hint::spin_loop();
    }
    let second = monitor.sample();
    let used = second.cpu_time().expect("read") - first.cpu_time().expect("read");
    let share = used.as_secs_f64() / (second.at() - first.at()).as_secs_f64();
    assert!(share > 0.0 && (second.cpu_share().expect("known") - share).abs() < 2e-6, "{share} {second:?}");
    let summary = monitor.summary();
    let readings = |metric| summary.get(metric).map_or(0, |gauge| gauge.readings());
    let counts = [Metric::Rss, Metric::MachineShare, Metric::CpuTime, Metric::CpuShare, Metric::Threads].map(readings);
    assert_eq!(counts, [2, 2, 2, 1, 1]);
    assert_eq!(summary.get(Metric::Rss).expect("read").duration(), second.at() - first.at());
    assert!(second.threads() == first.threads() && second.threads().is_some());
    let share = second.rss().expect("read") as f64 / second.machine_memory().expect("known") as f64;
    assert!((second.machine_share().expect("known") - share).abs() < 2e-6);
}

/// What the kernel keeps for `getrusage` survives the start of another program.
#[cfg(target_os = "linux")]
#[test]
fn the_peak_is_not_that_of_the_process_which_started_this_one() {
    const CHILD: &str = "LAGOM_PROFILER_TEST_CHILD";
    if std::env::var_os(CHILD).is_some() {
        let sample = sample_now();
        println!("peak {}.", sample.peak_rss().expect("read"));
        assert!(sample.peak_rss() >= sample.rss());
        return;
    }
    let _alone = MEMORY.lock();
    let block = vec![1_u8; 200 << 20];
    let output = std::process::Command::new(std::env::current_exe().expect("known"))
        .args(["--exact", "the_peak_is_not_that_of_the_process_which_started_this_one", "--nocapture"])
        .env(CHILD, "")
        .output()
        .expect("starts");
    assert_eq!(block[7], 1);
    let text = String::from_utf8_lossy(&output.stdout);
    let peak = text.split("peak ").nth(1).and_then(|rest| rest.split('.').next()).and_then(|peak| peak.parse().ok());
    let peak: u64 = peak.unwrap_or_else(|| panic!("{text}"));
    assert!(output.status.success() && (1 << 18..100 << 20).contains(&peak), "{peak}");
}

/// An alert that fires on the live resident size is steered by memory that is taken and given back.
#[cfg(target_os = "linux")]
#[test]
fn an_alert_fires_once_per_crossing() {
    let fired: Arc<Mutex<Vec<Alert>>> = Arc::default();
    let seen = Arc::clone(&fired);
    let _alone = MEMORY.lock();
    let threshold = sample_now().rss().expect("read") + (100 << 20);
    let monitor =
        Monitor::builder().on_alert(threshold, move |alert| seen.lock().expect("no panic").push(alert.clone())).build();
    monitor.sample();
    for round in 1..=2 {
        let block = vec![1_u8; 160 << 20];
        monitor.sample();
        monitor.sample();
        assert_eq!(fired.lock().expect("no panic").len(), round, "once, however long it lasts");
        assert_eq!(block[9], 1);
        drop(block);
        monitor.sample();
    }
    let alert = fired.lock().expect("no panic")[0].clone();
    assert_eq!((alert.kind(), alert.figure(), alert.level()), (AlertKind::Above, "rss", threshold as f64));
    assert!(alert.value() >= alert.level() && Some(alert.value()) == alert.sample().get(Metric::Rss));
    assert!(alert.unix_ms() > 1_600_000_000_000 && alert.leak().is_none());
    assert_eq!(monitor.summary().alerts(), 2);
    let json: serde_json::Value = serde_json::from_str(&alert.to_json_line()).expect("valid JSON");
    assert_eq!(json["level"], threshold);
    assert_eq!(json["rss"].as_f64(), Some(alert.value()));
    assert_eq!((&json["event"], &json["kind"], &json["figure"]), (&"alert".into(), &"above".into(), &"rss".into()));
    for metric in Metric::ALL {
        assert_eq!(json[metric.name()].as_f64(), alert.sample().get(metric), "{metric}");
    }
    assert!(!alert.to_json_line().contains('\n'));
    assert!(alert.to_string().starts_with("rss is "), "{alert}");
}

#[test]
fn thresholds_at_the_edges() {
    let counts = [const { AtomicU64::new(0) }; 2];
    let counts = Arc::new(counts);
    let (low, high) = (Arc::clone(&counts), Arc::clone(&counts));
    let monitor = Monitor::builder()
        .on_alert(0, move |_| {
            low[0].fetch_add(1, Ordering::Relaxed);
        })
        .on_alert(u64::MAX, move |_| {
            high[1].fetch_add(1, Ordering::Relaxed);
        })
        .build();
    for _ in 0..5 {
        monitor.sample();
    }
    assert_eq!((counts[0].load(Ordering::Relaxed), counts[1].load(Ordering::Relaxed)), (1, 0));
}

#[test]
fn a_panicking_callback_does_not_end_the_watch() {
    let count = Arc::new(AtomicU64::new(0));
    let seen = Arc::clone(&count);
    let monitor = Monitor::builder()
        .interval(MS)
        .on_alert(0, |_| panic!("on purpose"))
        .on_alert(0, move |_| {
            seen.fetch_add(1, Ordering::Relaxed);
        })
        .build();
    monitor.start();
    wait_until(|| monitor.samples().len() >= 3);
    assert!(monitor.is_running());
    assert_eq!(count.load(Ordering::Relaxed), 1, "the other callback ran");
    assert_eq!(monitor.summary().alerts(), 2);
}

#[test]
fn a_panic_that_panics_when_dropped_does_not_end_the_watch() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("on purpose, from a payload");
        }
    }
    let monitor = Monitor::builder().interval(MS).on_alert(0, |_| std::panic::panic_any(Bomb)).build();
    monitor.start();
    wait_until(|| monitor.samples().len() >= 3);
    assert_eq!(monitor.summary().alerts(), 1);
    // The caller's own thread is spared as well.
    Monitor::builder().on_alert(0, |_| std::panic::panic_any(Bomb)).build().sample();
}

#[test]
fn samples_of_many_threads_are_in_order() {
    let monitor = Monitor::builder().capacity(usize::MAX).build();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..500 {
                    monitor.sample();
                }
            });
        }
    });
    let samples = monitor.samples();
    assert_eq!(samples.len(), 2_000);
    assert!(samples.is_sorted_by_key(lagom_profiler::Sample::at));
}

#[test]
fn a_callback_may_use_stop_and_drop_its_monitor() {
    let slot: Arc<OnceLock<Mutex<Option<Monitor>>>> = Arc::default();
    let seen = Arc::clone(&slot);
    let done = Arc::new(AtomicU64::new(0));
    let finished = Arc::clone(&done);
    let monitor = Monitor::builder()
        .interval(MS)
        .on_alert(0, move |_| {
            let place = seen.wait();
            if let Some(monitor) = place.lock().expect("no panic").take() {
                assert!(monitor.is_running());
                assert_eq!(monitor.samples().len(), 1);
                monitor.sample();
                monitor.stop();
                drop(monitor);
            }
            finished.store(1, Ordering::Release);
        })
        .build();
    monitor.start();
    assert!(slot.set(Mutex::new(Some(monitor))).is_ok());
    wait_until(|| done.load(Ordering::Acquire) == 1);
}

#[test]
fn stopping_comes_to_an_end_while_another_thread_starts() {
    let (done, ended) = std::sync::mpsc::channel();
    let monitor = Arc::new(Monitor::builder().interval(Duration::MAX).build());
    let stopping = Arc::new(AtomicU64::new(1));
    let (starter, going_on) = (Arc::clone(&monitor), Arc::clone(&stopping));
    std::thread::spawn(move || {
        while going_on.load(Ordering::Relaxed) == 1 {
            starter.start();
        }
    });
    std::thread::spawn(move || {
        let start = Instant::now();
        while start.elapsed() < 300 * MS {
            monitor.stop();
        }
        stopping.store(0, Ordering::Relaxed);
        let _ = done.send(());
    });
    ended.recv_timeout(Duration::from_secs(15)).expect("no `stop` waits for the thread of a later `start`");
}

#[test]
fn started_and_stopped_from_many_threads() {
    let monitor = Monitor::builder().interval(MS).build();
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let monitor = &monitor;
            scope.spawn(move || {
                for round in 0..50 {
                    match (round + thread) % 3 {
                        0 => assert!(monitor.start()),
                        1 => monitor.stop(),
                        _ => monitor.clear(),
                    }
                    monitor.sample();
                    assert!(monitor.samples().len() as u64 <= 1_000 && monitor.summary().alerts() == 0);
                }
            });
        }
    });
    monitor.stop();
    let count = monitor.summary().samples();
    std::thread::sleep(20 * MS);
    assert_eq!(monitor.summary().samples(), count, "no sampler is left behind");
    monitor.clear();
    assert_eq!((monitor.samples().len(), monitor.summary().samples()), (0, 0));
}
