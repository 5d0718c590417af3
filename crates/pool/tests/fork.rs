//! A pool in a forked process. A program of its own without the test harness: a fork takes only its own thread along, and
//! nobody else may hold a lock then.
#![allow(unsafe_code, reason = "forks")]

#[cfg(all(target_os = "linux", not(miri)))]
mod on {
    use std::sync::Barrier;
    use std::thread;
    use std::time::{Duration, Instant};

    use lagom_pool::Pool;

    /// Runs `work` in a forked process; whether it was all right, and ended in time.
    fn forked(work: impl FnOnce() -> bool) -> bool {
        // SAFETY: the other threads of this process are parked and hold no lock; the child ends by `_exit`.
        let child = unsafe { libc::fork() };
        assert!(child >= 0, "{}", std::io::Error::last_os_error());
        if child == 0 {
            let code = match std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)) {
                Ok(true) => 0,
                Ok(false) => 1,
                Err(_) => 2,
            };
            // SAFETY: ends the process at once.
            unsafe { libc::_exit(code) }
        }
        let start = Instant::now();
        let mut status = 0;
        // SAFETY: `status` is ours, and the child has not been waited for.
        while unsafe { libc::waitpid(child, &raw mut status, libc::WNOHANG) } == 0 {
            if start.elapsed() > Duration::from_secs(30) {
                // SAFETY: it is our child, which still runs.
                unsafe { libc::kill(child, libc::SIGKILL) };
                panic!("the forked process hangs");
            }
            thread::sleep(Duration::from_millis(1));
        }
        libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 0
    }

    fn rest() {
        // Long enough for the system to have answered whether it fences threads on demand.
        thread::sleep(Duration::from_millis(100));
    }

    fn use_it(pool: &Pool<Vec<u8>>) {
        for _ in 0..1_000 {
            drop((pool.acquire(), pool.acquire_owned()));
        }
    }

    /// One thread before the fork and after it.
    fn alone() {
        let pool = Pool::builder(Vec::new).max_live(4).build();
        use_it(&pool);
        rest();
        use_it(&pool);
        let held = pool.acquire();
        let work = || {
            use_it(&pool);
            let others: Vec<_> = (0..3).map(|_| pool.try_acquire().unwrap()).collect();
            let full = pool.try_acquire().is_err();
            drop(others);
            pool.trim(1);
            full && pool.len() == 1 && pool.stats().in_use() == 1
        };
        assert!(forked(work));
        drop(held);
        use_it(&pool);
        assert_eq!((pool.len(), pool.stats().created()), (2, 2), "what the child did is its own");
    }

    /// Threads that rest, with idle objects of their own, are not there in the child; what they had is.
    fn among_threads_that_rest() {
        let pool = Pool::builder(Vec::new).max_live(40).build();
        let (filled, done) = (Barrier::new(4), Barrier::new(4));
        thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    drop((0..5).map(|_| pool.acquire()).collect::<Vec<_>>());
                    filled.wait();
                    done.wait();
                    use_it(&pool);
                });
            }
            filled.wait();
            rest();
            use_it(&pool);
            let before = pool.len();
            let work = || {
                use_it(&pool);
                let same = pool.len() == before;
                let found: Vec<_> = (0..before).map(|_| pool.acquire()).collect();
                let made = pool.stats().created();
                drop(found);
                pool.clear();
                // New threads get the numbers of nobody who lives.
                thread::scope(|scope| {
                    (0..4).for_each(|_| drop(scope.spawn(|| use_it(&pool))));
                });
                same && made as usize == before && pool.stats().in_use() == 0
            };
            assert!(forked(work));
            done.wait();
        });
        let stats = pool.stats();
        assert!(stats.idle() == stats.created() as usize && stats.in_use() == 0, "{stats}");
    }

    /// Made before the fork, used first in the child; and made in the child.
    fn first_used_in_the_child() {
        static LAZY: Pool<Vec<u8>> = Pool::new(Vec::new);
        let work = || {
            use_it(&LAZY);
            let pool = Pool::new(Vec::new);
            use_it(&pool);
            drop(LAZY.acquire_owned());
            LAZY.len() == 2 && pool.len() == 2
        };
        assert!(forked(work));
        assert!(LAZY.is_empty());
        // A child of a child.
        assert!(forked(|| {
            use_it(&LAZY);
            forked(|| {
                use_it(&LAZY);
                LAZY.len() == 2
            })
        }));
    }

    pub(super) fn main() {
        first_used_in_the_child();
        alone();
        among_threads_that_rest();
    }
}

fn main() {
    #[cfg(all(target_os = "linux", not(miri)))]
    on::main();
}
