//! What a key does: to the state, and what it asks of the engine room.

use purgeproof_core::event::{DriveId, Request};
use purgeproof_core::secret::Guarded;

use crate::model::{Dialog, Entry, Exit, Host, Key, Model, Page, Phase, Row};
use crate::view::page;
use crate::words;

/// Longer than any serial number; keeps a book that fell on the keyboard out of memory.
const LONGEST_ENTRY: usize = 64;

/// The characters of a PSID. The standard allows for fewer; every maker prints so many.
pub(crate) const PSID: usize = 32;

impl Model {
    /// Takes in one key; what is to be asked of the engine room is the result.
    pub fn press(&mut self, key: Key) -> Option<Request> {
        self.answer = None;
        if key == Key::Interrupt && !matches!(self.dialog, Some(Dialog::Leaving { .. })) {
            self.dialog = None;
            return self.press_letter('p');
        }
        match key {
            Key::Power => return self.press_power_key(),
            Key::CtrlAltDel => {
                self.notice(words::CTRL_ALT_DEL.into());
                return None;
            }
            _ => {}
        }
        match self.dialog.take() {
            None => self.press_list(key),
            Some(Dialog::Consent { drive, entry, sent, resumes, second }) => {
                let (entry, entered) = edit(entry, key)?;
                let typed = entered.filter(|typed| !sent && !typed.is_empty());
                let sent = sent || typed.is_some();
                self.dialog = Some(Dialog::Consent { drive, entry, sent, resumes, second });
                let request = |typed| match (second, resumes) {
                    (true, _) => Request::Second { drive, typed },
                    (false, true) => Request::Resume { drive, typed },
                    (false, false) => Request::Purge { drive, typed },
                };
                typed.map(request)
            }
            Some(Dialog::Lower { drive }) => {
                if key != Key::Esc {
                    self.dialog = Some(Dialog::Lower { drive });
                }
                None
            }
            Some(Dialog::Psid { drive, typed, complaint }) => self.press_psid(drive, typed, complaint, key),
            Some(Dialog::Unfreeze) => match key {
                Key::Enter => {
                    self.notice(words::GOING_TO_SLEEP.into());
                    Some(Request::Unfreeze)
                }
                Key::Esc => None,
                _ => {
                    self.dialog = Some(Dialog::Unfreeze);
                    None
                }
            },
            Some(Dialog::Layouts { at }) => self.press_layouts(at, key),
            Some(Dialog::Stop { drive, entry }) => self.press_stop(drive, entry, key),
            Some(Dialog::Power { exit, entry }) => self.press_power(exit, entry, key),
            Some(Dialog::Leaving { exit }) => {
                self.dialog = Some(Dialog::Leaving { exit });
                if is_char(key, 'w') {
                    self.hurried = Some(exit);
                }
                None
            }
            Some(Dialog::Page { page, scroll }) => self.press_page(page, scroll, key),
        }
    }

    /// Switches off at once where nothing is lost by it; else it is asked, as for the letter.
    fn press_power_key(&mut self) -> Option<Request> {
        if matches!(self.dialog, Some(Dialog::Leaving { .. } | Dialog::Power { .. })) {
            return None;
        }
        if self.loses_by_leaving() {
            self.notice(words::POWER_KEY.into());
            return self.press_letter('p');
        }
        self.dialog = Some(Dialog::Leaving { exit: Exit::PowerOff });
        Some(Request::PowerOff)
    }

    fn press_stop(&mut self, drive: DriveId, entry: Entry, key: Key) -> Option<Request> {
        let (mut entry, entered) = edit(entry, key)?;
        match entered {
            Some(typed) if is_word(&typed, words::STOP) => {
                if let Some(Phase::Running(running)) = self.runs.get_mut(&drive).map(|run| &mut run.phase) {
                    running.stopping = true;
                }
                return Some(Request::Stop { drive });
            }
            Some(_) => entry = refuse(words::STOP),
            None => {}
        }
        self.dialog = Some(Dialog::Stop { drive, entry });
        None
    }

    /// What was typed stays for correction: nobody types 32 characters twice for one that is wrong.
    fn press_psid(
        &mut self,
        drive: DriveId,
        typed: Guarded,
        mut complaint: Option<String>,
        key: Key,
    ) -> Option<Request> {
        match key {
            Key::Esc => {
                typed.clear();
                return None;
            }
            Key::Enter => match typed.read(flaw).flatten() {
                None => {
                    typed.retain(is_of_psid);
                    self.answer = Some(words::PSID_GIVEN);
                    return Some(Request::Psid { drive, psid: typed });
                }
                flaw => complaint = flaw,
            },
            Key::Backspace => typed.pop(),
            Key::Char(letter) => {
                typed.push(letter);
            }
            _ => {}
        }
        self.dialog = Some(Dialog::Psid { drive, typed, complaint });
        None
    }

    fn press_list(&mut self, key: Key) -> Option<Request> {
        match key {
            Key::Up => self.step(-1),
            Key::Down => self.step(1),
            Key::PageUp => self.step(-10),
            Key::PageDown => self.step(10),
            Key::Home => self.step(isize::MIN),
            Key::End => self.step(isize::MAX),
            Key::Enter => self.open_selected(),
            Key::Char(letter) => return self.press_letter(letter.to_ascii_lowercase()),
            Key::Esc | Key::Backspace | Key::Interrupt | Key::Power | Key::CtrlAltDel => {
                // An end screen that was put aside comes back.
                if self.done {
                    self.open(Page::Summary);
                }
            }
        }
        None
    }

    fn press_letter(&mut self, letter: char) -> Option<Request> {
        match letter {
            'd' => {
                if let Some(drive) = self.selected {
                    self.open(Page::Details(drive));
                }
            }
            's' => self.stop_or_psid(),
            'g' => self.ask_to_go_on(),
            'u' => match (self.rows().iter().any(Row::is_frozen), self.running()) {
                (false, _) => self.answer = Some(words::NOTHING_FROZEN),
                (true, 0) => self.dialog = Some(Dialog::Unfreeze),
                (true, _) => self.answer = Some(words::NOT_WHILE_RUNNING),
            },
            'n' => self.open(Page::Log),
            'k' => match self.layouts.iter().position(|layout| layout.name == self.layout) {
                Some(at) => self.dialog = Some(Dialog::Layouts { at }),
                None => self.answer = Some(words::NO_LAYOUTS),
            },
            '?' | 'h' => self.open(Page::Help),
            'q' if self.host == Host::Workstation => return self.press_letter('p'),
            'p' => self.dialog = Some(Dialog::Power { exit: Exit::PowerOff, entry: Entry::default() }),
            'r' if self.host == Host::Appliance => {
                self.dialog = Some(Dialog::Power { exit: Exit::Reboot, entry: Entry::default() });
            }
            'l' => return Some(Request::Rescan),
            _ => {}
        }
        None
    }

    /// The key that stops a job opens the question for the PSID on a drive that can be reverted with it.
    fn stop_or_psid(&mut self) {
        let Some(row) = self.selected_row() else {
            self.answer = Some(words::NOTHING_TO_STOP);
            return;
        };
        let drive = row.listed.id;
        if row.run.is_some_and(|run| run.running().is_some()) {
            self.dialog = Some(Dialog::Stop { drive, entry: Entry::default() });
        } else if row.takes_psid() {
            match self.vaults.as_ref().and_then(|vaults| vaults.vault()) {
                Some(vault) => self.dialog = Some(Dialog::Psid { drive, typed: Guarded::new(vault), complaint: None }),
                None => self.answer = Some(words::NO_VAULT),
            }
        } else {
            self.answer = Some(words::NOTHING_TO_STOP);
        }
    }

    fn open(&mut self, page: Page) {
        self.dialog = Some(Dialog::Page { page, scroll: 0 });
    }

    fn open_selected(&mut self) {
        let Some(row) = self.selected_row() else { return };
        let drive = row.listed.id;
        match row.run.map(|run| &run.phase) {
            Some(Phase::Ended(_)) => self.open(Page::Result(drive)),
            None if row.is_planned() => self.ask_consent(),
            Some(Phase::Running(_)) | None => self.open(Page::Details(drive)),
        }
    }

    fn ask_consent(&mut self) {
        if let Some(row) = self.selected_row().filter(|row| row.attached && row.is_planned()) {
            self.dialog = Some(Dialog::consent(row.listed.id, false));
        }
    }

    fn ask_to_go_on(&mut self) {
        match self.selected_row().filter(|row| row.interrupted().is_some()).map(|row| row.listed.id) {
            Some(drive) => {
                self.dialog = Some(Dialog::consent(drive, true));
            }
            None => self.answer = Some(words::NOTHING_INTERRUPTED),
        }
    }

    fn press_power(&mut self, exit: Exit, entry: Entry, key: Key) -> Option<Request> {
        let (mut entry, entered) = edit(entry, key)?;
        if let Some(typed) = entered {
            if !self.loses_by_leaving() || is_word(&typed, words::YES) {
                self.dialog = Some(Dialog::Leaving { exit });
                return Some(if exit == Exit::Reboot { Request::Reboot } else { Request::PowerOff });
            }
            entry = refuse(words::YES);
        }
        self.dialog = Some(Dialog::Power { exit, entry });
        None
    }

    fn press_layouts(&mut self, at: usize, key: Key) -> Option<Request> {
        let last = self.layouts.len().saturating_sub(1);
        let begins = |letter: char| {
            let after =
                self.layouts.iter().enumerate().skip(at + 1).chain(self.layouts.iter().enumerate().take(at + 1));
            after
                .filter(move |(_, layout)| layout.title.starts_with(letter.to_ascii_uppercase()))
                .map(|(at, _)| at)
                .next()
        };
        let at = match key {
            Key::Esc | Key::Backspace | Key::Interrupt | Key::Power | Key::CtrlAltDel => return None,
            Key::Enter => return self.layouts.get(at).map(|layout| Request::Layout { name: layout.name.clone() }),
            Key::Up => at.saturating_sub(1),
            Key::Down => at + 1,
            Key::PageUp => at.saturating_sub(10),
            Key::PageDown => at + 10,
            Key::Home => 0,
            Key::End => last,
            Key::Char(letter) => begins(letter).unwrap_or(at),
        };
        self.dialog = Some(Dialog::Layouts { at: at.min(last) });
        None
    }

    fn press_page(&mut self, page: Page, scroll: usize, key: Key) -> Option<Request> {
        let (height, last) = page::extent(self, page);
        let scroll = match key {
            Key::Up => scroll.saturating_sub(1),
            Key::Down => scroll + 1,
            Key::PageUp => scroll.saturating_sub(height),
            Key::PageDown | Key::Char(' ') => scroll + height,
            Key::Home => 0,
            Key::End => last,
            Key::Esc | Key::Enter | Key::Backspace | Key::Interrupt | Key::Power | Key::CtrlAltDel => {
                if let Page::Qr(drive) = page {
                    self.open(Page::Result(drive));
                }
                return None;
            }
            Key::Char(letter) => {
                self.dialog = Some(Dialog::Page { page, scroll: scroll.min(last) });
                return self.press_page_letter(page, letter.to_ascii_lowercase());
            }
        };
        self.dialog = Some(Dialog::Page { page, scroll: scroll.min(last) });
        None
    }

    /// A letter on a page: what it opens takes the page's place, else the page stays.
    fn press_page_letter(&mut self, page: Page, letter: char) -> Option<Request> {
        match (page, letter) {
            (Page::Result(drive), 'q') => self.open(Page::Qr(drive)),
            (Page::Result(drive), 'e') if self.row(drive).is_some_and(|row| row.can_be_repeated()) => {
                self.selected = Some(drive);
                self.ask_consent();
            }
            (Page::Result(drive), 'o') if self.row(drive).is_some_and(|row| row.can_be_lowered()) => {
                self.selected = Some(drive);
                self.dialog = Some(Dialog::Lower { drive });
                return Some(Request::Overwrite { drive });
            }
            (Page::Result(drive) | Page::Details(drive), 'u' | 's' | 'g') => {
                self.selected = Some(drive);
                return self.press_letter(letter);
            }
            (Page::Summary, 'p' | 'r') => return self.press_letter(letter),
            _ => {}
        }
        None
    }

    /// Moves the selection by so many lines, as far as there are any.
    fn step(&mut self, by: isize) {
        let rows = self.rows();
        let at = self.position().saturating_add_signed(by).min(rows.len().saturating_sub(1));
        let next = rows.get(at).map(|row| row.listed.id);
        self.selected = next;
    }
}

/// What a key makes of a line being typed, and the line itself once Enter ends it; `None` if Esc gave it up.
fn edit(mut entry: Entry, key: Key) -> Option<(Entry, Option<String>)> {
    match key {
        Key::Esc => return None,
        Key::Enter => {
            let typed = entry.typed.clone();
            return Some((entry, Some(typed)));
        }
        Key::Backspace => {
            entry.typed.pop();
        }
        Key::Char(letter) if entry.typed.chars().count() < LONGEST_ENTRY => entry.typed.push(letter),
        _ => {}
    }
    Some((entry, None))
}

/// Labels that print the PSID in groups separate them by blanks or dashes, which are no part of it.
fn is_of_psid(letter: char) -> bool {
    !letter.is_whitespace() && letter != '-'
}

/// Why that is no PSID.
fn flaw(typed: &str) -> Option<String> {
    let psid = || typed.chars().filter(|letter| is_of_psid(*letter));
    if !psid().all(|letter| letter.is_ascii_alphanumeric()) {
        return Some(words::PSID_LETTERS.into());
    }
    let given = psid().count();
    (given != PSID).then(|| words::psid_length(given, PSID))
}

fn refuse(word: &str) -> Entry {
    Entry { typed: String::new(), complaint: Some(words::type_the_word(word)) }
}

fn is_word(typed: &str, word: &str) -> bool {
    typed.trim().eq_ignore_ascii_case(word)
}

fn is_char(key: Key, wanted: char) -> bool {
    matches!(key, Key::Char(letter) if letter.eq_ignore_ascii_case(&wanted))
}
