//! See where time and memory go: spans, allocation counts, a process monitor, advice with evidence.
