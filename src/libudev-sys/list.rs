//! The list that libudev hands out: entries with a name, perhaps a value, and the entry that follows.

use std::ffi::{CStr, CString};

/// One entry. It owns those that follow; whoever built the list owns the first.
#[derive(Debug)]
pub struct ListEntry {
    name: CString,
    value: Option<CString>,
    next: Option<Box<ListEntry>>,
}

/// The first entry, or none where the list is empty.
pub(crate) type List = Option<Box<ListEntry>>;

/// Links names and values in their order.
pub(crate) fn list(entries: impl DoubleEndedIterator<Item = (CString, Option<CString>)>) -> List {
    entries.rev().fold(None, |next, (name, value)| Some(Box::new(ListEntry { name, value, next })))
}

impl ListEntry {
    pub(crate) fn name(&self) -> &CStr {
        &self.name
    }

    pub(crate) fn value(&self) -> Option<&CStr> {
        self.value.as_deref()
    }

    pub(crate) fn next(&self) -> Option<&Self> {
        self.next.as_deref()
    }
}

/// The compiler's own drop would recurse once an entry: ten thousand devices would overflow a small stack.
impl Drop for ListEntry {
    fn drop(&mut self) {
        let mut rest = self.next.take();
        while let Some(mut entry) = rest {
            rest = entry.next.take();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_order() {
        let list = list([(c"a".to_owned(), None), (c"b".to_owned(), Some(c"1".to_owned()))].into_iter());
        let first = list.as_deref().unwrap();
        assert_eq!((first.name(), first.value()), (c"a", None));
        let second = first.next().unwrap();
        assert_eq!((second.name(), second.value()), (c"b", Some(c"1")));
        assert!(second.next().is_none());
    }

    #[test]
    fn an_empty_list_has_no_entry() {
        assert!(list(std::iter::empty()).is_none());
    }

    #[test]
    fn a_million_entries_are_dropped_without_a_million_frames() {
        drop(list((0..1_000_000).map(|_| (CString::default(), None))));
    }
}
