//! Buffers that a drive can read and write without the kernel copying them.

/// O_DIRECT wants memory aligned to the logical block; a page serves every block size there is.
const ALIGNMENT: usize = 4096;

/// Zeroed memory whose first byte lies on a page boundary.
pub(crate) struct Buffer {
    memory: Vec<u8>,
    start: usize,
    length: usize,
}

impl Buffer {
    /// `length` bytes.
    pub(crate) fn new(length: usize) -> Self {
        let memory = vec![0; length + ALIGNMENT];
        let start = memory.as_ptr().align_offset(ALIGNMENT).min(ALIGNMENT);
        Self { memory, start, length }
    }

    /// The first `length` bytes, or all there are.
    pub(crate) fn first(&mut self, length: usize) -> &mut [u8] {
        let end = self.start + length.min(self.length);
        self.memory.get_mut(self.start..end).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_aligned_and_as_long_as_asked() {
        for length in [512, 4096, 4_194_304] {
            let mut buffer = Buffer::new(length);
            assert_eq!(buffer.first(length).as_ptr() as usize % 4096, 0);
            assert_eq!(buffer.first(length).len(), length);
            assert_eq!(buffer.first(usize::MAX - 8192).len(), length);
        }
    }
}
