//! The QR codes of the console, read by another's reader from what the screen shows.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::cli::Scratch;

/// The side of a module in pixels.
const MODULE: usize = 4;

/// What `zbarimg` reads from a golden screen of half blocks.
fn scanned(screen: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/tui/screens").join(screen);
    let text = fs::read_to_string(path).unwrap();
    let rows: Vec<Vec<char>> =
        text.lines().filter(|line| line.starts_with('█')).map(|line| line.chars().collect()).collect();
    let width = rows[0].len();
    let mut pixels = Vec::new();
    for row in &rows {
        for lit in ['▀', '▄'] {
            let line: Vec<u8> =
                row.iter().flat_map(|glyph| [if *glyph == '█' || *glyph == lit { 255 } else { 0 }; MODULE]).collect();
            (0..MODULE).for_each(|_| pixels.extend(&line));
        }
    }
    let scratch = Scratch::new(screen);
    let image = scratch.0.join("screen.pgm");
    let head = format!("P5 {} {} 255\n", width * MODULE, rows.len() * 2 * MODULE);
    fs::write(&image, [head.as_bytes(), &pixels].concat()).unwrap();
    let output = Command::new("zbarimg")
        .args(["--quiet", "--raw", "-Sbinary"])
        .arg(&image)
        .output()
        .expect("zbarimg is installed by scripts/setup");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_code_of_a_large_console_is_the_whole_certificate_and_those_of_a_small_one_are_its_parts() {
    let (whole, first, last) = (scanned("qr.txt"), scanned("qr-part.txt"), scanned("qr-last-part.txt"));
    assert!(whole.starts_with("PP1:") && whole.len() == 1297, "{whole}");
    assert!(first.starts_with("PPS1:01/10:PP1:") && first.len() == 154, "{first}");
    let (head, tag) = last.rsplit_once(':').unwrap();
    assert!(head.starts_with("PPS1:10/10:") && whole.ends_with(tag), "{last}");
}
