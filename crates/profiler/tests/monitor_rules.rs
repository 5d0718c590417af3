//! The monitor's rules: levels on any figure, registered ones among them, and leaks.
#![cfg(feature = "enabled")]

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use lagom_profiler::{Alert, AlertKind, AlertRule, LeakRule, Metric, Monitor, MonitorBuilder, register};

type Log = Arc<Mutex<Vec<Alert>>>;

fn logging(builder: MonitorBuilder, rule: AlertRule) -> (MonitorBuilder, Log) {
    let log = Log::default();
    let seen = Arc::clone(&log);
    (builder.alert_when(rule, move |alert| seen.lock().expect("no panic").push(alert.clone())), log)
}

fn count(log: &Log) -> usize {
    log.lock().expect("no panic").len()
}

#[test]
fn a_registered_figure_has_its_alerts() {
    static HITS: AtomicU64 = AtomicU64::new(0);
    const NAME: &str = "rules/cache\n\"1\"";
    let registration = register(NAME, || [("other", 1e9), ("hits/all", HITS.load(Ordering::Relaxed) as f64)]);
    static ASKED: AtomicU64 = AtomicU64::new(0);
    let _of_no_rule =
        ["rules/cach", "rules"].map(|name| register(name, || [("e", ASKED.fetch_add(1, Ordering::Relaxed) as f64)]));
    let rule = AlertRule::above(format!("{NAME}/hits/all"), 10).rearm_at(5);
    let (builder, log) = logging(Monitor::builder().capacity(0), rule);
    let (builder, absent) = logging(builder, AlertRule::below(format!("{NAME}/hits"), f64::INFINITY));
    let monitor = builder.build();
    for (hits, fired) in [(9, 0), (10, 1), (6, 1), (12, 1), (4, 1), (11, 2)] {
        HITS.store(hits, Ordering::Relaxed);
        monitor.sample();
        assert_eq!(count(&log), fired, "{hits}");
    }
    let alert = log.lock().expect("no panic")[0].clone();
    assert_eq!((alert.figure(), alert.value(), alert.level()), (&*format!("{NAME}/hits/all"), 10.0, 10.0));
    let json: serde_json::Value = serde_json::from_str(&alert.to_json_line()).expect("valid JSON");
    assert_eq!(json["figure"], alert.figure());
    assert!(!alert.to_json_line().contains('\n') && !alert.to_string().contains('\n'));
    // Gone, so not known: neither does it fire, nor is it armed.
    drop(registration);
    monitor.sample();
    assert_eq!((count(&log), count(&absent)), (2, 0));
    // "rules" might have had a figure "cache…" for the second rule, seven times, and once for the first; "rules/cach" nothing.
    assert_eq!(ASKED.load(Ordering::Relaxed), 7 + 1);
}

#[test]
fn a_figure_that_panics_blocks_nothing_and_one_that_samples_ends() {
    static SLOT: OnceLock<Monitor> = OnceLock::new();
    let _panics = register("rules-panic", || -> [(&'static str, f64); 1] { panic!("on purpose") });
    let _samples = register("rules-nested", || {
        // The monitor asks this closure, which samples, which would ask it again.
        [("taken", SLOT.get().map_or(0.0, |monitor| monitor.sample().at().as_secs_f64() * 0.0 + 1.0))]
    });
    let builder = Monitor::builder().alert_when(AlertRule::above("rules-panic/x", 0), |_| unreachable!());
    let (builder, log) = logging(builder, AlertRule::above("rules-nested/taken", 1));
    let monitor = SLOT.get_or_init(|| builder.build());
    monitor.sample();
    assert_eq!((count(&log), monitor.summary().samples()), (1, 2));
    monitor.sample();
    assert_eq!((count(&log), monitor.summary().samples()), (1, 4), "asked again by every sample but the nested ones");
}

#[test]
fn rules_on_every_metric_and_side() {
    let mut builder = Monitor::builder().detail_interval(Duration::ZERO);
    let mut logs = Vec::new();
    for metric in Metric::ALL {
        for rule in [AlertRule::above(metric, f64::NEG_INFINITY), AlertRule::below(metric, f64::INFINITY)] {
            let (next, log) = logging(builder, rule);
            builder = next;
            logs.push((metric, log));
        }
    }
    let monitor = builder.build();
    for _ in 0..3 {
        monitor.sample();
        std::thread::sleep(Duration::from_millis(2));
    }
    let sample = monitor.sample();
    for (metric, log) in logs {
        let log = log.lock().expect("no panic");
        assert_eq!(log.len(), usize::from(sample.get(metric).is_some()), "{metric}: once, as long as it is known");
        assert!(log.iter().all(|alert| alert.figure() == metric.name()));
    }
    let alerts = monitor.summary().alerts();
    monitor.sample();
    assert_eq!(monitor.summary().alerts(), alerts);
}

#[test]
fn a_cool_down_is_kept_by_the_background_too() {
    let (builder, log) = logging(
        Monitor::builder().interval(Duration::from_millis(1)),
        // Armed again at once: the share of a processor is below infinity, and above less than nothing.
        AlertRule::above("rules-saw/tooth", 1).cool_down(Duration::from_millis(200)),
    );
    let turn = AtomicU64::new(0);
    let _saw = register("rules-saw", move || [("tooth", (turn.fetch_add(1, Ordering::Relaxed) % 2) as f64)]);
    let monitor = builder.build();
    monitor.start();
    while count(&log) < 3 {
        std::thread::sleep(Duration::from_millis(1));
    }
    monitor.stop();
    let times: Vec<_> = log.lock().expect("no panic").iter().map(|alert| alert.sample().at()).collect();
    assert!(times.windows(2).all(|pair| pair[1] - pair[0] >= Duration::from_millis(200)), "{times:?}");
    assert!(times[2] - times[0] < Duration::from_secs(5), "{times:?}");
}

/// Memory that this test keeps, as a program that leaks does.
#[cfg(target_os = "linux")]
#[test]
fn a_leak_of_the_real_process_is_told_once() {
    let log = Log::default();
    let seen = Arc::clone(&log);
    let rule = LeakRule::new().warm_up(Duration::from_millis(20)).min_growth(16 << 20);
    let monitor =
        Monitor::builder().on_leak(rule, move |alert| seen.lock().expect("no panic").push(alert.clone())).build();
    let mut kept = Vec::new();
    let calm = |monitor: &Monitor, rounds| {
        for _ in 0..rounds {
            monitor.sample();
            std::thread::sleep(Duration::from_micros(500));
        }
    };
    calm(&monitor, 100);
    assert_eq!(count(&log), 0);
    for _ in 0..400 {
        kept.push(vec![1_u8; 512 << 10]);
        calm(&monitor, 1);
    }
    let log = log.lock().expect("no panic");
    assert_eq!(log.len(), 1, "{} kept", kept.len());
    let leak = *log[0].leak().expect("a leak");
    assert_eq!((log[0].kind(), log[0].figure()), (AlertKind::Leak, "rss"));
    assert!(leak.per_second() > 1e6 && leak.growth() >= f64::from(16 << 20), "{leak:?}");
    assert!(leak.room().expect("known") > 0 && leak.time_to_limit().expect("known") > Duration::ZERO, "{leak:?}");
    assert!(log[0].to_string().contains("to the limit"), "{}", log[0]);
    let json: serde_json::Value = serde_json::from_str(&log[0].to_json_line()).expect("valid JSON");
    assert_eq!((&json["kind"], json["per_second"].as_f64()), (&"leak".into(), Some(leak.per_second())));
}

#[test]
fn leaks_of_other_metrics_have_no_room() {
    // Nothing is told of a metric that is not known, and a rule without sense says nothing.
    let rules = [
        LeakRule::new().metric(Metric::CgroupLimit).warm_up(Duration::ZERO).min_growth(0),
        LeakRule::new().confidence(f64::NAN).warm_up(Duration::ZERO),
        LeakRule::new().window(Duration::MAX).warm_up(Duration::MAX),
    ];
    let builder = rules.into_iter().fold(Monitor::builder(), |builder, rule| builder.on_leak(rule, |_| unreachable!()));
    let monitor = builder.detail_interval(Duration::ZERO).build();
    for _ in 0..200 {
        monitor.sample();
    }
    assert_eq!(monitor.summary().alerts(), 0);
}
