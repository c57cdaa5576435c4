//! What PID 1 shows: few words, plain ASCII, for a serial line shows them too.

use purgeproof_sys::console::Size;
use std::time::Duration;

/// Leaves the alternate screen, plain colours, empty screen, cursor home and visible.
const CLEAR: &str = "\x1b[?1049l\x1b[0m\x1b[2J\x1b[H\x1b[?25h";

/// Rows that the death screen needs besides the child's last words.
const FRAME: usize = 12;

/// The screen after a death: what it died of, what it said last, what stands.
pub(crate) fn died(what: &str, lived: Duration, said: &[String], size: Size) -> String {
    let room = usize::from(size.rows).saturating_sub(FRAME).max(1);
    let last = said.get(said.len().saturating_sub(room)..).unwrap_or_default();
    let mut lines = vec![
        "PurgeProof stopped unexpectedly".to_owned(),
        "===============================".to_owned(),
        String::new(),
        format!("{what}, {} s after its start.", lived.as_secs()),
        "The journal on the stick stands: nothing that it recorded is lost.".to_owned(),
        "Take every drive without a certificate as NOT erased.".to_owned(),
        String::new(),
        if last.is_empty() { "It said nothing before." } else { "The last lines that it said:" }.to_owned(),
    ];
    lines.extend(last.iter().map(|line| format!("  {line}")));
    lines.push(String::new());
    page(&lines, size)
}

/// The line below the death screen, written over itself each second.
pub(crate) fn choice(restart_in: Option<Duration>, size: Size) -> String {
    let line = match restart_in {
        Some(time) => format!("It starts again in {} s.   r: start it now   p: power off", time.as_secs_f32().ceil()),
        None => "It died too often to be started again by itself.   r: start it   p: power off".to_owned(),
    };
    format!("\r{}\x1b[K", cut(&line, size))
}

/// A page of one sentence.
pub(crate) fn notice(sentence: &str, size: Size) -> String {
    page(&[sentence.to_owned()], size)
}

/// One more line below what is on the screen.
pub(crate) fn line(sentence: &str, size: Size) -> String {
    format!("{}\r\n", cut(sentence, size))
}

/// The page of a PID 1 that cannot go on.
pub(crate) fn last_resort(reason: &str, size: Size) -> String {
    let lines = [
        "PurgeProof cannot supervise itself any more",
        "===========================================",
        "",
        reason,
        "",
        "A drive that is being erased goes on being erased, but no screen shows it.",
        "Take every drive without a certificate as NOT erased, and restart the machine.",
    ];
    page(&lines.map(str::to_owned), size)
}

fn page(lines: &[String], size: Size) -> String {
    let rows = lines.iter().map(|line| format!("{}\r\n", cut(line, size)));
    std::iter::once(CLEAR.to_owned()).chain(rows).collect()
}

/// A line that does not wrap.
fn cut(line: &str, size: Size) -> String {
    line.chars().take(usize::from(size.columns).saturating_sub(1)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const VGA: Size = Size { columns: 80, rows: 25 };

    #[test]
    fn a_death_fits_the_smallest_screen_with_the_newest_words() {
        let said: Vec<_> = (0..100).map(|line| format!("line {line} {}", "x".repeat(200))).collect();
        let screen = died("It ended with exit code 101", Duration::from_secs(42), &said, VGA);
        let rows: Vec<_> = screen.strip_prefix(CLEAR).unwrap().split("\r\n").collect();
        assert!(rows.len() < 25, "{}", rows.len());
        assert!(rows.iter().all(|row| row.len() < 80));
        assert_eq!(rows[3], "It ended with exit code 101, 42 s after its start.");
        assert!(rows[rows.len() - 3].starts_with("  line 99 x"));
        assert!(screen.is_ascii());
    }

    #[test]
    fn a_silent_death_says_so_and_a_screen_of_no_size_is_no_panic() {
        assert!(died("x", Duration::ZERO, &[], VGA).contains("It said nothing before."));
        died("x", Duration::ZERO, &["y".to_owned()], Size::default());
    }

    #[test]
    fn the_countdown_rounds_up_and_stays_on_its_line() {
        let line = choice(Some(Duration::from_millis(9_100)), VGA);
        assert_eq!(line, "\rIt starts again in 10 s.   r: start it now   p: power off\x1b[K");
        assert!(choice(None, VGA).contains("too often"));
    }
}
