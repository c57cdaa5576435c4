//! Erase, trim, their secure kinds, and sanitize (JESD84-B51 6.6.9 to 6.6.12).

use std::ops::Range;

use super::register::GROUP;
use super::{Card, status};
use crate::fault::{Answer, Command, Lie};
use crate::media::Technique;

impl Card {
    /// CMD35 (start), CMD36 (end) and CMD38 (do it), in this order.
    pub(super) fn erase_command(&mut self, index: u8, argument: u32) {
        match index {
            35 => {
                self.erase_start = self.blocks(argument, 1).map(|blocks| blocks.start);
                self.erase_end = None;
            }
            36 if self.erase_start.is_some() => {
                self.erase_end = self.blocks(argument, 1).map(|blocks| blocks.end);
            }
            38 => match (self.erase_start.take(), self.erase_end.take()) {
                (Some(start), Some(end)) if start < end => self.erase(argument, start..end),
                (Some(_), Some(_)) => self.errors |= status::ERASE_PARAM,
                _ => self.errors |= status::ERASE_SEQ_ERROR,
            },
            _ => self.errors |= status::ERASE_SEQ_ERROR,
        }
    }

    /// The whole groups that `blocks` touches, within their area.
    fn groups(&self, blocks: &Range<u64>) -> Range<u64> {
        let area = self.area();
        let (start, end) = (blocks.start - area.start, blocks.end - area.start);
        area.start + start / GROUP * GROUP..(area.start + end.div_ceil(GROUP) * GROUP).min(area.end)
    }

    /// CMD38 with its argument (table 11).
    fn erase(&mut self, argument: u32, blocks: Range<u64>) {
        let emmc = &self.drive.spec.emmc;
        let (has_secure, has_trim) = (emmc.secure_erase, emmc.trim);
        let (command, is_there) = match argument {
            0x0000_0000 => (Command::Erase, true),
            0x0000_0001 => (Command::Deallocate, has_trim),
            0x0000_0003 => (Command::Deallocate, true),
            0x8000_0000 => (Command::Erase, has_secure),
            0x8000_0001 | 0x8000_8000 => (Command::Deallocate, has_secure && has_trim),
            _ => (Command::Erase, false),
        };
        if !is_there {
            self.errors |= status::ERASE_PARAM;
            return;
        }
        if self.is_protected() {
            self.errors |= status::WP_ERASE_SKIP;
            return;
        }
        match self.drive.faults().answer(command) {
            Answer::Refuse => self.errors |= status::ERROR,
            Answer::Ignore => {}
            Answer::Obey => match argument {
                0x0000_0000 => self.unmap(&self.groups(&blocks)),
                0x0000_0001 => self.unmap(&blocks),
                0x8000_0000 => self.start(&[self.groups(&blocks)]),
                0x8000_0001 => self.marked.insert(blocks),
                0x8000_8000 => {
                    let marked: Vec<Range<u64>> = self.marked.iter().collect();
                    self.marked.clear();
                    self.start(&marked);
                }
                // Discard: the contents may stay as they are, and so they do.
                _ => {}
            },
        }
    }

    /// The blocks read as zeros from now on, but for those that a liar keeps. The medium still holds them.
    fn unmap(&mut self, blocks: &Range<u64>) {
        let kept = match &self.drive.faults().lies {
            Some(Lie::KeepsAll) => return,
            Some(Lie::Keeps(kept)) => kept.0.clone(),
            None => 0..0,
        };
        self.unmapped.insert(blocks.clone());
        if !kept.is_empty() {
            self.unmapped.remove(kept.start.max(blocks.start)..kept.end.min(blocks.end).max(blocks.start));
        }
        self.drive.log.event("unmapped", &format!("{blocks:?}"), &[]);
    }

    fn start(&mut self, blocks: &[Range<u64>]) {
        let bytes = blocks.iter().map(|range| range.start * 512..range.end * 512).collect();
        self.drive.start(Technique::BlockErase, bytes);
    }

    /// `SANITIZE_START`: removes from the medium what is unmapped, in every area, and nothing else.
    pub(super) fn sanitize(&mut self) {
        if !self.drive.spec.emmc.sanitize {
            self.errors |= status::SWITCH_ERROR;
            return;
        }
        match self.drive.faults().answer(Command::Sanitize) {
            Answer::Refuse => self.errors |= status::SWITCH_ERROR,
            Answer::Ignore => {}
            Answer::Obey => {
                let unmapped: Vec<Range<u64>> = self.unmapped.iter().collect();
                self.start(&unmapped);
            }
        }
    }
}
