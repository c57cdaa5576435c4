//! Verdicts in letters that can be read across the room.

/// The letters of the four verdicts, five columns by five rows, a bit a pixel, the leftmost column the highest bit.
const GLYPHS: [(char, [u8; 5]); 15] = [
    ('A', [0b01110, 0b10001, 0b11111, 0b10001, 0b10001]),
    ('C', [0b01111, 0b10000, 0b10000, 0b10000, 0b01111]),
    ('D', [0b11110, 0b10001, 0b10001, 0b10001, 0b11110]),
    ('E', [0b11111, 0b10000, 0b11110, 0b10000, 0b11111]),
    ('G', [0b01111, 0b10000, 0b10011, 0b10001, 0b01111]),
    ('I', [0b01110, 0b00100, 0b00100, 0b00100, 0b01110]),
    ('L', [0b10000, 0b10000, 0b10000, 0b10000, 0b11111]),
    ('M', [0b10001, 0b11011, 0b10101, 0b10001, 0b10001]),
    ('N', [0b10001, 0b11001, 0b10101, 0b10011, 0b10001]),
    ('O', [0b01110, 0b10001, 0b10001, 0b10001, 0b01110]),
    ('P', [0b11110, 0b10001, 0b11110, 0b10000, 0b10000]),
    ('R', [0b11110, 0b10001, 0b11110, 0b10010, 0b10001]),
    ('S', [0b01111, 0b10000, 0b01110, 0b00001, 0b11110]),
    ('T', [0b11111, 0b00100, 0b00100, 0b00100, 0b00100]),
    ('U', [0b10001, 0b10001, 0b10001, 0b10001, 0b01110]),
];

/// Five rows of blocks, or the word itself where it is too wide for that.
pub(super) fn large(word: &str, width: usize) -> Vec<String> {
    if word.chars().count() * 6 > width + 1 {
        return vec![word.to_owned()];
    }
    (0..5).map(|row| word.chars().map(|letter| strip(letter, row)).collect::<String>().trim_end().to_owned()).collect()
}

fn strip(letter: char, row: usize) -> String {
    let bits = GLYPHS.iter().find(|(of, _)| *of == letter).and_then(|(_, rows)| rows.get(row)).copied().unwrap_or(0);
    (0..6).map(|column| if bits << column & 0b10_0000 >> 1 != 0 && column < 5 { '█' } else { ' ' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use purgeproof_core::verdict::Outcome;

    #[test]
    fn every_letter_of_every_verdict_is_there_and_fits_80_columns() {
        for outcome in [Outcome::Purged, Outcome::Cleared, Outcome::NotErased, Outcome::Indeterminate] {
            let word = outcome.to_string();
            assert!(word.chars().all(|letter| letter == ' ' || GLYPHS.iter().any(|(of, _)| *of == letter)), "{word}");
            assert_eq!(large(&word, 80).len(), 5, "{word}");
        }
        assert_eq!(large("TL", 12), ["█████ █", "  █   █", "  █   █", "  █   █", "  █   █████"]);
        assert_eq!(large("TL", 10), ["TL"]);
    }
}
