//! A secret that is typed and handed on. It lies in one place, which somebody else provides: here nobody knows what a page is.

use alloc::sync::Arc;
use core::fmt;

/// The bytes of a [`Vault`]. The first says how many of the others are the secret, in UTF-8.
pub const ROOM: usize = 128;

/// Memory for one secret.
pub trait Vault: Send + Sync {
    /// Gives its bytes to `with`, zeros when it is new, and closes it again. They are [`ROOM`] many, or none if the memory cannot be opened.
    fn open(&self, with: &mut dyn FnMut(&mut [u8]));
}

/// Where vaults come from.
pub trait Vaults: fmt::Debug + Send + Sync {
    /// A new one; `None` if there is no memory for it.
    fn vault(&self) -> Option<Arc<dyn Vault>>;
}

/// A secret. A clone is the same secret and no copy of it: what is cleared in one place is gone everywhere.
#[derive(Clone)]
pub struct Guarded(Arc<dyn Vault>);

impl Guarded {
    /// An empty one.
    pub fn new(vault: Arc<dyn Vault>) -> Self {
        Self(vault)
    }

    /// Adds a character; `false` if there is no room for it.
    pub fn push(&self, letter: char) -> bool {
        let mut is_in = false;
        self.with(|length, bytes| {
            let (begin, added) = (usize::from(*length), letter.len_utf8());
            let room = bytes.get_mut(begin..).filter(|room| room.len() >= added);
            if let (Some(room), Ok(end)) = (room, u8::try_from(begin + added)) {
                letter.encode_utf8(room);
                (*length, is_in) = (end, true);
            }
        });
        is_in
    }

    /// Takes the last character back.
    pub fn pop(&self) {
        self.keep(|place, letters| place + 1 < letters, |_| true);
    }

    /// Takes out every character but these.
    pub fn retain(&self, wanted: impl Fn(char) -> bool) {
        self.keep(|_, _| true, wanted);
    }

    /// Takes it all back.
    pub fn clear(&self) {
        self.keep(|_, _| false, |_| false);
    }

    /// Gives the secret to `read`, which keeps nothing of it. Of one that was cleared nothing is left: it is empty.
    pub fn read<R>(&self, read: impl FnOnce(&str) -> R) -> Option<R> {
        let (mut read, mut result) = (Some(read), None);
        self.with(|length, bytes| {
            let text = bytes.get(..usize::from(*length)).and_then(|bytes| core::str::from_utf8(bytes).ok());
            result = read.take().map(|read| read(text.unwrap_or_default()));
        });
        result
    }

    /// Moves the characters that stay to the beginning, by their place and their number, or by what they are.
    fn keep(&self, stays: impl Fn(usize, usize) -> bool, wanted: impl Fn(char) -> bool) {
        self.with(|length, bytes| {
            let end = usize::from(*length);
            let text = bytes.get(..end).and_then(|bytes| core::str::from_utf8(bytes).ok()).unwrap_or_default();
            let letters = text.chars().count();
            let (mut place, mut from, mut to) = (0, 0, 0);
            while let Some(letter) = bytes.get(from..end).and_then(first) {
                let size = letter.len_utf8();
                if stays(place, letters) && wanted(letter) {
                    bytes.copy_within(from..from + size, to);
                    to += size;
                }
                (place, from) = (place + 1, from + size);
            }
            bytes.iter_mut().skip(to).for_each(|byte| *byte = 0);
            *length = u8::try_from(to).unwrap_or(0);
        });
    }

    fn with(&self, mut with: impl FnMut(&mut u8, &mut [u8])) {
        self.0.open(&mut |bytes| {
            if let Some((length, bytes)) = bytes.split_first_mut() {
                with(length, bytes);
            }
        });
    }
}

fn first(bytes: &[u8]) -> Option<char> {
    core::str::from_utf8(bytes).ok()?.chars().next()
}

/// The same secret, not one that reads alike.
impl PartialEq for Guarded {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Guarded {}

impl fmt::Debug for Guarded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Guarded(…)")
    }
}
