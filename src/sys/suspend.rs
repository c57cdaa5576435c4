//! Suspend to RAM (ACPI S3), which takes the power from the drives and gives it back: a drive that the firmware froze at boot comes
//! back unfrozen. Suspend to idle (`s2idle`) leaves the power on and is no substitute.

use nix::errno::Errno;
use nix::time::{ClockId, clock_gettime};
use std::fmt;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

/// Below sysfs: how deep `mem` sleeps, `s2idle [deep]`.
const MEM_SLEEP: &str = "power/mem_sleep";
/// Below sysfs: writing `mem` suspends, and returns when the machine is awake again.
const STATE: &str = "power/state";
/// Below sysfs: when the clock wakes the machine, `+seconds`; 0 takes the alarm away.
const WAKE_ALARM: &str = "class/rtc/rtc0/wakealarm";

/// Why the machine was not suspended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SuspendError {
    /// Firmware and kernel offer no S3.
    NotOffered,
    /// Nothing would have woken the machine again.
    NoAlarm {
        /// What the clock's driver answered.
        errno: Errno,
    },
    /// `deep` could not be chosen.
    NotChosen {
        /// What the kernel answered.
        errno: Errno,
    },
    /// The kernel did not fall asleep: EBUSY, a driver or a wake-up event was in the way.
    Refused {
        /// What the kernel answered.
        errno: Errno,
    },
}

impl fmt::Display for SuspendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const REPLUG: &str = "pull the drive's power cable and plug it in again while the machine runs";
        match self {
            Self::NotOffered => write!(
                f,
                "this machine offers no suspend to RAM (S3): /sys/{MEM_SLEEP} does not list 'deep'. Choose S3 or \"Linux\" sleep in the firmware settings, or {REPLUG}"
            ),
            Self::NoAlarm { errno } => write!(
                f,
                "the clock takes no wake-up alarm (/sys/{WAKE_ALARM}: {errno}), so the machine was not suspended. Replace its CMOS battery, or {REPLUG}"
            ),
            Self::NotChosen { errno } => write!(
                f,
                "the kernel would not choose 'deep' in /sys/{MEM_SLEEP} ({errno}), so the machine was not suspended. To unfreeze a drive, {REPLUG}"
            ),
            Self::Refused { errno } => write!(
                f,
                "the kernel did not suspend the machine (/sys/{STATE}: {errno}); its log names the driver. Try once more, or {REPLUG}"
            ),
        }
    }
}

impl std::error::Error for SuspendError {}

/// Whether S3 is offered below `sysfs` (`/sys`).
pub fn is_offered(sysfs: &Path) -> bool {
    let lists = |file: &str, word: &str| {
        let text = fs::read_to_string(sysfs.join(file)).unwrap_or_default();
        text.split_ascii_whitespace().any(|listed| listed.trim_matches(['[', ']']) == word)
    };
    lists(STATE, "mem") && lists(MEM_SLEEP, "deep")
}

/// Suspends the machine and returns when it is awake again: how long it slept. `sysfs` is `/sys`.
///
/// The clock wakes it `wake_after` (whole seconds, rounded up) from now, not from when it sleeps: leave time for every disk to
/// spin down, 10 s at least. An alarm that comes too early wakes nothing; then the power key does. No drive may be at work. The
/// kernel starts SATA and SAS drives after this has returned, each in its own time, so that first commands may fail for seconds;
/// every drive is to be identified anew.
pub fn suspend_to_ram(sysfs: &Path, wake_after: Duration) -> Result<Duration, SuspendError> {
    if !is_offered(sysfs) {
        return Err(SuspendError::NotOffered);
    }
    set_alarm(sysfs, wake_after).map_err(|errno| SuspendError::NoAlarm { errno })?;
    let slept = sleep(sysfs);
    // One that is left behind would start the machine after it was switched off.
    let _ = write(&sysfs.join(WAKE_ALARM), "0");
    slept
}

/// The kernel refuses to move an alarm that is set (EBUSY), so any earlier one goes first.
fn set_alarm(sysfs: &Path, wake_after: Duration) -> Result<(), Errno> {
    let alarm = sysfs.join(WAKE_ALARM);
    let seconds = wake_after.as_secs() + u64::from(wake_after.subsec_nanos() > 0);
    write(&alarm, "0")?;
    write(&alarm, &format!("+{}", seconds.max(1)))
}

fn sleep(sysfs: &Path) -> Result<Duration, SuspendError> {
    write(&sysfs.join(MEM_SLEEP), "deep").map_err(|errno| SuspendError::NotChosen { errno })?;
    let before = time_asleep();
    write(&sysfs.join(STATE), "mem").map_err(|errno| SuspendError::Refused { errno })?;
    Ok(time_asleep().saturating_sub(before))
}

/// All the time that this machine has slept since it started: what the one clock counted and the other did not.
fn time_asleep() -> Duration {
    let read = |clock| clock_gettime(clock).map_or(Duration::ZERO, Duration::from);
    // In this order, for the time between the two calls must not count.
    let awake = read(ClockId::CLOCK_MONOTONIC);
    read(ClockId::CLOCK_BOOTTIME).saturating_sub(awake)
}

/// Writes an attribute. It is never created: a file that is not there is ENOENT.
fn write(attribute: &Path, word: &str) -> Result<(), Errno> {
    let errno = |error: io::Error| Errno::from_raw(error.raw_os_error().unwrap_or_default());
    let mut file = OpenOptions::new().write(true).truncate(true).open(attribute).map_err(errno)?;
    file.write_all(word.as_bytes()).map_err(errno)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    /// A tree like sysfs, gone when the test is over.
    struct Sysfs(PathBuf);

    impl Sysfs {
        fn new(name: &str, mem_sleep: &str) -> Self {
            let root = std::env::temp_dir().join(format!("purgeproof-suspend-{name}-{}", std::process::id()));
            let this = Self(root);
            this.put(STATE, "freeze mem disk\n");
            this.put(MEM_SLEEP, mem_sleep);
            this.put(WAKE_ALARM, "");
            this
        }

        fn put(&self, file: &str, text: &str) {
            let path = self.0.join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }

        fn text(&self, file: &str) -> String {
            fs::read_to_string(self.0.join(file)).unwrap()
        }
    }

    impl Drop for Sysfs {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    const TEN: Duration = Duration::from_secs(10);

    #[test]
    fn deep_is_offered_chosen_or_not() {
        assert!(is_offered(&Sysfs::new("chosen", "s2idle [deep]\n").0));
        assert!(is_offered(&Sysfs::new("unchosen", "[s2idle] shallow deep\n").0));
        assert!(!is_offered(&Sysfs::new("none", "[s2idle]\n").0));
        assert!(!is_offered(Path::new("/nowhere")));
        let without_mem = Sysfs::new("no-mem", "s2idle [deep]\n");
        without_mem.put(STATE, "freeze disk\n");
        assert!(!is_offered(&without_mem.0));
    }

    #[test]
    fn the_machine_is_suspended_and_no_alarm_is_left() {
        let sysfs = Sysfs::new("suspended", "[s2idle] deep\n");
        sysfs.put(WAKE_ALARM, "1763000000\n");
        // This machine did not sleep, whatever the tree says.
        assert!(suspend_to_ram(&sysfs.0, TEN).unwrap() < Duration::from_millis(100));
        assert_eq!(sysfs.text(MEM_SLEEP), "deep");
        assert_eq!(sysfs.text(STATE), "mem");
        assert_eq!(sysfs.text(WAKE_ALARM), "0");
    }

    #[test]
    fn the_alarm_is_in_whole_seconds_from_now() {
        let sysfs = Sysfs::new("alarm", "[deep]\n");
        for (wake_after, alarm) in [(TEN, "+10"), (Duration::from_millis(10_001), "+11"), (Duration::ZERO, "+1")] {
            set_alarm(&sysfs.0, wake_after).unwrap();
            assert_eq!(sysfs.text(WAKE_ALARM), alarm);
        }
    }

    #[test]
    fn without_an_alarm_nothing_sleeps() {
        let sysfs = Sysfs::new("no-alarm", "[deep]\n");
        fs::remove_file(sysfs.0.join(WAKE_ALARM)).unwrap();
        assert_eq!(suspend_to_ram(&sysfs.0, TEN), Err(SuspendError::NoAlarm { errno: Errno::ENOENT }));
        assert_eq!(sysfs.text(STATE), "freeze mem disk\n");
    }

    #[test]
    fn without_deep_nothing_is_touched() {
        let sysfs = Sysfs::new("not-offered", "[s2idle]\n");
        assert_eq!(suspend_to_ram(&sysfs.0, TEN), Err(SuspendError::NotOffered));
        assert_eq!(sysfs.text(WAKE_ALARM), "");
        assert_eq!(sysfs.text(STATE), "freeze mem disk\n");
    }

    #[test]
    fn a_refusal_takes_the_alarm_away() {
        let sysfs = Sysfs::new("refused", "[deep]\n");
        // A file with the word "mem" that not even root can write to.
        fs::remove_file(sysfs.0.join(STATE)).unwrap();
        std::os::unix::fs::symlink("/proc/devices", sysfs.0.join(STATE)).unwrap();
        let refused = suspend_to_ram(&sysfs.0, TEN);
        assert!(matches!(refused, Err(SuspendError::Refused { errno: Errno::EIO | Errno::EACCES })), "{refused:?}");
        assert_eq!(sysfs.text(WAKE_ALARM), "0");
    }

    #[test]
    fn without_a_choice_of_deep_nothing_sleeps() {
        let sysfs = Sysfs::new("not-chosen", "[deep]\n");
        fs::remove_file(sysfs.0.join(MEM_SLEEP)).unwrap();
        assert_eq!(sleep(&sysfs.0), Err(SuspendError::NotChosen { errno: Errno::ENOENT }));
        assert_eq!(sysfs.text(STATE), "freeze mem disk\n");
    }

    #[test]
    fn errors_say_what_to_do() {
        let refused = SuspendError::Refused { errno: Errno::EBUSY }.to_string();
        assert!(refused.contains("/sys/power/state: EBUSY") && refused.contains("Try once more"), "{refused}");
        let not_offered = SuspendError::NotOffered.to_string();
        assert!(not_offered.contains("'deep'") && not_offered.contains("power cable"), "{not_offered}");
    }
}
