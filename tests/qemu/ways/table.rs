//! The table of `docs/boot.md`: a row a way. With `UPDATE_WAYS=1` a test writes its row, without it compares all but the times.

use std::fs;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

const PAGE: &str = "docs/boot.md";
/// Tests run side by side, and each writes the whole page.
static WRITING: Mutex<()> = Mutex::new(());

/// One way in.
pub(super) struct Row<'a> {
    /// Firmware and medium; no two rows have the same.
    pub(super) path: &'a str,
    /// What loads the kernel.
    pub(super) loader: &'a str,
    /// What comes of it.
    pub(super) result: &'a str,
}

impl Row<'_> {
    fn text(&self) -> String {
        format!("| {} | {} | {} |", self.path, self.loader, self.result)
    }

    /// Checks the row, or writes it. `times` are those of the first screen and of the list of drives, since the machine was switched on;
    /// none where nothing starts.
    pub(super) fn record(&self, times: Option<[Duration; 2]>) {
        let _alone = WRITING.lock().unwrap_or_else(PoisonError::into_inner);
        let page = fs::read_to_string(PAGE).unwrap_or_else(|error| panic!("{PAGE}: {error}"));
        let head = format!("| {} |", self.path);
        let now =
            page.lines().find(|line| line.starts_with(&head)).unwrap_or_else(|| panic!("{PAGE} has no row {head}"));
        if std::env::var_os("UPDATE_WAYS").is_some() {
            let [first, listed] = times
                .map_or([String::new(), String::new()], |times| times.map(|time| format!("{:.1}", time.as_secs_f64())));
            let row = format!("{} {first} | {listed} |", self.text());
            fs::write(PAGE, page.replace(now, &row)).unwrap_or_else(|error| panic!("{PAGE}: {error}"));
        } else {
            assert!(now.starts_with(&self.text()), "{PAGE} says {now}. Run the test with UPDATE_WAYS=1");
        }
    }
}
