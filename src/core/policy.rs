//! What the owner of the machines wants: a TOML file on the stick. Parsed strictly, because a misspelt key in a file that destroys
//! disks must not be passed over.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use serde::{Deserialize, Serialize};

use crate::drive::{Identity, Medium, Transport};
use crate::pattern::Pattern;
use crate::technique::Level;
use crate::units::{BlockSize, Bytes};

mod overwrite;

pub use overwrite::{Custom, Overwrite};

/// The whole policy. `Policy::default()` is what holds without a file: every drive is offered, none is touched without the operator.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Policy {
    /// Drives that a rule selects are purged without asking.
    pub unattended: bool,
    /// No drive is purged on the word of one person: a second one has to agree, by name.
    pub two_persons: bool,
    /// What to do when the last drive has ended; unattended runs only.
    pub when_done: WhenDone,
    /// The key of random passes stays in the journal, and evidence files have its SHA-256 alone.
    pub withhold_key: bool,
    /// What certificates are printed on.
    pub paper: Paper,
    /// The name of the keyboard's layout, unless the kernel command line has one.
    pub keymap: Option<String>,
    /// What stands on every certificate besides what the machine knows.
    pub record: Record,
    /// The first rule that fits a drive decides.
    #[serde(rename = "rule")]
    pub rules: Vec<Rule>,
    /// Overwrite schemes that are not in the table.
    #[serde(rename = "scheme")]
    pub schemes: Vec<Custom>,
}

/// What to do after an unattended run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WhenDone {
    /// Leave the result on the screen.
    #[default]
    Wait,
    /// Switch the machine off.
    PowerOff,
    /// Start the machine again.
    Reboot,
}

/// The paper of a PDF.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Paper {
    /// ISO 216 A4: 210 × 297 mm.
    #[default]
    A4,
    /// US Letter: 8.5 × 11 in.
    Letter,
}

/// Names and numbers that only people know. All are printed as given.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Record {
    /// Whose data it was.
    pub organisation: String,
    /// Who operates the machine.
    pub operator: String,
    /// Where.
    pub site: String,
    /// The job, lot or ticket number.
    pub job: String,
    /// The number on the asset label.
    pub asset: String,
    /// Where the drive goes next: reuse, return, destruction…
    pub destination: String,
    /// Anything else.
    pub note: String,
}

/// One rule: which drives, and what is done with them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// What the rule is called on the screen and on the certificate.
    pub name: String,
    /// Only drives attached in one of these ways; empty for all.
    #[serde(default)]
    pub transport: Vec<Transport>,
    /// Only drives with one of these media; empty for all.
    #[serde(default)]
    pub medium: Vec<Medium>,
    /// Only drives whose serial number fits one of these; `*` stands for any characters. Empty for all.
    #[serde(default)]
    pub serial: Vec<String>,
    /// Only drives whose model fits one of these; `*` stands for any characters. Empty for all.
    #[serde(default)]
    pub model: Vec<String>,
    /// Only drives of at least this size, such as `"100 GB"`.
    #[serde(default)]
    pub at_least: Option<Size>,
    /// Only drives of at most this size.
    #[serde(default)]
    pub at_most: Option<Size>,
    /// Purge the drive or leave it as it is.
    pub action: Action,
    /// The least level that will do. If the drive cannot attain it, nothing is written.
    #[serde(default)]
    pub level: Option<Level>,
    /// What an overwrite writes in its one pass.
    #[serde(default)]
    pub pattern: Option<Pattern>,
    /// The name of an overwrite scheme, of the table ([`crate::scheme::TABLE`]) or of this policy, in place of one pass.
    #[serde(default)]
    pub scheme: Option<String>,
    /// How much of the drive is read back.
    #[serde(default)]
    pub verify: Option<Coverage>,
    /// After an erase with a good end, a SCSI drive whose blocks no operating system takes (520 bytes and the like) is formatted to blocks
    /// of this length. Without it every drive keeps its format, as drives with blocks of a usual length always do.
    #[serde(default)]
    pub block_size: Option<UsualBlock>,
}

/// The length of a block that any operating system takes: 512 or 4096 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct UsualBlock(BlockSize);

impl UsualBlock {
    /// As a length.
    pub const fn get(self) -> BlockSize {
        self.0
    }
}

impl TryFrom<u32> for UsualBlock {
    type Error = &'static str;

    fn try_from(bytes: u32) -> Result<Self, Self::Error> {
        match bytes {
            512 => Ok(Self(BlockSize::B512)),
            4096 => Ok(Self(BlockSize::B4096)),
            _ => Err("expected 512 or 4096"),
        }
    }
}

impl From<UsualBlock> for u32 {
    fn from(block: UsualBlock) -> Self {
        block.0.get()
    }
}

/// What a rule does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// Erase it by the strongest means that it has.
    Purge,
    /// Do not touch it.
    Leave,
}

/// How much of a drive is read back and compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Coverage {
    /// Every block.
    Full,
    /// Places drawn at random, one in each of 4608 equal parts ([`crate::sample::places`]).
    Sample,
    /// A tenth of the blocks, in two places drawn at random in each of a thousand equal parts ([`crate::sample::tenth`]): NIST SP 800-88
    /// Rev. 1, §4.7.3.
    Tenth,
}

impl Coverage {
    /// How much it is, in words that follow "then" or "reads".
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::Full => "every block",
            Self::Sample => "a random sample",
            Self::Tenth => "a random tenth",
        }
    }
}

/// A size as people write it: `"500 GB"`, `"512 MiB"`, `"4096"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Size(pub Bytes);

impl TryFrom<String> for Size {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        const EXPECTED: &str = "expected a size such as \"500 GB\" or \"512 MiB\"";
        let text = text.trim();
        let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let (number, unit) = text.split_at_checked(digits).ok_or(EXPECTED)?;
        let scale: u64 = match unit.trim() {
            "" | "B" => 1,
            "kB" | "KB" => 1_000,
            "MB" => 1_000_000,
            "GB" => 1_000_000_000,
            "TB" => 1_000_000_000_000,
            "KiB" => 1 << 10,
            "MiB" => 1 << 20,
            "GiB" => 1 << 30,
            "TiB" => 1 << 40,
            _ => return Err(EXPECTED),
        };
        let number: u64 = number.parse().map_err(|_| EXPECTED)?;
        number.checked_mul(scale).map(|bytes| Self(Bytes(bytes))).ok_or("a size beyond 16 EiB")
    }
}

impl From<Size> for String {
    fn from(size: Size) -> Self {
        size.0.0.to_string()
    }
}

/// A policy file that cannot be followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyError {
    /// The line, counted from 1, where the file has one that is to blame.
    pub line: Option<usize>,
    /// That line as it stands in the file.
    pub text: Option<String>,
    /// What is wrong with it, and what was expected.
    pub problem: String,
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.line, &self.text) {
            (Some(line), Some(text)) => write!(f, "line {line} (`{text}`): {}", self.problem),
            _ => f.write_str(&self.problem),
        }?;
        f.write_str(". Correct the policy file; until then nothing is erased without the operator")
    }
}

impl core::error::Error for PolicyError {}

impl PolicyError {
    /// About the file as a whole.
    const fn of(problem: String) -> Self {
        Self { line: None, text: None, problem }
    }
}

impl Policy {
    /// Reads a policy file.
    ///
    /// # Errors
    /// [`PolicyError`] for anything that is not understood to the letter, and for an unattended policy that cannot select a drive.
    pub fn parse(file: &str) -> Result<Self, PolicyError> {
        let policy: Self = toml::from_str(file).map_err(|error| locate(file, &error))?;
        if policy.unattended && !policy.rules.iter().any(|rule| rule.action == Action::Purge) {
            return Err(PolicyError::of(
                "`unattended = true`, but no rule with `action = \"purge\"` selects a drive".into(),
            ));
        }
        if policy.unattended && policy.two_persons {
            return Err(PolicyError::of(
                "`unattended = true` and `two_persons = true`: nobody is there whom a second person could agree with"
                    .into(),
            ));
        }
        if policy.two_persons && policy.record.operator.trim().is_empty() {
            return Err(PolicyError::of(
                "`two_persons = true`, and `[record]` names no `operator`: nobody could tell the second person from the first".into(),
            ));
        }
        policy.check_schemes()?;
        Ok(policy)
    }

    /// The policy that a kernel command line stands for: purge exactly the drives with these serial numbers (`*` fits any
    /// characters), without asking, then do as told.
    pub fn unattended(serials: Vec<String>, when_done: WhenDone) -> Self {
        let rule = Rule {
            name: "kernel command line".to_string(),
            serial: serials,
            transport: Vec::new(),
            medium: Vec::new(),
            model: Vec::new(),
            at_least: None,
            at_most: None,
            action: Action::Purge,
            level: None,
            pattern: None,
            scheme: None,
            verify: None,
            block_size: None,
        };
        Self { unattended: true, when_done, rules: Vec::from([rule]), ..Self::default() }
    }

    /// The first rule that fits a drive.
    pub fn rule_for(&self, drive: &Identity) -> Option<&Rule> {
        self.rules.iter().find(|rule| rule.fits(drive))
    }
}

impl Rule {
    /// Whether the rule is about this drive. A rule that names serial numbers or models never fits a drive that has none.
    pub fn fits(&self, drive: &Identity) -> bool {
        let serial = drive.serial.as_ref().map_or("", |serial| serial.text.as_str());
        (self.transport.is_empty() || self.transport.contains(&drive.transport))
            && (self.medium.is_empty() || self.medium.contains(&drive.medium))
            && (self.serial.is_empty() || !serial.is_empty() && self.serial.iter().any(|p| matches(p, serial)))
            && (self.model.is_empty() || self.model.iter().any(|p| matches(p, &drive.model)))
            && self.at_least.is_none_or(|size| drive.capacity >= size.0)
            && self.at_most.is_none_or(|size| drive.capacity <= size.0)
    }
}

/// Whether `text` fits `pattern`, in which `*` stands for any characters, or none.
fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else {
        return false;
    };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        match rest.split_once(part) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    true
}

fn locate(file: &str, error: &toml::de::Error) -> PolicyError {
    let at = error.span().map(|span| span.start);
    let line = at.and_then(|at| file.get(..at)).map(|before| before.matches('\n').count() + 1);
    let text = line.and_then(|line| file.lines().nth(line - 1)).map(|text| text.trim().to_string());
    PolicyError { line, text, problem: error.message().trim_end().to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drive::tests::nvme;

    const FULL: &str = r#"
        unattended = true
        when_done = "power-off"
        paper = "letter"
        keymap = "ch-de"
        [record]
        organisation = "Example Ltd"
        operator = "J. Doe"
        [[rule]]
        name = "keep the archive"
        serial = ["ARCHIVE-*"]
        action = "leave"
        [[rule]]
        name = "laptops"
        transport = ["nvme", "ata"]
        medium = ["flash"]
        at_least = "1 MB"
        action = "purge"
        level = "clear"
        pattern = "random"
        verify = "full"
    "#;

    #[test]
    fn a_full_policy_is_understood() {
        let policy = Policy::parse(FULL).unwrap();
        assert_eq!((policy.when_done, policy.paper), (WhenDone::PowerOff, Paper::Letter));
        assert_eq!(policy.keymap.as_deref(), Some("ch-de"));
        assert_eq!(Policy::default().paper, Paper::A4);
        let rule = policy.rule_for(&nvme()).unwrap();
        assert_eq!(
            (rule.name.as_str(), rule.pattern, rule.verify),
            ("laptops", Some(Pattern::Random), Some(Coverage::Full))
        );
    }

    #[test]
    fn the_first_rule_that_fits_decides() {
        let policy = Policy::parse(FULL).unwrap();
        let mut drive = nvme();
        drive.serial.as_mut().unwrap().text = "ARCHIVE-7".into();
        assert_eq!(policy.rule_for(&drive).unwrap().action, Action::Leave);
        drive.capacity = Bytes(999_936);
        drive.serial = None;
        assert_eq!(policy.rule_for(&drive), None);
    }

    #[test]
    fn mistakes_are_named_with_their_line() {
        for (file, line, said) in [
            ("unattended = yes", 1, "yes"),
            ("\n\nunatended = true", 3, "unknown field `unatended`, expected one of `unattended`"),
            ("[[rule]]\nname = 'x'\naction = 'nuke'", 3, "unknown variant `nuke`, expected `purge` or `leave`"),
            ("[[rule]]\nname = 'x'\naction = 'purge'\npattern = 'zero'", 4, "expected \"random\", \"zeros\""),
            ("[[rule]]\nname = 'x'\naction = 'purge'\nat_least = 'big'", 4, "expected a size such as"),
            ("[[rule]]\nname = 'x'", 1, "missing field `action`"),
            ("paper = 'Letter'", 1, "unknown variant `Letter`, expected `a4` or `letter`"),
            ("paper = 'a5'", 1, "unknown variant `a5`"),
            ("[record]\njob = 7", 2, "expected a string"),
            ("[[rule]]\nname = 'x'\naction = 'purge'\nblock_size = 520", 4, "expected 512 or 4096"),
        ] {
            let error = Policy::parse(file).unwrap_err();
            assert_eq!(error.line, Some(line), "{file}: {error}");
            assert!(error.to_string().contains(said), "{file}: {error}");
        }
    }

    #[test]
    fn an_unattended_policy_that_selects_nothing_is_refused() {
        assert!(Policy::parse("unattended = true").unwrap_err().to_string().contains("selects a drive"));
        let leave = "unattended = true\n[[rule]]\nname = 'x'\naction = 'leave'";
        assert!(Policy::parse(leave).is_err());
        assert!(Policy::parse("").is_ok());
    }

    #[test]
    fn two_persons_are_two_and_are_not_there_in_an_unattended_run() {
        let purge = "two_persons = true\n[record]\noperator = 'J. Doe'\n[[rule]]\nname = 'x'\naction = 'purge'";
        assert!(Policy::parse(purge).unwrap().two_persons);
        let error = Policy::parse(&purge.replace("J. Doe", " ")).unwrap_err();
        assert!(error.to_string().contains("names no `operator`"), "{error}");
        let error = Policy::parse(&("unattended = true\n".to_string() + purge)).unwrap_err();
        assert!(error.to_string().contains("second person"), "{error}");
    }

    #[test]
    fn a_rule_with_serials_never_fits_a_drive_without_one() {
        let policy = Policy::unattended(Vec::from(["*".to_string()]), WhenDone::Wait);
        assert!(policy.rule_for(&nvme()).is_some());
        assert!(policy.rule_for(&Identity { serial: None, ..nvme() }).is_none());
    }

    #[test]
    fn a_star_is_any_run_of_characters() {
        for (pattern, text, fits) in [
            ("S64*", "S64NNF", true),
            ("*45", "S64NNF0R512345", true),
            ("S*F*5", "S64NNF0R512345", true),
            ("*", "", true),
            ("S64", "S64N", false),
            ("a*a", "a", false),
            ("", "x", false),
            ("*N*N*N*", "S64NNF", false),
        ] {
            assert_eq!(matches(pattern, text), fits, "{pattern} {text}");
        }
    }

    #[test]
    fn sizes_have_decimal_and_binary_units() {
        let size = |text: &str| Size::try_from(text.to_string()).map(|size| size.0.0);
        assert_eq!(size("500 GB"), Ok(500_000_000_000));
        assert_eq!(size("512MiB"), Ok(536_870_912));
        assert_eq!(size("4096"), Ok(4096));
        assert!(size("").is_err() && size("GB").is_err() && size("1.5 TB").is_err() && size("99999999 TB").is_err());
    }
}
