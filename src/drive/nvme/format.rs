//! Format NVM with a secure erase, in the foreground.

use purgeproof_core::firmware::Begun;
use purgeproof_core::technique::Technique;
use purgeproof_spec::nvme::{AdminCommand, Identify, LbaFormat, Namespace, Nsid, SecureErase};

use super::channel::NvmeAdmin;
use super::noted::{Fault, Noted};
use super::survey::Survey;
use super::words::{Meaning, meaning, refusal};

/// Formats the namespace in the format that it has. `None` for a technique that is no format.
pub(super) fn begin<C: NvmeAdmin>(
    line: &mut Noted<'_, C>,
    technique: Technique,
    nsid: Nsid,
    survey: &Survey,
) -> Option<Begun> {
    let (name, erase) = match technique {
        Technique::FormatCryptoErase => ("Format NVM, Cryptographic Erase", SecureErase::Cryptographic),
        Technique::FormatUserDataErase => ("Format NVM, User Data Erase", SecureErase::UserData),
        _ => return None,
    };
    let Some(block) = survey.namespace.format().and_then(LbaFormat::block_bytes) else {
        return Some(Begun::Refused {
            why: "not sent: the namespace does not say which of its block formats is in use".to_owned(),
        });
    };
    let command = AdminCommand::format(nsid, survey.namespace.format_in_use, erase);
    let bytes = survey.namespace.blocks.saturating_mul(u64::from(block));
    Some(match line.act(name, &command, timeout_ms(bytes)) {
        Ok(status) => match meaning(status) {
            Meaning::Done => Begun::Completed,
            Meaning::Refused => Begun::Refused { why: refusal(status) },
            Meaning::Failed => Begun::Failed { why: refusal(status) },
            Meaning::Open => Begun::Lost { why: refusal(status) },
        },
        Err(error) => Begun::Lost { why: error.to_string() },
    })
}

/// A kernel whose patience ends resets the controller in the middle of the erase: half an hour, and the time that it takes to write
/// all of the medium at 30 MB/s.
fn timeout_ms(bytes: u64) -> u32 {
    u32::try_from(1_800_000 + bytes / 30_000).unwrap_or(u32::MAX)
}

/// What must hold now: the host looks again, and the namespace is what it was.
pub(super) fn problems<C: NvmeAdmin>(line: &mut Noted<'_, C>, nsid: Nsid, before: Option<&Namespace>) -> Vec<String> {
    let mut problems = Vec::new();
    if let Err(error) = line.channel.rescan() {
        problems.push(format!("after the format the kernel did not look at the drive again: {error}"));
    }
    let shape = |namespace: &Namespace| (namespace.blocks, namespace.format());
    match identify(line, nsid) {
        Ok(now) if before.is_some_and(|before| shape(before) != shape(&now)) => problems.push(format!(
            "after the format the namespace has {} blocks, and not the {} of before, or blocks of another format",
            now.blocks,
            before.map_or(0, |before| before.blocks)
        )),
        Ok(_) => {}
        Err(fault) => problems.push(format!("how the format left the namespace is not known: {fault}")),
    }
    problems
}

fn identify<C: NvmeAdmin>(line: &mut Noted<'_, C>, nsid: Nsid) -> Result<Namespace, Fault> {
    let mut page = [0; 4096];
    line.ask("Identify Namespace", &AdminCommand::identify(Identify::Namespace(nsid)), &mut page)?;
    Ok(Namespace::parse(&page)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_may_take_as_long_as_writing_everything() {
        assert_eq!(timeout_ms(0), 1_800_000);
        // 1 TB: 33 333 s and the half hour.
        assert_eq!(timeout_ms(1_000_000_000_000), 35_133_333);
        assert_eq!(timeout_ms(u64::MAX), u32::MAX);
    }
}
