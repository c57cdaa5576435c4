//! What the standards say: bytes in, bytes out.
#![no_std]
