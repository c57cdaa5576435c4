//! A scripted channel plays the controller.
