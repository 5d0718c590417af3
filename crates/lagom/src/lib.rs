//! Just the right amount of memory and time: pools, weak caches, memoization, lazy values, vectorized processing and a profiler.
