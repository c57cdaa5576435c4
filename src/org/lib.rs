//! What an organisation does in its office: `purgeproof org` and `purgeproof stick`. Its keys behind a passphrase, whose sticks are its own,
//! and the trust file that tells verifiers so.

use std::fs;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::SystemTime;

use clap::{Args, Subcommand};
use purgeproof_certificate::{Certificate, Civil, Key};
use purgeproof_sys::locked::Errno;
use zeroize::Zeroizing;

mod adopt;
mod collect;
mod enroll;
mod home;
mod init;
mod kept;
mod passphrase;
mod revoke;
mod show;
mod stick;

pub use home::read_trust;
pub use kept::Kept;
use passphrase::Passphrase;

/// How long a delegation is good if nobody says otherwise.
const TWO_YEARS_S: u64 = 2 * 365 * 86_400;

/// What to do with an organisation.
#[derive(Debug, Subcommand)]
pub enum Org {
    /// Make an organisation: its root key, a key for encrypted evidence, and the trust file.
    ///
    /// Both keys are encrypted by a passphrase, as `age -p` does it.
    Init {
        /// The organisation's name, as it is to stand on certificates.
        #[arg(long)]
        name: String,
        /// The folder to make: keep it in the office, and a copy of it in another place.
        #[arg(value_name = "DIR")]
        folder: PathBuf,
        /// The passphrase.
        #[command(flatten)]
        passphrase: Passphrase,
    },
    /// Vouch for a key that already signs: certificates that it has issued become the organisation's through the trust file.
    Adopt(adopt::Adopt),
    /// Check the chains on a stick and note how far they go: what is there now cannot be taken away or exchanged unnoticed.
    Collect {
        /// The stick's data partition.
        #[arg(value_name = "STICK")]
        stick: PathBuf,
        /// The organisation.
        #[command(flatten)]
        office: Office,
    },
    /// Say that a key is not the organisation's any more: no certificate after the last accepted one is believed.
    Revoke(revoke::Revoke),
    /// Print what a trust file says.
    Show {
        /// The organisation's folder, or a trust.cose.
        #[arg(value_name = "DIR|FILE")]
        trust: PathBuf,
    },
}

/// What to do with a stick.
#[derive(Debug, Subcommand)]
pub enum Stick {
    /// Make a stick the organisation's: its certificates say so from now on.
    Enroll(enroll::Enroll),
}

/// Where the organisation is, and the way to its keys.
#[derive(Debug, Args)]
pub struct Office {
    /// The organisation's folder.
    #[arg(long = "org", value_name = "DIR")]
    folder: PathBuf,
    #[command(flatten)]
    passphrase: Passphrase,
}

/// A day, such as 2028-12-31, and when it begins.
#[derive(Clone, Copy, Debug)]
pub struct Day {
    begins_unix_s: u64,
}

impl Day {
    const fn ends_unix_s(self) -> u64 {
        self.begins_unix_s + 86_400
    }
}

impl FromStr for Day {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let begins_unix_s = Civil::day(text)
            .ok_or_else(|| format!("{text:?} is no day. Write the year, the month and the day: 2028-12-31"))?;
        Ok(Self { begins_unix_s })
    }
}

impl Org {
    /// Does it, and says what was done.
    ///
    /// # Errors
    /// What happened and what to do about it.
    pub fn run(&self) -> Result<String, String> {
        match self {
            Self::Init { name, folder, passphrase } => init::run(name, folder, passphrase),
            Self::Adopt(adopt) => adopt.run(),
            Self::Collect { stick, office } => collect::run(stick, office),
            Self::Revoke(revoke) => revoke.run(),
            Self::Show { trust } => show::run(trust),
        }
    }
}

impl Stick {
    /// Does it, and says what was done.
    ///
    /// # Errors
    /// What happened and what to do about it.
    pub fn run(&self) -> Result<String, String> {
        match self {
            Self::Enroll(enroll) => enroll.run(),
        }
    }
}

/// The wall clock, in seconds since 1970-01-01 UTC.
fn unix_s() -> u64 {
    SystemTime::UNIX_EPOCH.elapsed().map_or(0, |since| since.as_secs())
}

/// Reads a certificate in whichever form, and what is wrong with it by itself.
fn read_certificate(path: &Path) -> Result<Certificate, String> {
    let name = path.display();
    let bytes = fs::read(path).map_err(|error| format!("{name} cannot be read ({error}). Check the path."))?;
    let certificate = Certificate::read_any(&bytes).map_err(|error| format!("{name}: {error}."))?;
    match certificate.verify(None).flaws().find_map(|check| check.flaw) {
        None => Ok(certificate),
        Some(flaw) => Err(format!("{name} does not hold ({flaw}): nothing was done. Take a certificate that does.")),
    }
}

/// A new key.
fn fresh() -> Result<Key, String> {
    let mut seed = Zeroizing::new([0; 32]);
    getrandom::fill(seed.as_mut_slice()).map_err(no_randomness)?;
    Ok(Key::from_seed(&seed))
}

fn no_randomness(error: getrandom::Error) -> String {
    format!("The kernel gave no random numbers ({error}). Nothing was done.")
}

fn no_memory(errno: Errno) -> String {
    format!("The kernel gave no locked memory for a secret ({errno}): nothing was done. Raise `ulimit -l`.")
}

/// Random bytes for numbers.
fn random<const N: usize>() -> Result<[u8; N], String> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(no_randomness)?;
    Ok(bytes)
}
