//! The macros write no unsafe code, and futures stay `Send`.
#![cfg(all(feature = "enabled", feature = "macros"))]
#![forbid(unsafe_code)]
#![deny(warnings, clippy::all, clippy::pedantic)]
#![warn(unreachable_pub, let_underscore_drop)]

use lagom_profiler::{profile, span};

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

#[test]
fn it_runs() {
    assert_eq!(outer(1), Ok(2));
    let send: Box<dyn Send> = Box::new(future(String::from("abc")));
    drop(send);
    drop(diverges());
    assert!(lagom_profiler::summary().get("future").is_none(), "never polled, never called");
    assert!(lagom_profiler::summary().get("inner").is_some());
}
