//! libudev
