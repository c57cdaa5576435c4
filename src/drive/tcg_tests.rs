//! A scripted bus plays the trusted peripheral.
