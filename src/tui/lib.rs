//! What the technician sees: events in, requests out, and nothing linked that could erase.
//!
//! ```text
//! Event ─► Model::hear ─┐                      ┌─► view::draw ─► Painter ─► console (a thread each)
//!                       ├─► Model (a value) ───┤
//! key ───► Model::press ┘                      └─► Request ─► engine room
//! ```
//!
//! # Invariants
//! - **The screen says no more than it was told.** A stage that is not over never shows 100 %, a certificate is on the stick only
//!   where [`purgeproof_core::event::Filed::OnStick`] said so.
//! - **Drives are chosen by [`purgeproof_core::event::DriveId`]**, never by their line on the screen: a plugged cable moves lines.
//! - **A question holds for the plan that it was asked about.** A drive that is planned anew is asked about anew.
//! - **A PSID lies in one place** ([`purgeproof_core::secret`]): not in a message, not in what a state prints of itself. The screen shows the last
//!   four characters of what is typed.
//! - **Every glyph is in the console's font.** [`view::draw`] leaves ASCII and the box and block characters of code page 437.
//! - **Colour is never alone**: the words say the same on a monochrome terminal.

mod advice;
pub mod model;
pub mod paint;
pub mod run;
mod update;
pub mod view;
pub mod words;

#[cfg(test)]
mod fixtures;
#[cfg(test)]
mod screens;
#[cfg(test)]
mod traces;

pub use model::{Exit, Host, Key, Model};
pub use run::{Screen, run};
