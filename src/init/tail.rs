//! The last lines that the child said.

use std::collections::VecDeque;

/// Lines kept.
const LINES: usize = 100;
/// Characters of a line kept; a backtrace frame fits.
const WIDTH: usize = 400;

/// The last lines of a stream of bytes, made safe to show on a terminal.
#[derive(Debug, Default)]
pub(crate) struct Tail {
    lines: VecDeque<String>,
    unfinished: Vec<u8>,
}

impl Tail {
    /// Takes the next bytes, and returns the lines that they completed.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> Vec<String> {
        let mut completed = Vec::new();
        for &byte in bytes {
            if byte == b'\n' {
                completed.push(clean(&self.unfinished));
                self.unfinished.clear();
            } else if self.unfinished.len() < 4 * WIDTH {
                self.unfinished.push(byte);
            }
        }
        self.lines.extend(completed.iter().cloned());
        let excess = self.lines.len().saturating_sub(LINES);
        self.lines.drain(..excess);
        completed
    }

    /// The lines, oldest first; the last one may be unfinished.
    pub(crate) fn lines(&self) -> Vec<String> {
        let unfinished = (!self.unfinished.is_empty()).then(|| clean(&self.unfinished));
        self.lines.iter().cloned().chain(unfinished).collect()
    }
}

/// A line without the bytes that would move a terminal's cursor or change its colours.
fn clean(line: &[u8]) -> String {
    let text = String::from_utf8_lossy(line);
    let tabless = text.trim_end().replace('\t', "    ");
    tabless.chars().filter(|c| !c.is_control()).take(WIDTH).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_out_whole_however_they_came_in() {
        let mut tail = Tail::default();
        assert_eq!(tail.push(b"thread 'main' pan"), Vec::<String>::new());
        assert_eq!(tail.push(b"icked\r\n\tat x\nand"), ["thread 'main' panicked", "    at x"]);
        assert_eq!(tail.lines(), ["thread 'main' panicked", "    at x", "and"]);
    }

    #[test]
    fn escape_sequences_lose_their_escape() {
        let mut tail = Tail::default();
        assert_eq!(tail.push(b"\x1b[2Jgone\x07\xff\n"), ["[2Jgone\u{fffd}"]);
    }

    #[test]
    fn only_the_last_hundred_lines_and_a_bounded_width_stay() {
        let mut tail = Tail::default();
        for line in 0..250 {
            tail.push(format!("{line}\n").as_bytes());
        }
        tail.push("x".repeat(100_000).as_bytes());
        let lines = tail.lines();
        assert_eq!((lines.len(), lines[0].as_str(), lines[99].as_str()), (101, "150", "249"));
        assert_eq!(lines[100].len(), 400);
    }
}
