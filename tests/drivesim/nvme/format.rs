//! Format NVM (Base 2.1, 5.1.10): a foreground command, which is answered when it is done.

use std::time::{Duration, Instant};

use super::namespace::{ALL, block_of};
use super::status::Status;
use super::subsystem::Subsystem;
use crate::fault::{self, Answer};
use crate::media::Technique;

/// A Format NVM command that is being worked on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Formatting {
    pub(super) cid: u16,
    /// When it is answered; `None` is never.
    due: Option<Instant>,
    nsid: u32,
    format: usize,
    technique: Option<Technique>,
}

impl Subsystem {
    /// FNA (Identify Controller, byte 524).
    pub(super) fn fna(&self) -> u8 {
        let spec = self.spec();
        let flags = [spec.format_all, spec.erase_all, spec.format_crypto, spec.no_broadcast];
        flags.iter().zip(0..).map(|(flag, bit)| u8::from(*flag) << bit).sum()
    }

    /// Begins command `cid`. [`Subsystem::end_format`] answers it.
    pub(super) fn begin_format(&mut self, cid: u16, nsid: u32, dword_10: u32, now: Instant) -> Result<(), Status> {
        if !self.spec().format || self.drive.faults().answer(fault::Command::Format) == Answer::Refuse {
            return Err(Status::INVALID_OPCODE);
        }
        self.sanitize_forbids()?;
        if self.formatting.is_some() {
            return Err(Status::FORMAT_IN_PROGRESS);
        }
        let format = usize::try_from(dword_10 & 0xf).unwrap_or(usize::MAX);
        // PI, PIL and more than 16 formats: this drive has neither protection information nor so many.
        if block_of(format).is_none() || dword_10 >> 5 & 0xf != 0 || dword_10 >> 12 & 3 != 0 {
            return Err(Status::INVALID_FORMAT);
        }
        let technique = match dword_10 >> 9 & 7 {
            0 => None,
            1 => Some(Technique::BlockErase),
            2 if self.spec().format_crypto => Some(Technique::CryptoErase),
            _ => return Err(Status::INVALID_FIELD),
        };
        self.check_target(nsid)?;
        let seconds = Duration::from_secs_f64(self.spec().format_s.clamp(0.0, 86_400.0));
        let due = self.drive.faults().stall_at_percent.is_none().then(|| now + seconds);
        self.formatting = Some(Formatting { cid, due, nsid, format, technique });
        self.drive.log.event("format-started", &format!("{technique:?}"), &[]);
        Ok(())
    }

    fn check_target(&self, nsid: u32) -> Result<(), Status> {
        match nsid {
            ALL if self.spec().no_broadcast => return Err(Status::INVALID_FIELD),
            ALL => {}
            _ if self.active(nsid).is_none() => return Err(Status::INVALID_NAMESPACE),
            _ => {}
        }
        if self.is_locked() {
            return Err(Status::ACCESS_DENIED);
        }
        let is_protected =
            |nsid: u32| self.namespaces.iter().any(|ns| ns.is_write_protected && (nsid == ALL || ns.nsid == nsid));
        if is_protected(nsid) || self.drive.faults().write_protected { Err(Status::WRITE_PROTECTED) } else { Ok(()) }
    }

    /// The answer to the Format NVM that is due, if one is.
    pub(super) fn end_format(&mut self, now: Instant) -> Option<(u16, Status)> {
        let formatting = self.formatting.filter(|formatting| formatting.due.is_some_and(|due| due <= now))?;
        self.formatting = None;
        if self.drive.faults().answer(fault::Command::Format) == Answer::Ignore {
            return Some((formatting.cid, Status::SUCCESS));
        }
        let spec = self.spec();
        let all_erase = spec.erase_all || spec.format_all;
        let (format_all, erase_all) = (spec.format_all || formatting.nsid == ALL, all_erase || formatting.nsid == ALL);
        let failure = self.drive.faults().fail_at_percent;
        if let Some(technique) = formatting.technique {
            let is_erased = |nsid| erase_all || nsid == formatting.nsid;
            let extents: Vec<_> =
                self.namespaces.iter().filter(|ns| is_erased(ns.nsid)).map(|ns| ns.extent.clone()).collect();
            self.drive.erase(technique, &extents, failure.unwrap_or(100));
            for extent in &extents {
                self.unmapped.remove(extent.clone());
            }
        }
        if failure.is_some() {
            self.drive.log.event("format-failed", "", &[]);
            return Some((formatting.cid, Status::INTERNAL));
        }
        for namespace in self.namespaces.iter_mut().filter(|ns| format_all || ns.nsid == formatting.nsid) {
            namespace.format = formatting.format;
        }
        self.drive.log.event("format-done", "", &[]);
        Some((formatting.cid, Status::SUCCESS))
    }
}
