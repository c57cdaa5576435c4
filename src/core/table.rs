//! The decision table: which techniques are used on which kind of drive, in which order, and what they come to.
//!
//! A row holds for a kind of drive. Its steps are done one after the other; a step in brackets is done where the drive has it.

use alloc::vec::Vec;

use crate::capability::Support;
use crate::drive::{Identity, Medium, Transport};
use crate::technique::{Level, Technique};

/// One row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its name, which the certificate bears.
    pub name: &'static str,
    kind: Kind,
    steps: &'static [Step],
}

/// The kinds of drives that the table tells apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Nvme,
    /// ATA on flash, or on a medium that the drive does not name: what holds for flash is never too much.
    AtaFlash,
    AtaMagnetic,
    Scsi,
    Mmc,
    /// Anything else that can be written: USB without a pass-through, virtio, files.
    Other,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// The row is of no use without it.
    Must(Technique),
    /// Done if the drive has it.
    Also(Technique),
}

use Kind::{AtaFlash, AtaMagnetic, Mmc, Nvme, Other, Scsi};
use Step::{Also, Must};
use Technique::{
    EraseAndSanitize, FormatCryptoErase, FormatUnit, FormatUserDataErase, Overwrite, SanitizeBlockErase,
    SanitizeCryptoErase, SanitizeOverwrite, SecureErase, SecurityEraseEnhanced, SecurityEraseNormal, TcgRevert,
};

/// The rows, strongest first within a kind and a level.
///
/// A change of key comes before a block erase where the drive has both: old copies of a key in worn flash make the first alone
/// doubtful, and the second covers for it. Where it comes alone, an overwrite follows.
const TABLE: &[Row] = &[
    Row { name: "N2", kind: Nvme, steps: &[Also(SanitizeCryptoErase), Must(SanitizeBlockErase)] },
    Row { name: "N3", kind: Nvme, steps: &[Must(SanitizeCryptoErase), Must(Overwrite)] },
    Row { name: "N4", kind: Nvme, steps: &[Must(SanitizeOverwrite)] },
    Row { name: "N5", kind: Nvme, steps: &[Must(TcgRevert), Also(FormatUserDataErase)] },
    Row { name: "N6", kind: Nvme, steps: &[Must(FormatCryptoErase), Must(Overwrite)] },
    Row { name: "N7", kind: Nvme, steps: &[Must(FormatUserDataErase), Must(Overwrite)] },
    Row { name: "N8", kind: Nvme, steps: &[Must(Overwrite)] },
    Row { name: "A1", kind: AtaFlash, steps: &[Also(SanitizeCryptoErase), Must(SanitizeBlockErase)] },
    Row { name: "A2", kind: AtaFlash, steps: &[Must(SanitizeCryptoErase), Must(Overwrite)] },
    Row { name: "A1b", kind: AtaFlash, steps: &[Must(SanitizeOverwrite)] },
    Row { name: "A3", kind: AtaFlash, steps: &[Must(TcgRevert), Must(Overwrite)] },
    Row { name: "A4", kind: AtaFlash, steps: &[Must(SecurityEraseEnhanced), Must(Overwrite)] },
    Row { name: "A4b", kind: AtaFlash, steps: &[Must(SecurityEraseNormal), Must(Overwrite)] },
    Row { name: "A5", kind: AtaFlash, steps: &[Must(Overwrite)] },
    Row { name: "H1", kind: AtaMagnetic, steps: &[Must(SanitizeOverwrite)] },
    Row { name: "H2", kind: AtaMagnetic, steps: &[Must(SanitizeCryptoErase), Must(Overwrite)] },
    Row { name: "H2b", kind: AtaMagnetic, steps: &[Must(TcgRevert), Must(Overwrite)] },
    Row { name: "H3", kind: AtaMagnetic, steps: &[Must(SecurityEraseEnhanced)] },
    Row { name: "H4", kind: AtaMagnetic, steps: &[Must(SecurityEraseNormal)] },
    Row { name: "H5", kind: AtaMagnetic, steps: &[Must(Overwrite)] },
    Row { name: "S1", kind: Scsi, steps: &[Also(SanitizeCryptoErase), Must(SanitizeBlockErase)] },
    Row { name: "S3", kind: Scsi, steps: &[Must(SanitizeOverwrite)] },
    Row { name: "S2", kind: Scsi, steps: &[Must(SanitizeCryptoErase), Must(Overwrite)] },
    Row { name: "S2b", kind: Scsi, steps: &[Must(TcgRevert), Must(Overwrite)] },
    Row { name: "S4", kind: Scsi, steps: &[Must(FormatUnit), Must(Overwrite)] },
    Row { name: "S6", kind: Scsi, steps: &[Must(Overwrite)] },
    Row { name: "E1", kind: Mmc, steps: &[Must(EraseAndSanitize)] },
    Row { name: "E2", kind: Mmc, steps: &[Must(SecureErase)] },
    Row { name: "E3", kind: Mmc, steps: &[Must(Overwrite)] },
    Row { name: "X1", kind: Other, steps: &[Must(Overwrite)] },
];

impl Kind {
    fn of(transport: Transport, medium: Medium, is_ata: bool) -> Self {
        match (transport, medium) {
            (Transport::Nvme, _) => Nvme,
            // ATA commands may be what is behind another bus: a SATA drive at a SAS controller.
            (Transport::Ata, Medium::Magnetic) => AtaMagnetic,
            (Transport::Ata, _) => AtaFlash,
            (Transport::Scsi | Transport::Usb, Medium::Magnetic) if is_ata => AtaMagnetic,
            (Transport::Scsi | Transport::Usb, _) if is_ata => AtaFlash,
            (Transport::Scsi, _) => Scsi,
            (Transport::Mmc, _) => Mmc,
            _ => Other,
        }
    }
}

impl Row {
    /// The steps that this drive would go through; `None` if it lacks one that the row cannot do without.
    fn steps(&self, support: impl Fn(Technique) -> bool) -> Option<Vec<Technique>> {
        let mut steps = Vec::new();
        for step in self.steps {
            match *step {
                Must(technique) if !support(technique) => return None,
                Also(technique) if !support(technique) => {}
                Must(technique) | Also(technique) => steps.push(technique),
            }
        }
        Some(steps)
    }
}

/// Whether a drive of this kind may go through these steps under the row of this name. For whoever reads a record that names a row.
pub fn allows(row: &str, steps: &[Technique], transport: Transport, medium: Medium) -> bool {
    let Some(row) = TABLE.iter().find(|known| known.name == row) else { return false };
    let is_kind = [false, true].into_iter().any(|is_ata| Kind::of(transport, medium, is_ata) == row.kind);
    let own = row.steps(|technique| steps.contains(&technique));
    // An overwrite may be added where erased blocks cannot be read.
    is_kind && own.is_some_and(|own| own == steps || steps.strip_suffix(&[Technique::Overwrite]) == Some(&own))
}

/// The level that steps attain together on this medium: that of the strongest.
pub fn level(steps: &[Technique], medium: Medium) -> Option<Level> {
    steps.iter().map(|step| step.level(medium)).max()
}

/// The rows that this drive can go through with their steps and levels, strongest first.
pub(crate) fn ways(
    drive: &Identity,
    techniques: &[(Technique, Support)],
) -> Vec<(&'static Row, Vec<Technique>, Level)> {
    let support = |technique| techniques.contains(&(technique, Support::Present));
    // Security Erase is an ATA command: a drive that lists it, present or not, was asked as an ATA drive.
    let is_ata = techniques.iter().any(|(technique, _)| *technique == SecurityEraseNormal);
    let kind = Kind::of(drive.transport, drive.medium, is_ata);
    let mut ways: Vec<_> = TABLE
        .iter()
        .filter(|row| row.kind == kind)
        .filter_map(|row| {
            let steps = row.steps(support)?;
            let level = level(&steps, drive.medium)?;
            Some((row, steps, level))
        })
        .collect();
    ways.sort_by_key(|(_, _, level)| core::cmp::Reverse(*level));
    ways
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drive::tests::nvme;
    use alloc::vec;

    fn names(drive: &Identity, has: &[Technique]) -> Vec<&'static str> {
        let techniques: Vec<_> = has.iter().map(|technique| (*technique, Support::Present)).collect();
        ways(drive, &techniques).into_iter().map(|(row, _, _)| row.name).collect()
    }

    #[test]
    fn an_nvme_drive_goes_through_its_rows_from_the_strongest_down() {
        let all = Technique::ALL;
        assert_eq!(names(&nvme(), &all), ["N2", "N3", "N4", "N5", "N6", "N7", "N8"]);
        assert_eq!(names(&nvme(), &[SanitizeCryptoErase, Overwrite]), ["N3", "N8"]);
        assert_eq!(names(&nvme(), &[]), [""; 0]);
    }

    #[test]
    fn a_change_of_key_comes_before_the_block_erase() {
        let techniques = [SanitizeBlockErase, SanitizeCryptoErase].map(|technique| (technique, Support::Present));
        assert_eq!(ways(&nvme(), &techniques)[0].1, [SanitizeCryptoErase, SanitizeBlockErase]);
    }

    #[test]
    fn security_erase_purges_platters_and_only_clears_flash() {
        let has =
            [SecurityEraseEnhanced, SecurityEraseNormal, Overwrite].map(|technique| (technique, Support::Present));
        let on = |medium| {
            let drive = Identity { transport: Transport::Ata, medium, ..nvme() };
            ways(&drive, &has).into_iter().map(|(row, _, level)| (row.name, level)).collect::<Vec<_>>()
        };
        assert_eq!(on(Medium::Magnetic), [("H3", Level::Purge), ("H4", Level::Clear), ("H5", Level::Clear)]);
        assert_eq!(on(Medium::Flash), [("A4", Level::Clear), ("A4b", Level::Clear), ("A5", Level::Clear)]);
        assert_eq!(on(Medium::Unknown), on(Medium::Flash));
    }

    #[test]
    fn a_sata_drive_at_a_sas_controller_is_an_ata_drive() {
        let drive = Identity { transport: Transport::Scsi, medium: Medium::Magnetic, ..nvme() };
        let techniques = vec![(SecurityEraseNormal, Support::Absent), (SanitizeOverwrite, Support::Present)];
        assert_eq!(ways(&drive, &techniques)[0].0.name, "H1");
        assert_eq!(ways(&drive, &techniques[1..])[0].0.name, "S3");
    }

    #[test]
    fn a_row_allows_its_own_steps_in_its_own_order_on_its_own_kind_of_drive() {
        let nvme = |row, steps: &[Technique]| allows(row, steps, Transport::Nvme, Medium::Flash);
        assert!(nvme("N2", &[SanitizeCryptoErase, SanitizeBlockErase]) && nvme("N2", &[SanitizeBlockErase]));
        assert!(nvme("N2", &[SanitizeBlockErase, Overwrite]), "an overwrite that was added");
        assert!(!nvme("N2", &[SanitizeBlockErase, SanitizeCryptoErase]) && !nvme("N2", &[SanitizeCryptoErase]));
        assert!(!nvme("N2", &[]) && !nvme("N8", &[SanitizeBlockErase]) && !nvme("N99", &[Overwrite]));
        assert!(!nvme("A1", &[SanitizeBlockErase]), "a row of another kind of drive");
        assert!(allows("H1", &[SanitizeOverwrite], Transport::Scsi, Medium::Magnetic));
        assert!(!allows("H1", &[SanitizeOverwrite], Transport::Ata, Medium::Flash));
    }

    #[test]
    fn names_are_unique() {
        for row in TABLE {
            assert_eq!(TABLE.iter().filter(|other| other.name == row.name).count(), 1, "{}", row.name);
        }
    }
}
