//! What stands on the monitor, read from its pixels: proof that the screen is there for people and not only for a serial line.

use std::collections::HashMap;

use super::bench::scripts;

/// One character of the console's font: a byte a row, the highest bit left.
type Glyph = [u8; 16];

/// The letter A in the font of IBM's VGA, which QEMU's BIOS and Linux (`lib/fonts/font_8x16.c`) share but for a few
/// letters.
const LETTER_A: Glyph = [0, 0, 0x10, 0x38, 0x6c, 0xc6, 0xc6, 0xfe, 0xc6, 0xc6, 0xc6, 0xc6, 0, 0, 0, 0];

/// A picture of the monitor.
pub(crate) struct Picture {
    width: usize,
    height: usize,
    /// Whether each pixel is bright, row by row.
    bright: Vec<bool>,
}

impl Picture {
    /// Reads a portable pixmap of three bytes a pixel (Netpbm's ppm(5), P6).
    pub(crate) fn of_pixmap(pixmap: &[u8]) -> Self {
        let mut fields = pixmap.splitn(5, u8::is_ascii_whitespace);
        let mut field = || fields.next().expect("a pixmap has four fields and pixels");
        let number = |field: &[u8]| std::str::from_utf8(field).ok()?.parse().ok();
        assert_eq!(field(), b"P6");
        let (width, height) = (number(field()).expect("a width"), number(field()).expect("a height"));
        assert_eq!(field(), b"255");
        let (pixels, _) = field().as_chunks::<3>();
        assert_eq!(pixels.len(), width * height);
        let bright = pixels.iter().map(|pixel| pixel.iter().any(|colour| *colour > 64)).collect();
        Self { width, height, bright }
    }

    /// The text in it, if it is in characters of 16 rows. What is not ASCII is a blank, and so are `0fMTVWXYmvwx`, which Linux
    /// draws in another way than the BIOS.
    pub(crate) fn text(&self) -> String {
        let font = font();
        let read = |row, column| font.get(&self.glyph(row, column)).copied().unwrap_or(' ');
        let line = |row| (0..self.width / self.cell()).map(|column| read(row, column)).collect::<String>();
        (0..self.height / 16).map(line).collect::<Vec<_>>().join("\n")
    }

    /// How many columns of pixels a character has: VGA's text mode adds one to the eight of the font.
    fn cell(&self) -> usize {
        if (self.width, self.height) == (720, 400) { 9 } else { 8 }
    }

    /// How many rows of pixels a light line at the top has.
    pub(crate) fn first_line(&self) -> usize {
        self.bright.chunks(self.width).take_while(|row| row.last() == Some(&true)).count()
    }

    /// The character in a cell; light or dark, its upper left pixel is background.
    fn glyph(&self, row: usize, column: usize) -> Glyph {
        let pixel = |x, y| self.bright[(row * 16 + y) * self.width + column * self.cell() + x];
        std::array::from_fn(|y| (0..8).fold(0, |bits, x| bits << 1 | u8::from(pixel(x, y) != pixel(0, 0))))
    }
}

/// The printable characters of ASCII.
fn font() -> HashMap<Glyph, char> {
    let bios = std::fs::read(scripts("../.cache/qemu/usr/share/seabios/vgabios-stdvga.bin")).expect("QEMU's VGA BIOS");
    let letter_a = bios.windows(16).position(|glyph| glyph == LETTER_A).expect("the font is in the VGA BIOS");
    let start = letter_a - usize::from(b'A') * 16;
    let glyph = |code: u8| bios[start + usize::from(code) * 16..].first_chunk().copied().expect("256 characters");
    (b' '..=b'~').map(|code| (glyph(code), char::from(code))).collect()
}
