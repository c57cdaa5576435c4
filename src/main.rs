//! PurgeProof: erases every disk of a decommissioned machine by the strongest means it has, checks it, and proves it.
//!
//! This file only finds out which role the program has: PID 1 of the live image, its one child, or a command on a workstation.

mod apart;
mod appliance;
mod bulk;
mod clerk;
mod cli;
mod drawn;
mod explain;
mod export;
mod filing;
mod floor;
mod inputs;
mod list;
mod lists;
mod means;
mod offer;
mod pack;
mod pades;
mod pages;
mod pieces;
mod purge;
mod recheck;
mod recipients;
mod scout;
mod setting;
mod signer;
mod summary;
mod tally;
mod verify;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::{CommandFactory, Parser};

use cli::{Cli, Command};

fn main() -> ExitCode {
    // Keys and passphrases are in its memory. That it cannot be forbidden is no reason not to work.
    let _ = purgeproof_sys::locked::forbid_dumps();
    if std::process::id() == 1 {
        purgeproof_init::run(&purgeproof_init::Child { arguments: &["appliance"] });
    }
    match Cli::parse().command {
        Command::Appliance => appliance::run(),
        Command::List { policy, json } => list::run(policy.as_deref(), json),
        Command::Verify { certificates, trust, explain, json } => {
            let trust = trust.as_deref();
            if explain { explain::run(&certificates, trust) } else { verify::run(&certificates, trust, json) }
        }
        Command::Purge(purge) => purge::run(&purge),
        Command::Pades { pades } => pades.run(),
        Command::Summary(summary) => summary.run(),
        Command::Recheck { certificate, drive, lba, key, json } => recheck::run(&certificate, &drive, &lba, key, json),
        Command::Export(export) => export::run(&export),
        Command::Org { what } => told(what.run()),
        Command::Stick { what } => told(what.run()),
        Command::Man => print(|out| clap_mangen::Man::new(Cli::command()).render(out)),
        Command::Completions { shell } => print(|out| {
            clap_complete::generate(shell, &mut Cli::command(), "purgeproof", out);
            Ok(())
        }),
    }
}

/// Says what was done, or why it was not.
fn told(result: Result<String, String>) -> ExitCode {
    match result {
        Ok(text) => print(|out| {
            out.extend_from_slice(text.as_bytes());
            Ok(())
        }),
        Err(sentence) => fail(&sentence),
    }
}

/// Writes to the standard output; a reader that has seen enough is no failure.
fn print(write: impl FnOnce(&mut Vec<u8>) -> io::Result<()>) -> ExitCode {
    let mut bytes = Vec::new();
    let written = write(&mut bytes).and_then(|()| io::stdout().write_all(&bytes));
    match written {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => fail(&format!("The output could not be written ({error}). Check where it goes.")),
    }
}

/// Says what happened and what to do about it; the exit code for "it could not be done".
fn fail(sentence: &str) -> ExitCode {
    eprintln!("purgeproof: {sentence}");
    ExitCode::from(2)
}
