//! Controller properties (Base 2.1, 3.1.4) and doorbells (PCIe transport 1.1, 3.1.2).

use super::Spec;
use super::VERSION;
use super::controller::{Controller, LARGEST_QUEUE_SIZE};
use super::spec::PendingReset;
use crate::bytes::put;
use crate::host::Host;

const INTMS: u64 = 0x0c;
const INTMC: u64 = 0x10;
const CC: u64 = 0x14;
const CSTS: u64 = 0x1c;
const NSSR: u64 = 0x20;
const AQA: u64 = 0x24;
const ASQ: u64 = 0x28;
const ACQ: u64 = 0x30;
const PMRCTL: u64 = 0xe04;
const DOORBELLS: u64 = 0x1000;

/// CSTS: ready, fatal status, shutdown complete, a subsystem reset occurred.
const READY: u32 = 1;
const FATAL: u32 = 1 << 1;
const SHUTDOWN_COMPLETE: u32 = 2 << 2;
const SUBSYSTEM_RESET_OCCURRED: u32 = 1 << 4;
/// "NVMe", what must be written to NSSR.
const SUBSYSTEM_RESET: u32 = 0x4e56_4d65;

/// The registers that keep something.
#[derive(Debug)]
pub(super) struct Registers {
    capabilities: u64,
    boot_partition_units: u16,
    has_pmr: bool,
    interrupt_mask: u32,
    configuration: u32,
    status: u32,
    admin_sizes: u32,
    admin_submission: u64,
    admin_completion: u64,
}

impl Registers {
    /// CAP: MQES, CQR, TO 20 s, NSSRS, CSS NVM, BPS, PMRS.
    pub(super) fn new(spec: &Spec) -> Self {
        let boot_partitions = u64::from(spec.boot_partition_units > 0) << 45;
        let capabilities = u64::from(LARGEST_QUEUE_SIZE)
            | 1 << 16
            | 40 << 24
            | 1 << 36
            | 1 << 37
            | boot_partitions
            | u64::from(spec.pmr) << 56;
        Self {
            capabilities,
            boot_partition_units: spec.boot_partition_units,
            has_pmr: spec.pmr,
            interrupt_mask: 0,
            configuration: 0,
            status: 0,
            admin_sizes: 0,
            admin_submission: 0,
            admin_completion: 0,
        }
    }

    /// Controller Fatal Status.
    pub(super) fn fail(&mut self) {
        self.status |= FATAL;
    }

    /// A reset that is more than CC.EN: AQA, ASQ and ACQ go too.
    fn clear(&mut self) {
        self.interrupt_mask = 0;
        self.configuration = 0;
        self.status = 0;
        self.admin_sizes = 0;
        self.admin_submission = 0;
        self.admin_completion = 0;
    }
}

impl Controller {
    /// The guest reads registers.
    pub(super) fn read_registers(&self, offset: u64, data: &mut [u8]) {
        let registers = &self.registers;
        let mut all = vec![0; 0xe20];
        put(&mut all, 0x00, &registers.capabilities.to_le_bytes());
        put(&mut all, 0x08, &VERSION.to_le_bytes());
        put(&mut all, 0x0c, &registers.interrupt_mask.to_le_bytes());
        put(&mut all, 0x10, &registers.interrupt_mask.to_le_bytes());
        put(&mut all, 0x14, &registers.configuration.to_le_bytes());
        put(&mut all, 0x1c, &registers.status.to_le_bytes());
        put(&mut all, 0x24, &registers.admin_sizes.to_le_bytes());
        put(&mut all, 0x28, &registers.admin_submission.to_le_bytes());
        put(&mut all, 0x30, &registers.admin_completion.to_le_bytes());
        // BPINFO: BPSZ in units of 128 KiB.
        put(&mut all, 0x40, &registers.boot_partition_units.to_le_bytes());
        if registers.has_pmr {
            // PMRCAP: reads, writes, behind BAR 4; PMRCTL.EN; PMRSTS not ready while disabled.
            let is_enabled = self.subsystem.pmr_is_enabled;
            put(&mut all, 0xe00, &(1u32 << 3 | 1 << 4 | 4 << 5).to_le_bytes());
            put(&mut all, 0xe04, &u32::from(is_enabled).to_le_bytes());
            put(&mut all, 0xe08, &(u32::from(!is_enabled) << 8).to_le_bytes());
        }
        let start = usize::try_from(offset).unwrap_or(usize::MAX);
        data.iter_mut().zip(all.iter().skip(start)).for_each(|(slot, byte)| *slot = *byte);
    }

    /// The guest writes registers: 4 bytes, or 8.
    pub(super) fn write_registers(&mut self, host: &mut Host, offset: u64, data: &[u8]) {
        for (offset, dword) in (offset..).step_by(4).zip(data.chunks(4)) {
            let mut value = [0; 4];
            put(&mut value, 0, dword);
            self.write_register(host, offset, u32::from_le_bytes(value));
        }
    }

    fn write_register(&mut self, host: &mut Host, offset: u64, value: u32) {
        let low = |old: u64| old >> 32 << 32 | u64::from(value);
        let high = |old: u64| old & u64::from(u32::MAX) | u64::from(value) << 32;
        let registers = &mut self.registers;
        match offset {
            INTMS => registers.interrupt_mask |= value,
            INTMC => registers.interrupt_mask &= !value,
            CC => self.configure(value),
            CSTS => registers.status &= !(value & SUBSYSTEM_RESET_OCCURRED),
            NSSR if value == SUBSYSTEM_RESET => {
                self.bus_reset(PendingReset::Subsystem);
                self.registers.status |= SUBSYSTEM_RESET_OCCURRED;
            }
            AQA => registers.admin_sizes = value,
            ASQ => registers.admin_submission = low(registers.admin_submission),
            0x2c => registers.admin_submission = high(registers.admin_submission),
            ACQ => registers.admin_completion = low(registers.admin_completion),
            0x34 => registers.admin_completion = high(registers.admin_completion),
            PMRCTL if registers.has_pmr => self.subsystem.pmr_is_enabled = value & 1 != 0,
            DOORBELLS.. => {
                let number = (offset - DOORBELLS) / 4;
                // Even doorbells are submission queue tails. Odd ones are completion queue heads: these queues never overflow, because
                // the host has no more commands on the way than entries.
                if let Ok(queue) = u16::try_from(number / 2)
                    && number.is_multiple_of(2)
                {
                    self.ring(host, queue, value);
                }
            }
            _ => {}
        }
    }

    fn configure(&mut self, value: u32) {
        let was_enabled = self.registers.configuration & 1 != 0;
        let is_enabled = value & 1 != 0;
        self.registers.configuration = value;
        if is_enabled && !was_enabled {
            let Registers { admin_sizes, admin_submission, admin_completion, .. } = self.registers;
            self.enable(admin_sizes, admin_submission, admin_completion);
            self.registers.status |= READY;
        } else if was_enabled && !is_enabled {
            self.reset(PendingReset::Controller);
            self.registers.status = 0;
        }
        // CC.SHN: a shutdown is complete at once.
        if value >> 14 & 3 != 0 {
            self.registers.status |= SHUTDOWN_COMPLETE;
        } else {
            self.registers.status &= !(3 << 2);
        }
    }

    /// A reset that comes from the bus, or of the whole subsystem.
    pub(super) fn bus_reset(&mut self, reset: PendingReset) {
        self.reset(reset);
        self.registers.clear();
    }
}
