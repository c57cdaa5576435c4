//! A disk of 520-byte blocks becomes one of 512: MODE SELECT with a block descriptor, and the FORMAT UNIT that makes it true (SBC-4 §4.35).
//!
//! The format writes the whole medium, which takes hours. If it is cut short, the disk has no format at all (31h/00h) until another one, or
//! a sanitize, has ended well.

use purgeproof_core::firmware::{Begun, Transcript};
use purgeproof_core::technique::Technique;
use purgeproof_core::units::{BlockSize, Blocks};
use purgeproof_spec::scsi::command::test_unit_ready;
use purgeproof_spec::scsi::erase::{format_unit, mode_select_block_size, mode_select_block_size_6};

use super::ScsiFirmware;
use super::query::{Reply, SHORT_MS, ask, exchange, send};
use crate::channel::ScsiChannel;

impl<C: ScsiChannel> ScsiFirmware<C> {
    pub(super) fn format_to(&mut self, to: BlockSize, log: &mut dyn Transcript) -> Begun {
        (self.begun, self.noted) = (None, None);
        match (self.select_block_size(to, log), format_unit(0, false)) {
            (Ok(()), Some(command)) => self.erase(Technique::FormatUnit, &command, log),
            (Err(begun), _) => begun,
            (Ok(()), None) => Begun::Refused { why: "there is no such format".to_owned() },
        }
    }

    /// Tells the drive the length that the next format makes. Some drives save no block descriptor, and old ones have only the short
    /// command; what is said again destroys nothing.
    fn select_block_size(&mut self, to: BlockSize, log: &mut dyn Transcript) -> Result<(), Begun> {
        let name = format!("MODE SELECT, {}-byte blocks", to.get());
        let selects = [
            mode_select_block_size(to.get(), true),
            mode_select_block_size(to.get(), false),
            mode_select_block_size_6(to.get(), false),
        ];
        let mut refusal = "blocks of this length do not fit into MODE SELECT".to_owned();
        // A unit attention that is still waiting to be told would take the place of the answer.
        log.note(ask(&mut self.channel, "TEST UNIT READY", &test_unit_ready(), &mut []).1);
        for select in selects.into_iter().flatten() {
            log.note(exchange(&name, &select));
            let (reply, answered) = send(&mut self.channel, &name, &select, &mut [], SHORT_MS);
            log.note(answered);
            match (&reply, reply.refusal()) {
                (Reply::Good(_), _) => return Ok(()),
                (_, Some(why)) => refusal = why,
                (_, None) => return Err(Begun::Lost { why: reply.words() }),
            }
        }
        Err(Begun::Refused { why: format!("MODE SELECT: {refusal}") })
    }

    pub(super) fn formatted_to(&mut self, to: BlockSize, log: &mut dyn Transcript) -> Result<Blocks, String> {
        let now = self.read_capacity(log).ok_or("it does not tell its size any more")?;
        if now.block_size != to.get() {
            return Err(format!("it has {} blocks of {} bytes", now.blocks, now.block_size));
        }
        self.capacity = Some(now);
        // Without it the kernel gives the disk no size until it is plugged in again, which changes nothing about the disk.
        let _ = self.channel.rescan();
        Ok(Blocks(now.blocks))
    }
}
