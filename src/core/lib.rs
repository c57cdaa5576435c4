//! What `PurgeProof` decides.
#![no_std]
extern crate alloc;
