//! The layout of the machine's keyboard: which there are, which is in force, and by whose word.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use purgeproof_core::event::{Event, Layout};
use purgeproof_sys::keymap;

use super::{Floor, World};

/// Where the image has its layouts: a file each, and `list` with their names and titles.
pub(crate) const LAYOUTS: &str = "/lib/keymaps";

/// What the kernel has by itself.
const US: &str = "us";

/// Whose word a layout is; a later one goes before an earlier one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Word {
    Nobody,
    Policy,
    CommandLine,
    Operator,
}

pub(crate) struct Keyboard {
    /// A virtual console: layouts are common to all of them.
    console: File,
    folder: PathBuf,
    layouts: Vec<Layout>,
    current: String,
    word: Word,
}

impl Keyboard {
    /// The keyboard that types to this virtual console, with the US layout of `folder`: the kernel's own lets Scroll Lock stop the screen,
    /// and Alt with a function key take it away.
    ///
    /// # Errors
    /// If the console cannot be opened, or the folder has no list.
    pub(crate) fn open(console: &Path, folder: &Path) -> io::Result<Self> {
        let list = fs::read_to_string(folder.join("list"))?;
        let layouts = list.lines().filter_map(|line| line.split_once('\t'));
        let layouts = layouts.map(|(name, title)| Layout { name: name.into(), title: title.into() }).collect();
        let console = File::options().read(true).write(true).open(console)?;
        let mut keyboard = Self { console, folder: folder.into(), layouts, current: US.into(), word: Word::Nobody };
        keyboard.choose(US, Word::Nobody).map_err(io::Error::other)?;
        Ok(keyboard)
    }

    /// For the screen.
    pub(crate) fn event(&self) -> Event {
        Event::Keyboard { layouts: self.layouts.clone(), current: self.current.clone() }
    }

    /// Puts a layout in force, unless a word that goes before this one has chosen another.
    ///
    /// # Errors
    /// A sentence that says why it stays as it was.
    pub(crate) fn choose(&mut self, name: &str, word: Word) -> Result<(), String> {
        if word < self.word {
            return Ok(());
        }
        let stays = || format!("The keyboard stays \"{}\"", self.current);
        // A name of the list is a file's name and no path.
        let Some(layout) = self.layouts.iter().find(|layout| layout.name.eq_ignore_ascii_case(name)) else {
            let shown: String = name.chars().take(20).collect();
            return Err(format!(
                "This image has no keyboard layout \"{shown}\". {}: press k (or F2) to choose one.",
                stays()
            ));
        };
        let file = self.folder.join(&layout.name);
        let keymap =
            fs::read(&file).map_err(|error| format!("{} cannot be read ({error}). {}.", file.display(), stays()))?;
        keymap::load(&self.console, &keymap)
            .map_err(|error| format!("Keyboard layout \"{}\": {error}. {}.", layout.name, stays()))?;
        (self.current, self.word) = (layout.name.clone(), word);
        Ok(())
    }
}

impl<W: World> Floor<W> {
    /// Gives the keyboard this layout, and tells what came of it. Without a keyboard nobody types with a wrong one.
    pub(super) fn keymap(&mut self, name: &str, word: Word) {
        let Some(keyboard) = self.world.keyboard() else { return };
        let chosen = keyboard.choose(name, word);
        let event = keyboard.event();
        if let Err(why) = chosen {
            self.notice(why);
        }
        self.tell(event);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A keyboard whose console takes no layout.
    fn keyboard() -> Keyboard {
        let layout = |name: &str, title: &str| Layout { name: name.into(), title: title.into() };
        Keyboard {
            console: File::open("/dev/null").unwrap(),
            folder: "/nowhere".into(),
            layouts: vec![layout("us", "English (US)"), layout("de", "German")],
            current: "us".into(),
            word: Word::Nobody,
        }
    }

    #[test]
    fn a_name_that_is_not_on_the_list_changes_nothing_and_says_so() {
        for name in ["xx", "", "../../etc/passwd", "de\t"] {
            let error = keyboard().choose(name, Word::CommandLine).unwrap_err();
            assert!(error.contains("has no keyboard layout") && error.contains("stays \"us\""), "{error}");
        }
        let error = keyboard().choose("DE", Word::CommandLine).unwrap_err();
        assert!(error.starts_with("/nowhere/de cannot be read"), "{error}");
    }

    #[test]
    fn the_policy_does_not_overrule_the_command_line_nor_either_the_operator() {
        for word in [Word::CommandLine, Word::Operator] {
            let mut keyboard = Keyboard { word, ..keyboard() };
            assert_eq!(keyboard.choose("xx", Word::Policy), Ok(()));
            assert!(keyboard.choose("xx", Word::Operator).is_err());
        }
    }

    #[test]
    fn without_a_console_there_is_no_keyboard() {
        assert!(Keyboard::open(Path::new("/dev/null"), Path::new("/nowhere")).is_err());
    }
}
