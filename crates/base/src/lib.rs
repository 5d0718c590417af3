//! The ground floor of the lagom crates: what two or more of them need alike.
//!
//! This crate is internal. It keeps semver on its items, so that lagom crates released apart resolve together, but it is
//! made for them alone: use [`lagom`](https://docs.rs/lagom) or one of its crates instead.
//!
//! | module | what |
//! | --- | --- |
//! | [`sync`] | the one place where `parking_lot`, std and loom are chosen between |
//! | [`clock`] | a clock that a user can replace |
//! | [`expiry`] | deadlines that saturate: a ttl of 0 is always stale, of `Duration::MAX` never |
//! | [`fence`] | a fence that the frequent side does not pay for |
//! | [`lock`] | a lock that is given back by a plain store |
//! | [`policy`] | which entry of a bounded cache goes when another comes |
//! | [`per_thread`] | one value per thread, which others may look at |
//! | [`thread_index`] | small numbers for living threads, and what is to be done when one ends |
//! | [`flight`] | single flight with a wait-for graph: one thread computes, the others wait, and nobody waits for itself |

#![deny(unsafe_code)]
#![warn(missing_docs)]

#[cfg(all(lagom_loom, not(feature = "loom")))]
compile_error!("`--cfg lagom_loom` needs the feature `loom` of lagom-base");

pub mod clock;
pub mod expiry;
pub mod fence;
pub mod flight;
pub mod lock;
pub mod per_thread;
pub mod policy;
pub mod sync;
pub mod thread_index;
