//! The command line. The man page and the completions are made from it, so that they cannot say anything else.

use std::path::PathBuf;

use clap::{Parser, Subcommand};
use clap_complete::Shell;
use purgeproof_core::evidence::Secret;
use purgeproof_org::{Org, Stick};

use crate::export::Export;
use crate::pades::Pades;
use crate::purge::Purge;
use crate::recheck::Range;
use crate::summary::Summary;

/// Erase every disk of a decommissioned machine by the strongest means it has, check it, and prove it.
///
/// Booted from its stick, PurgeProof is the whole system and shows its own screen. On a workstation these commands look at disks,
/// check certificates and erase single devices or image files.
#[derive(Debug, Parser)]
#[command(name = "purgeproof", version, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List every block device: who it is, what would be done with it, or why it is not offered.
    List {
        /// Plan by this policy file.
        #[arg(long, value_name = "FILE")]
        policy: Option<PathBuf>,
        /// Print JSON instead of a table.
        #[arg(long)]
        json: bool,
    },
    /// Check certificates: the exit code is 0 only if every check of every one holds.
    ///
    /// A certificate may be given as its .cose file, as the PDF that it is attached to, or as the text of its QR code (in a file or
    /// directly). If the evidence lies beside it (.evidence.json), the verdict is derived from it again. Several are also held against each
    /// other: a folder, the data partition of a stick, or a stick's chain (logs/*.cborseq) stands for all certificates in it.
    ///
    /// An evidence pack, as `purgeproof export` makes it, is read whole: certificates with their evidence and views, chains and journals. Of
    /// a pack, and of more than about a thousand certificates, only what does not hold is told, what they show together, and how many there
    /// are of each kind; as JSON that is an object a line.
    Verify {
        /// Certificates: files, folders, or texts that begin with "PP1:".
        #[arg(required = true, value_name = "FILE")]
        certificates: Vec<PathBuf>,
        /// The trust file of the organisation whose word you take. Compare the fingerprint that is printed with the one on paper.
        #[arg(long, value_name = "TRUST.COSE")]
        trust: Option<PathBuf>,
        /// Print JSON instead of sentences.
        #[arg(long)]
        json: bool,
        /// Print what an auditor wants to see: identity, plan, every way and step with its command, times, exceptions, and how the verdict
        /// follows from the evidence. A record that says more than its evidence is refused.
        #[arg(long, conflicts_with = "json")]
        explain: bool,
    },
    /// List many certificates: each is verified, and one that does not hold is listed as that.
    ///
    /// The exit code is 0 only if every certificate could be read and holds. A certificate that holds may say that a drive is not erased.
    Summary(Summary),
    /// Sign the PDFs of certificates for people who look for a signature in their PDF reader.
    ///
    /// This is another signature by another key, and no part of the certificate: `verify` does not need it.
    Pades {
        #[command(subcommand)]
        pades: Pades,
    },
    /// Read blocks of a drive and compare them with what its certificate says was left on it; nothing is written.
    ///
    /// The evidence must lie beside the certificate (.evidence.json): the key is in it. The exit code is 0 if every block that was asked
    /// for holds what it must, 1 if one does not or cannot be read, and 2 if nothing could be compared.
    Recheck {
        /// The certificate: a .cose, PDF or JSON file.
        #[arg(value_name = "CERTIFICATE")]
        certificate: PathBuf,
        /// The drive's block device, or an image of all of it.
        #[arg(long, value_name = "PATH")]
        drive: PathBuf,
        /// Only these logical blocks, such as 4711 or 0-2047; may be given again. Without it the places are read that are drawn from the
        /// job's seed for a sampled read-back.
        #[arg(long, value_name = "N[-M]")]
        lba: Vec<Range>,
        /// The key of the job, 64 hexadecimal digits, where the policy withholds it; it is `drawn.key` in the job's line of the journal.
        #[arg(long, value_name = "HEX")]
        key: Option<Secret>,
        /// Print JSON instead of sentences.
        #[arg(long)]
        json: bool,
    },
    /// Erase one device or image file of this computer, after consent, and certify it.
    ///
    /// Where an earlier run was interrupted, it goes on from there.
    Purge(Purge),
    /// Gather the certificates, evidence, journals and logs of sticks into one evidence pack.
    ///
    /// A pack is a tar archive that begins with the SHA-256 of every file in it. Signing keys stay on the sticks. Several sticks are merged:
    /// what they contradict each other in is kept twice and said, and the exit code is 1.
    Export(Export),
    /// Keep an organisation's keys: say whose sticks are its own, collect their chains, revoke what was stolen.
    Org {
        #[command(subcommand)]
        what: Org,
    },
    /// Make a stick an organisation's.
    Stick {
        #[command(subcommand)]
        what: Stick,
    },
    /// The program of the live image; PID 1 starts it.
    #[command(hide = true)]
    Appliance,
    /// Print the man page.
    #[command(hide = true)]
    Man,
    /// Print shell completions.
    #[command(hide = true)]
    Completions {
        /// The shell to print them for.
        shell: Shell,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
