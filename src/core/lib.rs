//! What PurgeProof decides, with nothing to decide it on but its arguments: no I/O, no clock, no randomness.
//!
//! ```text
//! Identity + Capabilities ─► plan(policy) ─► Plan ─► Consent ─► Job ─► Evidence ─► Verdict
//! ```
//!
//! # Invariants
//! - **The planner cannot do I/O.** This crate is `no_std`: `File`, the clock and `println!` do not exist in it.
//! - **Nothing is destroyed without a [`consent::Consent`]**, which cannot be copied, is made only from the operator's or the
//!   policy's word about *this* drive, and is used up by [`job::Job::new`].
//! - **A device name is never a key.** Drives are compared by serial number, WWN and size ([`drive::Identity::is_same_drive`]).
//! - **Silence is never success.** A [`verdict::Verdict`] is derived from [`evidence::Evidence`] by one pure function; what is not in
//!   the evidence cannot be in the verdict, and what is not in either cannot be printed.
//! - **An unreadable sector is an entry in a map, never bytes** ([`pass::Regions`]).
#![no_std]

extern crate alloc;

pub mod capability;
pub mod consent;
pub mod drive;
pub mod event;
pub mod evidence;
pub mod firmware;
pub mod job;
pub mod marker;
pub mod pass;
pub mod pattern;
pub mod plan;
pub mod policy;
pub mod sample;
pub mod table;
pub mod technique;
pub mod units;
pub mod verdict;
