//! What PurgeProof does: a thread a drive, the data plane, the journal.
//!
//! # Invariants
//! - **The engine names no protocol.** It sees `core`'s `Drive` and `Media`, and cannot tell NVMe from a file.
//! - **A drive has a thread of its own**, and nothing that one drive does is waited for by another.
//! - **A fact is in the journal before what follows from it is done**: the line "pass 1 began" is handed over before the first block is
//!   written ([`Host::record`]).
//! - **A fault of ours ends one job, never as a success**: a panic in a worker becomes [`purgeproof_core::evidence::Fact::Crashed`].

mod attendant;
mod buffer;
mod checkpoint;
mod content;
mod depth;
mod engine;
mod erased;
mod gauge;
pub mod journal;
pub mod keystream;
mod lane;
mod markers;
mod meter;
mod serial;
mod session;
mod survey;
mod walk;
mod worker;
mod zones;

pub use content::Content;
pub use engine::{AlreadyRunning, Engine, Host};
