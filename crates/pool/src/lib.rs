//! A thread-safe object pool: reuse what is dear to build, keep no more than you say.
