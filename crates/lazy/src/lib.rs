//! Values computed on first use, recomputed after they expire or are invalidated.
