//! The fault matrix: machines full of drives, some that do right and most that do wrong. What the certificates say is held against what
//! is on the media.
//!
//! `scenarios/<machine>.toml` says which drives there are, what is wrong with each and what has to come of it;
//! `docs/fault-matrix.md` is what came of it. With `UPDATE_MATRIX=1` a run writes its part of that page, without it compares.

mod document;
mod expected;
mod machine;
mod outcome;

use machine::{run, run_with};

// Each machine takes a minute or two under emulation. Those that every change is tried against are one with drives of each bus (under Secure
// Boot) and all that drives do wrong; the others are for `scripts/test --long`.

#[test]
#[ignore = "scripts/test --long"]
fn nvme_techniques() {
    run("nvme-techniques");
}

#[test]
fn nvme_faults() {
    run("nvme-faults");
}

#[test]
#[ignore = "scripts/test --long"]
fn sata_techniques() {
    run("sata-techniques");
}

#[test]
fn sata_faults() {
    run("sata-faults");
}

#[test]
fn sas() {
    run("sas");
}

#[test]
#[ignore = "scripts/test --long"]
fn sat() {
    run("sat");
}

#[test]
#[ignore = "scripts/test --long"]
fn emmc() {
    run("emmc");
}

#[test]
fn stalls_and_losses() {
    run("stalls-and-losses");
}

#[test]
#[ignore = "scripts/test --long"]
fn power_cut() {
    run("power-cut");
}

#[test]
fn secure_boot() {
    run("secure-boot");
}

#[test]
#[ignore = "scripts/test --long"]
fn suspend() {
    run("suspend");
}

#[test]
#[ignore = "scripts/test --long: its kernel takes twenty minutes to compile"]
fn suspend_with_the_kernel_from_source() {
    run_with("source", "suspend");
}
