//! The keyboard layout of the virtual consoles: KDSKBENT, `ioctl_console(2)`, as loadkeys(1) uses it.

use nix::errno::Errno;
use std::fmt;
use std::os::fd::{AsFd, AsRawFd};

/// linux/kd.h.
const KDSKBENT: libc::c_ulong = 0x4B47;
/// linux/keyboard.h: as the value of key 0, "there is no such table".
const K_NOSUCHMAP: u16 = 0x027F;

/// How a compiled keymap begins (`loadkeys --bkeymap`).
const MAGIC: &[u8] = b"bkeymap";
/// As many flags follow: whether there is a table for each combination of Shift, `AltGr`, Control…
const TABLES: usize = 256;
/// The keys of a table, each with a value of 16 bits.
const KEYS: usize = 128;

/// linux/kd.h.
#[repr(C)]
struct KbEntry {
    table: u8,
    index: u8,
    value: u16,
}

/// Why a layout is not in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeymapError {
    /// The file is no keymap.
    Malformed,
    /// The kernel did not take a key.
    Refused {
        /// The table.
        table: u8,
        /// The key code.
        key: u8,
        /// What it answered.
        errno: Errno,
    },
}

impl fmt::Display for KeymapError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed => f.write_str("the file of the layout is damaged. Make the stick anew"),
            Self::Refused { table, key, errno } => {
                write!(f, "the kernel refused key {key} of table {table} ({errno}). Choose another layout")
            }
        }
    }
}

impl std::error::Error for KeymapError {}

/// Puts a compiled keymap in force on all virtual consoles; `console` is any of them. Tables that it does not have are taken away, so that
/// nothing of the layout before it is left.
pub fn load(console: impl AsFd, keymap: &[u8]) -> Result<(), KeymapError> {
    for (table, values) in tables(keymap).ok_or(KeymapError::Malformed)? {
        match values {
            Some(values) => {
                for (key, value) in (0..).zip(values) {
                    set(&console, table, key, value)?;
                }
            }
            // Without its first table a keyboard would be dead.
            None if table > 0 => set(&console, table, 0, K_NOSUCHMAP)?,
            None => {}
        }
    }
    Ok(())
}

/// Every table with its values, or without any; `None` if the bytes are no keymap.
fn tables(keymap: &[u8]) -> Option<Vec<(u8, Option<Vec<u16>>)>> {
    let (flags, body) = keymap.strip_prefix(MAGIC)?.split_at_checked(TABLES)?;
    let mut parts = body.chunks_exact(2 * KEYS);
    let values =
        |part: &[u8]| part.chunks_exact(2).filter_map(|two| Some(u16::from_ne_bytes(two.try_into().ok()?))).collect();
    let mut tables = Vec::with_capacity(TABLES);
    for (table, flag) in (0..=u8::MAX).zip(flags) {
        tables.push((table, if *flag == 0 { None } else { Some(values(parts.next()?)) }));
    }
    (parts.next().is_none() && parts.remainder().is_empty()).then_some(tables)
}

fn set(console: impl AsFd, table: u8, index: u8, value: u16) -> Result<(), KeymapError> {
    let entry = KbEntry { table, index, value };
    let fd = console.as_fd().as_raw_fd();
    // SAFETY: the descriptor is open for the borrow's life; KDSKBENT reads one kbentry, which `entry` is.
    let result = unsafe { libc::ioctl(fd, KDSKBENT as _, &raw const entry) };
    Errno::result(result).map(drop).map_err(|errno| KeymapError::Refused { table, key: index, errno })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::File;

    /// Tables 0 and 2, in which key 16 is `q` and `@`.
    fn keymap() -> Vec<u8> {
        let mut bytes = b"bkeymap".to_vec();
        bytes.extend((0..256).map(|table| u8::from(table == 0 || table == 2)));
        for letter in [0x0b71_u16, 0x0040] {
            let mut values = [0x0200_u16; 128];
            values[16] = letter;
            bytes.extend(values.iter().flat_map(|value| value.to_ne_bytes()));
        }
        bytes
    }

    #[test]
    fn a_keymap_is_read_table_by_table() {
        let tables = tables(&keymap()).unwrap();
        assert_eq!(tables.len(), 256);
        let present: Vec<(u8, u16)> =
            tables.iter().filter_map(|(table, values)| Some((*table, values.as_ref()?[16]))).collect();
        assert_eq!(present, [(0, 0x0b71), (2, 0x0040)]);
    }

    #[test]
    fn what_is_no_keymap_is_refused_before_a_key_is_set() {
        let null = File::open("/dev/null").unwrap();
        let whole = keymap();
        let long = [whole.as_slice(), &[0]].concat();
        for bytes in [&b""[..], b"bkeymap", &whole[..whole.len() - 1], &whole[1..], &long] {
            assert_eq!(load(&null, bytes), Err(KeymapError::Malformed));
        }
        assert_eq!(load(&null, &whole), Err(KeymapError::Refused { table: 0, key: 0, errno: Errno::ENOTTY }));
    }
}
