//! What PurgeProof decides, with nothing to decide it on but its arguments: no I/O, no clock, no randomness.
//!
//! ```text
//! Identity + Capabilities ─► plan(policy) ─► Plan ─► Consent ─► Job ─► Evidence ─► Verdict
//! ```
//!
//! A drive that erases itself is asked to through [`firmware::Firmware`]; which techniques a kind of drive goes through is [`table`]'s,
//! when an answer is believed and how long one is waited for is [`job`]'s, and what all of it comes to is [`verdict`]'s.
//!
//! # Invariants
//! - **The planner cannot do I/O.** This crate is `no_std`: `File`, the clock and `println!` do not exist in it.
//! - **Nothing is destroyed without a [`consent::Consent`]**, which cannot be copied, is made only from the operator's or the
//!   policy's word about *this* drive, and is used up by [`job::Job::new`].
//! - **A device name is never a key.** Drives are compared by serial number, WWN and size ([`drive::Identity::is_same_drive`]).
//! - **Silence is never success.** A [`verdict::Verdict`] is derived from [`evidence::Evidence`] by one pure function; what is not in
//!   the evidence cannot be in the verdict, and what is not in either cannot be printed.
//! - **A drive's word alone is never enough.** Without a marker test that found nothing ([`marker`]) and a read-back, no erase by a drive's
//!   own firmware earns a good word.
//! - **The level is never lowered without leave.** A job takes no way below [`plan::Plan::floor`].
//! - **When it is not known whether a drive is at work, nothing else is sent to it.**
//! - **An area that hides the owner's data and is not reached makes every good word untrue** ([`capability::Area::is_reached_by`]).
//! - **An unreadable sector is an entry in a map, never bytes** ([`pass::Regions`]).
#![no_std]

extern crate alloc;

pub mod capability;
pub mod consent;
pub mod drive;
pub mod eta;
pub mod event;
pub mod evidence;
pub mod firmware;
pub mod gauge;
pub mod job;
pub mod link;
pub mod marker;
pub mod pass;
pub mod pattern;
pub mod plan;
pub mod policy;
pub mod reformat;
pub mod sample;
pub mod scheme;
pub mod secret;
pub mod series;
pub mod stream;
pub mod survey;
pub mod table;
pub mod technique;
pub mod units;
pub mod verdict;
