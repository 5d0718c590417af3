//! Tasks without a runtime.

use std::future::{self, Future};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::{Duration, Instant};

/// Counts how often it is woken.
#[derive(Default)]
pub(crate) struct Bell(AtomicUsize);

impl Bell {
    pub(crate) fn rung(&self) -> usize {
        self.0.load(SeqCst)
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, SeqCst);
    }
}

/// A bell and what rings it.
pub(crate) fn bell() -> (Arc<Bell>, Waker) {
    let bell = Arc::new(Bell::default());
    (Arc::clone(&bell), Waker::from(bell))
}

/// A task that is polled by hand.
pub(crate) type Task<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A task of a future, which can be sent to other threads.
pub(crate) fn task<'a, T>(future: impl Future<Output = T> + Send + 'a) -> Task<'a, T> {
    Box::pin(future)
}

/// Polls once.
pub(crate) fn poll<T>(task: &mut Task<'_, T>) -> Poll<T> {
    poll_with(task, Waker::noop())
}

/// Polls once, with that waker.
pub(crate) fn poll_with<T>(task: &mut Task<'_, T>, waker: &Waker) -> Poll<T> {
    task.as_mut().poll(&mut Context::from_waker(waker))
}

/// What a task that must be ready gives.
pub(crate) fn ready<T>(task: &mut Task<'_, T>) -> T {
    match poll(task) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("not ready"),
    }
}

/// Runs a future on this thread, parked while it waits: a lost wake-up fails, late.
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    struct Unpark(thread::Thread, AtomicBool);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.1.store(true, SeqCst);
            self.0.unpark();
        }
    }
    let unpark = Arc::new(Unpark(thread::current(), AtomicBool::new(false)));
    let waker = Waker::from(Arc::clone(&unpark));
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return output;
        }
        let start = Instant::now();
        while !unpark.1.swap(false, SeqCst) {
            assert!(start.elapsed() < Duration::from_secs(20), "never woken");
            thread::park_timeout(Duration::from_secs(1));
        }
    }
}

/// Pending once, and woken at once.
pub(crate) async fn pause() {
    let mut paused = false;
    future::poll_fn(|context| {
        if paused {
            return Poll::Ready(());
        }
        paused = true;
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// A gate that is polled until it is open.
#[derive(Clone, Default)]
pub(crate) struct Gate(Arc<AtomicBool>);

impl Gate {
    pub(crate) fn open(&self) {
        self.0.store(true, SeqCst);
    }

    pub(crate) async fn pass(&self) {
        while !self.0.load(SeqCst) {
            pause().await;
        }
    }
}
