//! `purgeproof list`: what there is, and what would be done with it.

use std::fmt::Write as _;
use std::path::Path;
use std::process::ExitCode;

use purgeproof_core::event::{Controller, DriveId, Listed, Offer};
use purgeproof_core::policy::Policy;
use purgeproof_drive::controllers::controllers;
use purgeproof_drive::inventory::{Found, Inventory};

use crate::{fail, offer, print};

/// Runs the command.
pub(crate) fn run(policy: Option<&Path>, json: bool) -> ExitCode {
    let policy = match policy.map(read_policy).transpose() {
        Ok(policy) => policy.unwrap_or_default(),
        Err(why) => return fail(&why),
    };
    let found = match Inventory::new(None).scan() {
        Ok(found) => found,
        Err(error) => return fail(&format!("The disks cannot be listed ({error}). Is sysfs mounted at /sys?")),
    };
    let controllers = controllers(&found).unwrap_or_default();
    let listed: Vec<Listed> = found.into_iter().zip(0..).map(|(found, id)| entry(&found, id, &policy)).collect();
    print(|out| {
        if json {
            serde_json::to_writer_pretty(
                &mut *out,
                &serde_json::json!({ "drives": listed, "controllers": controllers }),
            )?;
            out.push(b'\n');
        } else {
            out.extend_from_slice(table(&listed, &controllers).as_bytes());
        }
        Ok(())
    })
}

/// Reads a policy file.
///
/// # Errors
/// A sentence that names the file, what is wrong and what to do.
pub(crate) fn read_policy(path: &Path) -> Result<Policy, String> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| format!("The policy file {} cannot be read ({error}). Check the path.", path.display()))?;
    Policy::parse(&text).map_err(|error| format!("Policy file {}: {error}.", path.display()))
}

fn entry(found: &Found, id: u32, policy: &Policy) -> Listed {
    Listed {
        id: DriveId(id),
        node: found.name().to_string(),
        identity: found.identity.clone(),
        capabilities: found.capabilities.clone(),
        offer: offer::offer(found, &found.capabilities, policy),
        interrupted: None,
    }
}

fn table(listed: &[Listed], controllers: &[Controller]) -> String {
    let mut text = String::new();
    for Listed { node, identity, offer, .. } in listed {
        let serial = identity.serial.as_ref().map_or("no serial number", |serial| serial.text.as_str());
        let title = identity.title();
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "{node}  {title}  {serial}  {}  {}, {}",
            identity.capacity, identity.transport, identity.medium
        );
        let _ = match offer {
            Offer::Planned(plan) => {
                let caution = plan.caution().map(|caution| format!("\n    {caution}.")).unwrap_or_default();
                writeln!(text, "    {plan}{caution}")
            }
            Offer::Refused(refusal) => writeln!(text, "    not planned: {refusal}"),
            Offer::Excluded(exclusion) => writeln!(text, "    not offered: {exclusion}"),
        };
    }
    if listed.is_empty() {
        text.push_str("No block devices.\n");
    }
    for controller in controllers {
        if let Some(advice) = &controller.advice {
            let _ = writeln!(text, "{} {}: {advice}.", controller.kind, controller.address);
        }
    }
    text
}
