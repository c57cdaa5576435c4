//! The globs of `modules.alias`: `*`, `?` and `[a-b]`.

/// Whether `pattern` matches the whole of `text`.
///
/// On a mismatch only the last `*` is retried, one byte further: an earlier one can gain nothing by taking more. So a hostile
/// pattern costs at most `pattern.len() * text.len()` steps.
pub(crate) fn matches(pattern: &[u8], text: &[u8]) -> bool {
    let (mut pattern, mut text) = (pattern, text);
    let mut retry: Option<(&[u8], &[u8])> = None;
    loop {
        if let Some((b'*', rest)) = pattern.split_first() {
            retry = Some((rest, text));
            pattern = rest;
            continue;
        }
        let Some((&byte, text_rest)) = text.split_first() else {
            return pattern.is_empty();
        };
        if let Some(pattern_rest) = accept(pattern, byte) {
            (pattern, text) = (pattern_rest, text_rest);
            continue;
        }
        let Some((after_star, [_, from @ ..])) = retry else {
            return false;
        };
        retry = Some((after_star, from));
        (pattern, text) = (after_star, from);
    }
}

/// What is left of `pattern` after its first element, if that element accepts `byte`.
fn accept(pattern: &[u8], byte: u8) -> Option<&[u8]> {
    match pattern {
        [b'?', rest @ ..] => Some(rest),
        [b'[', class @ ..] => {
            // A set that is never closed matches nothing.
            let end = class.iter().position(|&b| b == b']')?;
            let (set, rest) = class.split_at_checked(end)?;
            in_set(set, byte).then_some(rest.get(1..)?)
        }
        [literal, rest @ ..] if *literal == byte => Some(rest),
        _ => None,
    }
}

/// Whether `byte` is in `set`, the text between the brackets.
fn in_set(set: &[u8], byte: u8) -> bool {
    match set {
        [low, b'-', high, rest @ ..] => (*low..=*high).contains(&byte) || in_set(rest, byte),
        [one, rest @ ..] => *one == byte || in_set(rest, byte),
        [] => false,
    }
}

#[cfg(test)]
mod tests {
    use super::matches;

    fn globs(pattern: &str, text: &str) -> bool {
        matches(pattern.as_bytes(), text.as_bytes())
    }

    #[test]
    fn a_pci_alias_matches_by_class() {
        // The xHCI controller of QEMU, and the alias of xhci_pci for class 0C0330h.
        let device = "pci:v00001B36d0000000Dsv00001AF4sd00001100bc0Csc03i30";
        assert!(globs("pci:v*d*sv*sd*bc0Csc03i30*", device));
        assert!(!globs("pci:v*d*sv*sd*bc0Csc03i20*", device));
        assert!(globs("pci:v00001B36d*sv*sd*bc*sc*i*", device));
    }

    #[test]
    fn a_usb_alias_matches_a_range() {
        let device = "usb:v0CF2p6225d0145dc00dsc00dp00ic08isc06ip50in00";
        assert!(globs("usb:v0CF2p6225d014[1-9]dc*dsc*dp*ic*isc*ip*in*", device));
        assert!(!globs("usb:v0CF2p6225d014[6-9]dc*dsc*dp*ic*isc*ip*in*", device));
        assert!(globs("usb:v0CF2p6225d014[0-35-9]dc*", device));
    }

    #[test]
    fn stars_and_question_marks_match_as_in_a_shell() {
        assert!(globs("", ""));
        assert!(!globs("", "a"));
        assert!(globs("*", ""));
        assert!(!globs("?", ""));
        assert!(globs("a?c", "abc"));
        assert!(globs("*b*b", "abxbb"));
        assert!(!globs("*b*b", "axb"));
        assert!(globs("a*", "a"));
        assert!(!globs("abc", "abcd"));
        assert!(!globs("abcd", "abc"));
    }

    #[test]
    fn broken_sets_match_nothing() {
        assert!(!globs("a[", "a["));
        assert!(!globs("a[b", "ab"));
        assert!(!globs("a[]b", "a]b"));
        assert!(globs("a[x-]", "a-"));
        assert!(!globs("a[z-a]", "am"));
    }

    #[test]
    fn many_stars_take_no_time() {
        let pattern = "*a".repeat(200);
        assert!(!globs(&pattern, &"a".repeat(199)));
        assert!(globs(&pattern, &"a".repeat(5000)));
        assert!(!globs(&(pattern + "b"), &"a".repeat(5000)));
    }
}
