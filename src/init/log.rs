//! What PID 1 says goes to the kernel's log, where `dmesg` and a serial console find it in one order with the drivers' lines.

use std::fmt::Arguments;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

static KMSG: OnceLock<File> = OnceLock::new();
static VERBOSE: AtomicBool = AtomicBool::new(false);

/// Longer records are refused by the kernel with EINVAL (`PRINTKRB_RECORD_MAX`, 1024 bytes with its own prefix).
const LONGEST: usize = 900;

/// Logs one line, with the arguments of `format!`.
macro_rules! log {
    ($($argument:tt)*) => { $crate::log::write(format_args!($($argument)*)) };
}
pub(crate) use log;

/// Opens the log; `verbose` puts the kernel's lines of every level, and so ours, on the consoles.
pub(crate) fn open(verbose: bool) {
    // Without this the kernel drops all but ten of our lines in five seconds. It insists on the line feed.
    let _ = fs::write("/proc/sys/kernel/printk_devkmsg", "on\n");
    if verbose {
        VERBOSE.store(true, Ordering::Relaxed);
        let _ = fs::write("/proc/sys/kernel/printk", "8");
    }
    if let Ok(kmsg) = OpenOptions::new().write(true).open("/dev/kmsg") {
        let _ = KMSG.set(kmsg);
    }
}

/// The consoles belong to the child's screen from now on: the kernel keeps its lines to its log, unless verbose was asked for.
pub(crate) fn hush() {
    if !VERBOSE.load(Ordering::Relaxed) {
        let _ = fs::write("/proc/sys/kernel/printk", "1");
    }
}

/// Writes one record of level "info".
pub(crate) fn write(line: Arguments<'_>) {
    let Some(mut kmsg) = KMSG.get() else { return };
    let _ = kmsg.write_all(record(&line.to_string()).as_bytes());
}

/// A record: one line, cut to what the kernel takes.
fn record(line: &str) -> String {
    let line: String = line.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let cut = line.floor_char_boundary(LONGEST);
    format!("<6>purgeproof: {}\n", line.get(..cut).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_one_line_whatever_was_said() {
        assert_eq!(record("a\nb\x1b[2J"), "<6>purgeproof: a b [2J\n");
        let long = record(&"é".repeat(1000));
        assert!(long.len() <= 15 + LONGEST + 1, "{}", long.len());
        assert!(long.ends_with("é\n"));
    }
}
