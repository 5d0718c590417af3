//! A cache of weak values with a bounded strong tier, and an interner.
