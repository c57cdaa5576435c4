//! The power key, which the kernel reports and does nothing about. The switch of a lid is not listened to: closed or open, it does not matter.

use crate::log::log;
use nix::fcntl::OFlag;
use nix::time::{ClockId, clock_gettime};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

/// `linux/input-event-codes.h`.
const EV_KEY: u16 = 1;
const KEY_POWER: u16 = 116;
/// The value of a key that goes down.
const PRESSED: i32 = 1;

/// `struct input_event` of a 64-bit kernel: a time of 16 bytes, type, code and value.
const EVENT: usize = 24;

/// A press of the key that wakes the machine may be reported just after that.
const WAKING: Duration = Duration::from_secs(5);

/// All input devices that have a power key.
pub(crate) struct Buttons {
    open: Vec<(String, File)>,
    /// How long the machine has slept in all, and when that last grew.
    slept: Duration,
    woken: Option<Instant>,
}

impl Buttons {
    /// Those that are there; further ones at [`Self::look`].
    pub(crate) fn open() -> Self {
        let mut buttons = Self { open: Vec::new(), slept: time_asleep(), woken: None };
        buttons.look();
        buttons
    }

    /// Opens those that have come meanwhile.
    pub(crate) fn look(&mut self) {
        for name in with_power_key(Path::new("/sys/class/input")) {
            if self.open.iter().any(|(open, _)| *open == name) {
                continue;
            }
            let flags = OFlag::O_NONBLOCK | OFlag::O_CLOEXEC;
            if let Ok(device) =
                OpenOptions::new().read(true).custom_flags(flags.bits()).open(Path::new("/dev/input").join(&name))
            {
                log!("power key: {name}");
                self.open.push((name, device));
            }
        }
    }

    /// The descriptors to poll.
    pub(crate) fn descriptors(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        self.open.iter().map(|(_, device)| device.as_fd())
    }

    /// Whether the power key was pressed since the last time, other than to wake the machine.
    pub(crate) fn pressed(&mut self) -> bool {
        let slept = time_asleep();
        if slept > self.slept + Duration::from_millis(500) {
            (self.slept, self.woken) = (slept, Some(Instant::now()));
        }
        let mut pressed = false;
        self.open.retain_mut(|(_, device)| drain(device, &mut pressed));
        pressed && self.woken.is_none_or(|woken| woken.elapsed() > WAKING)
    }
}

/// Reads all that is to be read; false when the device is gone.
fn drain(mut device: impl Read, pressed: &mut bool) -> bool {
    let mut buffer = [0; 64 * EVENT];
    loop {
        match device.read(&mut buffer) {
            Ok(0) => return false,
            Ok(count) => *pressed |= buffer.get(..count).unwrap_or_default().chunks_exact(EVENT).any(is_press),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return error.kind() == io::ErrorKind::WouldBlock,
        }
    }
}

fn is_press(event: &[u8]) -> bool {
    let [.., t0, t1, c0, c1, v0, v1, v2, v3] = event else { return false };
    u16::from_ne_bytes([*t0, *t1]) == EV_KEY
        && u16::from_ne_bytes([*c0, *c1]) == KEY_POWER
        && i32::from_ne_bytes([*v0, *v1, *v2, *v3]) == PRESSED
}

/// The names (`event3`) of the devices below `class` (`/sys/class/input`) that have a power key.
fn with_power_key(class: &Path) -> Vec<String> {
    let entries = fs::read_dir(class).into_iter().flatten().flatten();
    let names =
        entries.filter_map(|entry| entry.file_name().into_string().ok()).filter(|name| name.starts_with("event"));
    let keys = |name: &String| fs::read_to_string(class.join(name).join("device/capabilities/key")).unwrap_or_default();
    names.filter(|name| has_key(&keys(name), KEY_POWER)).collect()
}

/// Whether a bitmap of the kernel has this bit: words of 64 bits in hexadecimal, the highest first, without leading zeros.
fn has_key(bitmap: &str, key: u16) -> bool {
    let word = bitmap.split_whitespace().rev().nth(usize::from(key / 64));
    word.and_then(|word| u64::from_str_radix(word, 16).ok()).is_some_and(|word| word >> (key % 64) & 1 == 1)
}

/// All the time that this machine has slept: what the one clock counted and the other did not.
fn time_asleep() -> Duration {
    let read = |clock| clock_gettime(clock).map_or(Duration::ZERO, Duration::from);
    let awake = read(ClockId::CLOCK_MONOTONIC);
    read(ClockId::CLOCK_BOOTTIME).saturating_sub(awake)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bitmap_of_an_acpi_power_button_has_bit_116() {
        // As the kernel shows it: 116 is bit 52 of the second word.
        assert!(has_key("10000000000000 0\n", KEY_POWER));
        assert!(!has_key("8000 0 0\n", KEY_POWER));
        assert!(!has_key("0\n", KEY_POWER));
        assert!(!has_key("", KEY_POWER));
        // The keys of a PC keyboard, among them the power key.
        assert!(has_key("402000000 3803078f800d001 feffffdfffefffff fffffffffffffffe\n", KEY_POWER));
    }

    #[test]
    fn a_press_is_told_from_a_release_and_from_other_keys() {
        let event = |kind: u16, code: u16, value: i32| {
            [&[0xa5; 16][..], &kind.to_ne_bytes(), &code.to_ne_bytes(), &value.to_ne_bytes()].concat()
        };
        let heard = |events: &[Vec<u8>]| {
            let mut pressed = false;
            assert!(!drain(events.concat().as_slice(), &mut pressed), "a device that ends is gone");
            pressed
        };
        assert!(heard(&[event(1, 116, 1), event(0, 0, 0), event(1, 116, 0)]));
        // Release, a lid that closes (EV_SW, SW_LID), the sleep key.
        assert!(!heard(&[event(1, 116, 0), event(5, 0, 1), event(1, 142, 1), event(0, 0, 0)]));
        assert!(!heard(&[vec![0; 5]]));
    }
}
