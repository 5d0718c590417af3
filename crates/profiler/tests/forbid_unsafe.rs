//! The macros write no unsafe code, and futures stay `Send`.
#![cfg(all(feature = "enabled", feature = "macros"))]
#![forbid(unsafe_code)]
#![deny(warnings, clippy::all, clippy::pedantic)]
#![warn(unreachable_pub, let_underscore_drop)]

use std::time::Duration;

use lagom_profiler::{profile, profile_all, profile_lines, span};

#[profile]
fn outer(count: u8) -> Result<u8, String> {
    let _span = span!("inner");
    count.checked_add(1).ok_or_else(|| "too many".to_owned())
}

#[profile]
async fn future(text: String) -> Option<usize> {
    std::future::ready(()).await;
    Some(text.len())
}

#[profile]
async fn diverges() -> Vec<u8> {
    std::future::pending::<()>().await;
    loop {
        std::hint::spin_loop();
    }
}

#[profile(size = values.len() + more.len(), repeats, records = 5, group = "all at once")]
fn everything(values: &[f32], more: &[u8], key: &str) -> Result<f32, Duration> {
    const LEAST: f32 = 0.5;
    let sum: f32 = values.iter().sum();
    if sum < LEAST { Err(Duration::ZERO) } else { Ok(sum * f32::from(key.is_empty()) + f32::from(more.is_empty())) }
}

#[profile(size = count, repeats(count, name))]
async fn everything_later(count: u8, name: String) -> Result<u8, String> {
    std::future::ready(()).await;
    count.checked_add(1).ok_or(name)
}

/// A counter.
#[derive(Debug, Default)]
pub(crate) struct Counter(u32);

#[profile_all(group = "counters")]
impl Counter {
    /// Counts one.
    pub(crate) fn add(&mut self) -> &mut Self {
        self.0 += 1;
        self
    }
}

#[profile_lines]
fn by_line(texts: &[&str]) -> Option<usize> {
    const LONGEST: usize = 10;
    fn short(text: &str) -> bool {
        text.len() < LONGEST
    }

    let mut total = 0;
    for text in texts {
        const MOST: usize = 100;
        let Some(first) = text.chars().next() else { continue };
        total += match first {
            'a' => 1,
            'b' => {
                let twice = 2;
                twice
            }
            _ if short(text) => text.len(),
            _ => return None,
        };
        if total > MOST {
            break;
        }
    }
    let result = if total == 0 { None } else { Some(total) };
    result
}

#[test]
fn it_runs() {
    assert!(everything(&[1.0], &[], "key").is_ok());
    drop(everything_later(1, String::new()));
    assert_eq!(Counter::default().add().0, 1);
    assert_eq!(by_line(&["a", "b", "", "c"]), Some(4));
    assert_eq!(outer(1), Ok(2));
    let send: Box<dyn Send> = Box::new(future(String::from("abc")));
    drop(send);
    drop(diverges());
    assert!(lagom_profiler::summary().get("future").is_none(), "never polled, never called");
    assert!(lagom_profiler::summary().get("inner").is_some());
}
