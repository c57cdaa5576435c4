//! What the kernel does: commands to drives, mounts, modules, terminals, signals, power, memory for secrets. The only crate of ours with `unsafe`.
//!
//! Each module wraps one concern of the kernel in safe functions; where `nix` has a safe wrapper already it is used, and raw
//! system calls appear only where it has none. Errors are the kernel's own `Errno`: what a refusal means is the caller's to say.
#![allow(unsafe_code, reason = "system calls that nix does not wrap; every other crate denies unsafe")]

pub mod block;
pub mod console;
mod ioctl;
pub mod keymap;
pub mod locked;
pub mod mmc;
pub mod module;
pub mod mount;
pub mod netlink;
pub mod nvme;
pub mod power;
pub mod process;
pub mod ring;
pub mod sg;
pub mod signal;
pub mod suspend;
pub mod transfer;
pub mod watchdog;
