//! The system seen from outside, as far as it can be without a machine of its own; `qemu/` has the rest.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod cli;
mod keystream;
mod killed;
mod org;
mod pack;
mod paper;
mod screens;
mod simulation;
mod testkit;
mod tidy;
