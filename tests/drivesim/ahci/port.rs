//! The port: its registers (AHCI 1.3.1 3.3), its link, and the commands of its list.

use std::io;
use std::time::Instant;

use super::frame::{self, Command, Frame};
use crate::ata::{Device, ERR, Outcome, Protocol, Registers};
use crate::host::Host;

/// `PxIS`: a Register frame came.
const DHRS: u32 = 1;
/// A PIO Setup frame came.
const PSS: u32 = 1 << 1;
/// The port connect changed.
const PCS: u32 = 1 << 6;
/// The link lost its device.
const PRCS: u32 = 1 << 22;
/// No such guest memory.
const HBFS: u32 = 1 << 29;
/// A command ended with an error.
const TFES: u32 = 1 << 30;

/// `PxCMD`: start, command list override, FIS receive enable, and the two that follow them.
const ST: u32 = 1;
const CLO: u32 = 1 << 3;
const FRE: u32 = 1 << 4;
const FR: u32 = 1 << 14;
const CR: u32 = 1 << 15;

/// `PxSERR`: the link came or went.
const EXCHANGED: u32 = 1 << 26 | 1 << 16;
/// `PxTFD`: ready, after a reset with the diagnostic code "passed" in ERROR.
const PASSED: u32 = 0x0150;
/// `PxTFD`: no device.
const NOBODY: u32 = 0x7f;
/// `PxSSTS`: a device with the link up at 6 Gb/s.
const LINK_UP: u32 = 0x133;
/// `PxSIG`: an ATA device.
const ATA: u32 = 0x0101;

/// The registers of the port, by offset, and the drive at it.
#[derive(Debug)]
pub(super) struct Port {
    pub(super) drive: Device,
    list: u64,
    frames: u64,
    status: u32,
    enable: u32,
    command: u32,
    taskfile: u32,
    signature: u32,
    link: u32,
    control: u32,
    error: u32,
    issued: u32,
    /// The slot of the command that the drive is busy with.
    busy: Option<u32>,
}

impl Port {
    pub(super) fn new(drive: Device) -> Self {
        let mut port = Self {
            drive,
            list: 0,
            frames: 0,
            status: 0,
            enable: 0,
            command: 0,
            taskfile: NOBODY,
            signature: u32::MAX,
            link: 0,
            control: 0,
            error: 0,
            issued: 0,
            busy: None,
        };
        port.connect();
        port
    }

    /// All registers as after a reset of the controller.
    pub(super) fn reset(&mut self) {
        (self.list, self.frames, self.status, self.enable) = (0, 0, 0, 0);
        (self.command, self.control, self.error) = (0, 0, 0);
        self.connect();
    }

    /// The link comes up, if there is a drive.
    fn connect(&mut self) {
        (self.issued, self.busy) = (0, None);
        if self.drive.is_gone() {
            (self.link, self.taskfile, self.signature) = (0, NOBODY, u32::MAX);
            return;
        }
        (self.link, self.taskfile, self.signature) = (LINK_UP, PASSED, ATA);
        self.error |= EXCHANGED;
        self.status |= PCS;
    }

    /// The link goes down and stays so.
    fn disconnect(&mut self) {
        (self.link, self.taskfile, self.signature) = (0, NOBODY, u32::MAX);
        (self.issued, self.busy) = (0, None);
        self.error |= EXCHANGED;
        self.status |= PRCS | PCS;
    }

    /// What is pending of what the host wants to be told.
    pub(super) fn interrupts(&self) -> u32 {
        self.status & self.enable
    }

    pub(super) fn read(&self, register: u64) -> u32 {
        let half = |address: u64, shift: u32| u32::try_from(address >> shift & 0xffff_ffff).unwrap_or(0);
        match register {
            0x00 => half(self.list, 0),
            0x04 => half(self.list, 32),
            0x08 => half(self.frames, 0),
            0x0c => half(self.frames, 32),
            0x10 => self.status,
            0x14 => self.enable,
            0x18 => self.command,
            0x20 => self.taskfile,
            0x24 => self.signature,
            0x28 => self.link,
            0x2c => self.control,
            0x30 => self.error,
            0x38 => self.issued,
            _ => 0,
        }
    }

    pub(super) fn write(&mut self, host: &mut Host, register: u64, value: u32) {
        let low = |address: u64| address & !0xffff_ffff | u64::from(value);
        let high = |address: u64| address & 0xffff_ffff | u64::from(value) << 32;
        match register {
            0x00 => self.list = low(self.list) & !0x3ff,
            0x04 => self.list = high(self.list),
            0x08 => self.frames = low(self.frames) & !0xff,
            0x0c => self.frames = high(self.frames),
            0x10 => self.status &= !value,
            0x14 => self.enable = value,
            0x18 => self.write_command(host, value),
            0x2c => self.write_control(value),
            0x30 => self.error &= !value,
            0x38 if self.command & ST != 0 => {
                self.issued |= value;
                self.run(host);
            }
            _ => {}
        }
    }

    /// `PxCMD`. CR and FR follow ST and FRE at once; without ST no command is issued.
    fn write_command(&mut self, host: &mut Host, value: u32) {
        let mut command = value & !(CR | FR | CLO);
        if value & ST == 0 {
            self.issued = 0;
        } else {
            command |= CR;
        }
        if value & FRE != 0 {
            command |= FR;
        }
        // An error must be cleared, and BSY and DRQ with CLO, before the next start.
        if value & CLO != 0 && !self.drive.is_busy() {
            self.taskfile &= !0x88;
        }
        self.command = command;
        self.run(host);
    }

    /// `PxSCTL`: DET 1 sends COMRESET for as long as it is there, 4 switches the link off.
    fn write_control(&mut self, value: u32) {
        let was_off = matches!(self.control & 0xf, 1 | 4);
        self.control = value;
        if matches!(value & 0xf, 1 | 4) {
            (self.link, self.taskfile) = (value & 4, NOBODY);
            (self.issued, self.busy) = (0, None);
        } else if was_off {
            self.drive.hard_reset();
            self.connect();
        }
    }

    /// Executes what is issued, in the order of the slots, until the drive is busy or an error stops the list.
    fn run(&mut self, host: &mut Host) {
        while self.command & ST != 0 && self.issued != 0 && self.busy.is_none() && self.status & (TFES | HBFS) == 0 {
            if self.link != LINK_UP {
                return;
            }
            let slot = self.issued.trailing_zeros();
            if let Err(error) = self.execute(host, slot) {
                self.drive.drive.log.event("guest-memory-error", &error.to_string(), &[]);
                self.status |= HBFS;
            }
        }
    }

    fn execute(&mut self, host: &mut Host, slot: u32) -> io::Result<()> {
        let command = Command::read(host, self.list, slot)?;
        let task = match command.frame(host)? {
            Frame::Command(task) => task,
            Frame::Control { resets } => {
                self.issued &= !(1 << slot);
                self.soft_reset(host, resets)?;
                return Ok(());
            }
        };
        let transfer = self.drive.transfer(&task);
        let data = match transfer.protocol {
            Protocol::PioOut | Protocol::DmaOut => command.gather(host, transfer.bytes)?,
            _ => Vec::new(),
        };
        command.count(host, data.len())?;
        match self.drive.execute(&task, &data) {
            Outcome::Busy => {
                self.taskfile = 0xd0;
                self.busy = Some(slot);
            }
            Outcome::Gone => self.disconnect(),
            Outcome::Complete { registers, data } => {
                if !data.is_empty() {
                    let scattered = command.scatter(host, &data)?;
                    command.count(host, scattered)?;
                }
                let is_pio_in = transfer.protocol == Protocol::PioIn && registers.status & ERR == 0;
                self.complete(host, slot, &registers, is_pio_in.then_some(data.len()))?;
            }
        }
        Ok(())
    }

    /// SRST ends when the host takes it back: then comes the signature.
    fn soft_reset(&mut self, host: &Host, resets: bool) -> io::Result<()> {
        if resets {
            return Ok(());
        }
        (self.taskfile, self.signature) = (PASSED, ATA);
        let signature = Registers { status: 0x50, error: 0x01, count: 1, lba: 1, device: 0 };
        self.receive(host, frame::REGISTER_AT, &frame::register(&signature))
    }

    fn receive(&self, host: &Host, at: u64, frame: &[u8]) -> io::Result<()> {
        if self.command & FRE == 0 { Ok(()) } else { host.write(self.frames + at, frame) }
    }

    /// The answer: a PIO Setup frame after data by PIO, else a Register frame. After an error the list stands still until ST is taken away.
    fn complete(&mut self, host: &Host, slot: u32, registers: &Registers, pio: Option<usize>) -> io::Result<()> {
        self.taskfile = u32::from(registers.status) | u32::from(registers.error) << 8;
        if let Some(bytes) = pio {
            self.receive(host, frame::PIO_SETUP_AT, &frame::pio_setup(registers, bytes))?;
            self.status |= PSS;
        } else {
            self.receive(host, frame::REGISTER_AT, &frame::register(registers))?;
            self.status |= DHRS;
        }
        if registers.status & ERR == 0 {
            self.issued &= !(1 << slot);
        } else {
            self.status |= TFES;
        }
        Ok(())
    }

    /// Lets the clock go on.
    pub(super) fn tick(&mut self, host: &mut Host, now: Instant) {
        let ended = self.drive.poll(now);
        if self.drive.is_gone() && self.link == LINK_UP {
            self.disconnect();
        }
        let (Some(Outcome::Complete { registers, .. }), Some(slot)) =
            (ended, self.busy.take_if(|_| !self.drive.is_busy()))
        else {
            return;
        };
        if let Err(error) = self.complete(host, slot, &registers, None) {
            self.drive.drive.log.event("guest-memory-error", &error.to_string(), &[]);
        }
        self.run(host);
    }
}
