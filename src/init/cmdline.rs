//! The kernel command line, read the way the kernel reads it (`next_arg` in lib/cmdline.c).

/// One word of the command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// What stands before the first `=`, or the whole word.
    pub key: String,
    /// What stands after it, without quotes around it; `None` without a `=`.
    pub value: Option<String>,
}

impl Word {
    /// Cuts a word. A `=` in front is part of the key; quotes around the word or around its value are not part of it.
    fn cut(word: &str) -> Self {
        let (word, quoted) = word.strip_prefix('"').map_or((word, false), |rest| (rest, true));
        let word = if quoted { word.strip_suffix('"').unwrap_or(word) } else { word };
        match word.split_once('=').filter(|(key, _)| !key.is_empty()) {
            None => Self { key: word.to_owned(), value: None },
            Some((key, value)) => {
                let value = value.strip_prefix('"').map_or(value, |rest| rest.strip_suffix('"').unwrap_or(rest));
                Self { key: key.to_owned(), value: Some(value.to_owned()) }
            }
        }
    }
}

/// The words of `line`. White space between double quotes does not part them; a quote that is never closed runs to the end.
pub fn words(line: &str) -> Vec<Word> {
    let mut in_quotes = false;
    let parts = line.split(|c: char| {
        in_quotes ^= c == '"';
        c.is_ascii_whitespace() && !in_quotes
    });
    parts.filter(|word| !word.is_empty()).map(Word::cut).collect()
}

/// The words of this machine's `/proc/cmdline`; none when it cannot be read. Bytes that are no UTF-8 become U+FFFD.
pub fn read() -> Vec<Word> {
    let line = std::fs::read("/proc/cmdline").unwrap_or_default();
    words(&String::from_utf8_lossy(&line))
}

/// Whether `key` is among `words`, with or without a value.
pub fn has(words: &[Word], key: &str) -> bool {
    words.iter().any(|word| word.key == key)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(line: &str) -> Vec<(String, Option<String>)> {
        words(line).into_iter().map(|word| (word.key, word.value)).collect()
    }

    fn pair(key: &str, value: Option<&str>) -> (String, Option<String>) {
        (key.to_owned(), value.map(str::to_owned))
    }

    #[test]
    fn an_ordinary_line() {
        assert_eq!(
            pairs("quiet console=tty0 console=ttyS0,115200 pp.medium=UUID=5050-0DA7\n"),
            [
                pair("quiet", None),
                pair("console", Some("tty0")),
                pair("console", Some("ttyS0,115200")),
                pair("pp.medium", Some("UUID=5050-0DA7")),
            ]
        );
    }

    #[test]
    fn quotes_hold_a_value_or_a_word_together() {
        assert_eq!(
            pairs(r#"dyndbg="file a.c +p" "pp.site=Hall 3" x"#),
            [pair("dyndbg", Some("file a.c +p")), pair("pp.site", Some("Hall 3")), pair("x", None)]
        );
        // The kernel strips quotes at the ends alone.
        assert_eq!(pairs(r#"a=b"c d"e"#), [pair("a", Some(r#"b"c d"e"#))]);
    }

    #[test]
    fn hostile_lines_give_words_and_no_panic() {
        assert_eq!(pairs(""), []);
        assert_eq!(pairs(" \t\n\r "), []);
        assert_eq!(pairs("="), [pair("=", None)]);
        assert_eq!(pairs("=x"), [pair("=x", None)]);
        assert_eq!(pairs("x="), [pair("x", Some(""))]);
        assert_eq!(pairs("\""), [pair("", None)]);
        assert_eq!(pairs("\"\""), [pair("", None)]);
        assert_eq!(pairs("x=\""), [pair("x", Some(""))]);
        assert_eq!(pairs("x=\"a b"), [pair("x", Some("a b"))]);
        assert_eq!(pairs("x==\"\"\""), [pair("x", Some("=\"\"\""))]);
        assert_eq!(pairs("é=ü\u{a0}ß"), [pair("é", Some("ü\u{a0}ß"))]);
    }
}
