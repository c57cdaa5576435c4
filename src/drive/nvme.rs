//! NVMe drives: what a controller can do, and how it is asked to.

mod channel;

pub(crate) use channel::{ControllerDevice, NvmeAdmin};
