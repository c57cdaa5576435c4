//! Where typed secrets lie: each in a page of its own that nobody else sees ([`purgeproof_sys::locked`]), and all of them cleared at a word.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use purgeproof_core::secret::{ROOM, Vault, Vaults};
use purgeproof_sys::locked::Locked;

/// All secrets of a run that somebody still holds.
#[derive(Default)]
pub struct Strongroom {
    pages: Mutex<Vec<Weak<Page>>>,
}

struct Page(Mutex<Locked>);

impl Strongroom {
    /// Clears every secret, whoever holds it: it is empty from then on.
    pub fn clear(&self) {
        for page in self.pages.lock().unwrap_or_else(PoisonError::into_inner).iter().filter_map(Weak::upgrade) {
            page.open(&mut |bytes| bytes.fill(0));
        }
    }
}

impl Vaults for Strongroom {
    fn vault(&self) -> Option<Arc<dyn Vault>> {
        let page = Arc::new(Page(Mutex::new(Locked::new(ROOM, |_| ()).ok()?)));
        let mut pages = self.pages.lock().unwrap_or_else(PoisonError::into_inner);
        pages.retain(|page| page.strong_count() > 0);
        pages.push(Arc::downgrade(&page));
        Some(page)
    }
}

impl fmt::Debug for Strongroom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Strongroom(…)")
    }
}

impl Vault for Page {
    fn open(&self, with: &mut dyn FnMut(&mut [u8])) {
        // Whoever panicked with it has closed it while unwinding.
        let mut page = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Memory that cannot be opened gives no secret: whoever asks finds none.
        let _ = page.open(with);
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use purgeproof_core::secret::Guarded;

    pub(crate) fn typed(room: &Strongroom, text: &str) -> Guarded {
        let secret = Guarded::new(room.vault().unwrap());
        assert!(text.chars().all(|letter| secret.push(letter)));
        secret
    }

    #[test]
    fn a_secret_is_edited_where_it_lies() {
        let secret = typed(&Strongroom::default(), "aü-b€ c");
        let same = secret.clone();
        secret.pop();
        secret.retain(|letter| letter != '-' && letter != 'ü');
        assert_eq!(same.read(str::to_owned).unwrap(), "ab€ ");
        same.pop();
        same.pop();
        assert_eq!(secret.read(str::to_owned).unwrap(), "ab");
        assert_eq!(format!("{secret:?}"), "Guarded(…)");
    }

    #[test]
    fn what_does_not_fit_is_not_taken() {
        // 128 bytes, of which the first is the length.
        let secret = typed(&Strongroom::default(), &"x".repeat(126));
        assert!(!secret.push('€'), "three bytes, and one is left");
        assert!(secret.push('y') && !secret.push('z'));
        assert_eq!(secret.read(str::len), Some(127));
    }

    #[test]
    fn all_are_cleared_at_once_and_those_that_nobody_holds_are_not_kept() {
        let room = Strongroom::default();
        let (one, other) = (typed(&room, "one"), typed(&room, "other"));
        let elsewhere = one.clone();
        room.clear();
        assert_eq!([&one, &other, &elsewhere].map(|secret| secret.read(str::len).unwrap()), [0; 3]);
        assert!(one.push('x'), "it can be typed anew");
        drop((one, other, elsewhere));
        let _last = room.vault();
        assert_eq!(room.pages.lock().unwrap().len(), 1);
    }
}
