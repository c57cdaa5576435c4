//! Fields in the buffers of the standards. Reads outside a buffer give zero, writes outside it do nothing: a guest may send any length.

use std::fmt::Write;

/// The little-endian number in `N` bytes at `at`.
fn le<const N: usize>(buffer: &[u8], at: usize) -> [u8; N] {
    let mut field = [0; N];
    if let Some(bytes) = at.checked_add(N).and_then(|end| buffer.get(at..end)) {
        field.copy_from_slice(bytes);
    }
    field
}

/// The byte at `at`.
pub fn u8_at(buffer: &[u8], at: usize) -> u8 {
    buffer.get(at).copied().unwrap_or(0)
}

/// The 16-bit little-endian number at `at`.
pub fn le16(buffer: &[u8], at: usize) -> u16 {
    u16::from_le_bytes(le(buffer, at))
}

/// The 32-bit little-endian number at `at`.
pub fn le32(buffer: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(le(buffer, at))
}

/// The 64-bit little-endian number at `at`.
pub fn le64(buffer: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(le(buffer, at))
}

/// The 16-bit big-endian number at `at`.
pub fn be16(buffer: &[u8], at: usize) -> u16 {
    u16::from_be_bytes(le(buffer, at))
}

/// The 32-bit big-endian number at `at`.
pub fn be32(buffer: &[u8], at: usize) -> u32 {
    u32::from_be_bytes(le(buffer, at))
}

/// The 64-bit big-endian number at `at`.
pub fn be64(buffer: &[u8], at: usize) -> u64 {
    u64::from_be_bytes(le(buffer, at))
}

/// Puts `field` at `at`, as far as the buffer reaches.
pub fn put(buffer: &mut [u8], at: usize, field: &[u8]) {
    for (slot, byte) in buffer.iter_mut().skip(at).zip(field) {
        *slot = *byte;
    }
}

/// Puts `text` at `at`, padded with spaces to `length` and cut there.
pub fn put_text(buffer: &mut [u8], at: usize, length: usize, text: &str) {
    let padded = text.bytes().chain(std::iter::repeat(b' ')).take(length);
    for (slot, byte) in buffer.iter_mut().skip(at).zip(padded) {
        *slot = byte;
    }
}

/// The bytes in lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // A string takes every write.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_outside_the_buffer_read_as_zero_and_swallow_writes() {
        let mut buffer = [1, 2, 3, 4];
        assert_eq!(le16(&buffer, 2), 0x0403);
        assert_eq!(be16(&buffer, 2), 0x0304);
        assert_eq!(le32(&buffer, 1), 0);
        assert_eq!(le64(&buffer, usize::MAX), 0);
        put(&mut buffer, 3, &[9, 9]);
        put_text(&mut buffer, 0, 3, "A");
        assert_eq!(buffer, [b'A', b' ', b' ', 9]);
    }
}
