//! A device on QEMU's PCI bus over vfio-user: configuration space, one BAR, MSI-X or an interrupt pin. The only file that knows vfio-user.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use vfio_bindings::bindings::vfio::{
    VFIO_IRQ_INFO_AUTOMASKED, VFIO_IRQ_INFO_EVENTFD, VFIO_IRQ_INFO_MASKABLE, VFIO_IRQ_INFO_NORESIZE,
    VFIO_IRQ_SET_ACTION_MASK, VFIO_IRQ_SET_ACTION_TRIGGER, VFIO_IRQ_SET_ACTION_UNMASK, VFIO_IRQ_SET_DATA_EVENTFD,
    VFIO_PCI_CONFIG_REGION_INDEX, VFIO_PCI_INTX_IRQ_INDEX, VFIO_PCI_MSIX_IRQ_INDEX, VFIO_PCI_NUM_IRQS,
    VFIO_PCI_NUM_REGIONS, VFIO_REGION_INFO_FLAG_READ, VFIO_REGION_INFO_FLAG_WRITE, vfio_region_info,
};
use vfio_user::{DmaMapFlags, DmaUnmapFlags, IrqInfo, Server, ServerBackend, ServerRegion};

use crate::bytes::put;
use crate::error::Error;
use crate::host::Host;

/// Bytes of every device's BAR.
pub const BAR_SIZE: u64 = 0x4000;
/// Where the MSI-X table and its pending bits are in the BAR: a device's registers end before, or it uses a pin.
const MSIX_TABLE: u32 = 0x2000;
const MSIX_PENDING: u32 = 0x3000;
const VECTORS: u16 = 32;
/// Where the MSI-X capability is in configuration space; the device's own follow.
const MSIX: usize = 0x40;
/// How often the clock goes on when the guest does nothing.
const TICK: Duration = Duration::from_millis(20);

/// What a device is on the bus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Vendor ID.
    pub vendor: u16,
    /// Device ID.
    pub device: u16,
    /// Class, subclass and programming interface, as `0x010802`.
    pub class: u32,
    /// Subsystem vendor ID and subsystem ID.
    pub subsystem: (u16, u16),
    /// Revision ID.
    pub revision: u8,
}

/// The BAR that a device's registers are in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bar {
    /// Its number, 0 to 5.
    pub index: u8,
    /// 64 bits wide: takes the next number too.
    pub is_wide: bool,
}

/// How a device interrupts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interrupts {
    /// 32 MSI-X vectors, raised by [`Host::interrupt`].
    Msix,
    /// INTA#, with the level that [`PciDevice::pin`] tells.
    Pin,
}

/// A device on the bus: what a front end (NVMe, AHCI, virtio-scsi, SDHCI) implements. Every call has the device to itself.
pub trait PciDevice: Send {
    /// What it is.
    fn identity(&self) -> Identity;

    /// Where its registers are. The BAR has 16 KiB; with MSI-X the registers end at 0x2000.
    fn bar(&self) -> Bar;

    /// How it interrupts.
    fn interrupts(&self) -> Interrupts;

    /// Its vendor-specific capabilities (ID 09h), each from the byte after the length on.
    fn capabilities(&self) -> Vec<Vec<u8>> {
        Vec::new()
    }

    /// The guest reads registers at `offset` of the BAR.
    fn read(&mut self, host: &mut Host, offset: u64, data: &mut [u8]);

    /// The guest writes registers at `offset` of the BAR.
    fn write(&mut self, host: &mut Host, offset: u64, data: &[u8]);

    /// The clock goes on; at least every 20 ms, and before each access of the guest.
    fn tick(&mut self, host: &mut Host, now: Instant);

    /// The machine, or the function, is reset: QEMU does it at its start, at a reboot and when it wakes from S3, after [`Self::wake`]. The
    /// drive keeps its power.
    fn reset(&mut self);

    /// A QEMU has connected: the drive gets power. A reset by QEMU follows.
    fn power_on(&mut self);

    /// The machine wakes from S3, for which the drive had no power. Where that makes no difference to being switched on, it is that.
    fn wake(&mut self) {
        self.power_on();
    }

    /// The QEMU is dead, or the machine sleeps (S3): the drive has no power.
    fn power_off(&mut self);

    /// It has left the bus: all its registers read as ones.
    fn is_gone(&self) -> bool;

    /// The level of its interrupt pin.
    fn pin(&self) -> bool {
        false
    }
}

/// A device and the machine that it is in.
pub(crate) struct Seat {
    device: Box<dyn PciDevice>,
    host: Host,
    is_asleep: bool,
}

impl Seat {
    /// The machine sleeps (S3), and memory alone has power. QEMU tells a device of the end of it, by a reset, and not of its beginning.
    pub(crate) fn suspend(&mut self) {
        self.is_asleep = true;
        self.device.power_off();
    }

    fn reset(&mut self) {
        if std::mem::take(&mut self.is_asleep) {
            self.device.wake();
        }
        self.device.reset();
    }

    fn tick(&mut self) {
        self.device.tick(&mut self.host, Instant::now());
        self.level();
    }

    fn level(&mut self) {
        if self.device.interrupts() == Interrupts::Pin {
            self.host.pin_level(self.device.pin() && !self.device.is_gone());
        }
    }
}

/// The configuration space of a device at power-on.
fn configuration(device: &dyn PciDevice) -> [u8; 256] {
    let mut space = [0; 256];
    let identity = device.identity();
    let bar = device.bar();
    put(&mut space, 0x00, &identity.vendor.to_le_bytes());
    put(&mut space, 0x02, &identity.device.to_le_bytes());
    put(&mut space, 0x08, &[identity.revision]);
    put(&mut space, 0x09, identity.class.to_le_bytes().split_at(3).0);
    put(&mut space, 0x10 + usize::from(bar.index) * 4, &[if bar.is_wide { 4 } else { 0 }]);
    put(&mut space, 0x2c, &identity.subsystem.0.to_le_bytes());
    put(&mut space, 0x2e, &identity.subsystem.1.to_le_bytes());
    let mut link = 0x34;
    let mut at = MSIX;
    if device.interrupts() == Interrupts::Msix {
        put(&mut space, MSIX, &[0x11, 0]);
        put(&mut space, MSIX + 2, &(VECTORS - 1).to_le_bytes());
        put(&mut space, MSIX + 4, &(MSIX_TABLE | u32::from(bar.index)).to_le_bytes());
        put(&mut space, MSIX + 8, &(MSIX_PENDING | u32::from(bar.index)).to_le_bytes());
        (link, at) = chain(&mut space, link, at, 12);
    } else {
        put(&mut space, 0x3d, &[1]);
    }
    for capability in device.capabilities() {
        let length = capability.len() + 3;
        put(&mut space, at, &[0x09, 0, u8::try_from(length).unwrap_or(u8::MAX)]);
        put(&mut space, at + 3, &capability);
        (link, at) = chain(&mut space, link, at, length);
    }
    space
}

/// Links the capability of `length` bytes at `at` to the one before; gives where its own link is and where the next capability goes.
fn chain(space: &mut [u8], link: usize, at: usize, length: usize) -> (usize, usize) {
    put(space, 0x06, &[0x10]);
    put(space, link, &[u8::try_from(at).unwrap_or(0)]);
    (at + 1, (at + length).next_multiple_of(4))
}

/// One connection of a QEMU.
struct Backend {
    seat: Arc<Mutex<Seat>>,
    configuration: [u8; 256],
    bar: u32,
    has_power: bool,
}

pub(crate) fn lock(seat: &Mutex<Seat>) -> MutexGuard<'_, Seat> {
    // A panic in a device is a bug that its own test shows; the other drives go on.
    seat.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Backend {
    /// The device, which has power from the first request of a connection on.
    fn seat(&mut self) -> MutexGuard<'_, Seat> {
        let mut seat = lock(&self.seat);
        if !std::mem::replace(&mut self.has_power, true) {
            seat.device.power_on();
            self.configuration = configuration(&*seat.device);
        }
        seat
    }

    /// Only what the guest may write: command, interrupt line, MSI-X enable and mask. QEMU keeps the BARs.
    fn configure(&mut self, offset: u64, data: &[u8]) {
        for (at, byte) in (usize::try_from(offset).unwrap_or(usize::MAX)..).zip(data) {
            match at {
                0x04 | 0x05 | 0x3c => put(&mut self.configuration, at, &[*byte]),
                _ if at == MSIX + 3 && self.configuration.get(MSIX) == Some(&0x11) => {
                    put(&mut self.configuration, at, &[byte & 0xc0]);
                }
                _ => {}
            }
        }
    }
}

impl ServerBackend for Backend {
    fn region_read(&mut self, region: u32, offset: u64, data: &mut [u8]) -> io::Result<()> {
        drop(self.seat());
        let mut seat = lock(&self.seat);
        seat.tick();
        let Seat { device, host, .. } = &mut *seat;
        data.fill(0);
        if device.is_gone() {
            data.fill(0xff);
        } else if region == VFIO_PCI_CONFIG_REGION_INDEX {
            let start = usize::try_from(offset).unwrap_or(usize::MAX);
            data.iter_mut().zip(self.configuration.iter().skip(start)).for_each(|(slot, byte)| *slot = *byte);
        } else if region == self.bar {
            device.read(host, offset, data);
        }
        seat.level();
        Ok(())
    }

    fn region_write(&mut self, region: u32, offset: u64, data: &[u8]) -> io::Result<()> {
        drop(self.seat());
        let shared = Arc::clone(&self.seat);
        let mut seat = lock(&shared);
        seat.tick();
        let Seat { device, host, .. } = &mut *seat;
        if region == VFIO_PCI_CONFIG_REGION_INDEX {
            self.configure(offset, data);
        } else if region == self.bar && !device.is_gone() {
            device.write(host, offset, data);
        }
        seat.level();
        Ok(())
    }

    fn dma_map(
        &mut self,
        flags: DmaMapFlags,
        offset: u64,
        address: u64,
        size: u64,
        file: Option<File>,
    ) -> io::Result<()> {
        if let Some(file) = file {
            self.seat().host.map(address, size, file, offset, flags.contains(DmaMapFlags::WRITE));
        }
        Ok(())
    }

    fn dma_unmap(&mut self, flags: DmaUnmapFlags, address: u64, size: u64) -> io::Result<()> {
        let (address, size) = if flags.contains(DmaUnmapFlags::UNMAP_ALL) { (0, u64::MAX) } else { (address, size) };
        self.seat().host.unmap(address, size);
        Ok(())
    }

    fn reset(&mut self) -> io::Result<()> {
        self.seat().reset();
        Ok(())
    }

    fn set_irqs(&mut self, index: u32, flags: u32, start: u32, count: u32, files: Vec<File>) -> io::Result<()> {
        let mut seat = self.seat();
        let has = |flag: u32| flags & flag != 0;
        let host = &mut seat.host;
        if index == VFIO_PCI_INTX_IRQ_INDEX {
            if has(VFIO_IRQ_SET_ACTION_TRIGGER) && (has(VFIO_IRQ_SET_DATA_EVENTFD) || count == 0) {
                host.set_pin(files.into_iter().next());
            }
            if has(VFIO_IRQ_SET_ACTION_MASK) || has(VFIO_IRQ_SET_ACTION_UNMASK) {
                host.mask_pin(has(VFIO_IRQ_SET_ACTION_MASK));
            }
        } else if index == VFIO_PCI_MSIX_IRQ_INDEX && has(VFIO_IRQ_SET_ACTION_TRIGGER) {
            match (usize::try_from(start), usize::try_from(count.min(u32::from(VECTORS)))) {
                (Ok(_), Ok(0)) => host.clear_vectors(),
                (Ok(start), Ok(count)) if has(VFIO_IRQ_SET_DATA_EVENTFD) && start < usize::from(VECTORS) => {
                    host.set_vectors(start, count, files);
                }
                _ => {}
            }
        }
        seat.level();
        Ok(())
    }
}

fn regions(bar: u32) -> Vec<ServerRegion> {
    let region = |index| {
        let size = match index {
            _ if index == bar => BAR_SIZE,
            VFIO_PCI_CONFIG_REGION_INDEX => 256,
            _ => 0,
        };
        let flags = if size > 0 { VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE } else { 0 };
        let argsz = u32::try_from(size_of::<vfio_region_info>()).unwrap_or(0);
        let region_info = vfio_region_info { argsz, index, size, flags, ..Default::default() };
        ServerRegion { region_info, sparse_areas: Vec::new(), mmap_fd: None }
    };
    (0..VFIO_PCI_NUM_REGIONS).map(region).collect()
}

fn interrupt_lines(interrupts: Interrupts) -> Vec<IrqInfo> {
    let line = |index| match (interrupts, index) {
        (Interrupts::Pin, VFIO_PCI_INTX_IRQ_INDEX) => IrqInfo {
            index,
            count: 1,
            flags: VFIO_IRQ_INFO_EVENTFD | VFIO_IRQ_INFO_MASKABLE | VFIO_IRQ_INFO_AUTOMASKED,
        },
        (Interrupts::Msix, VFIO_PCI_MSIX_IRQ_INDEX) => {
            IrqInfo { index, count: u32::from(VECTORS), flags: VFIO_IRQ_INFO_EVENTFD | VFIO_IRQ_INFO_NORESIZE }
        }
        _ => IrqInfo { index, count: 0, flags: 0 },
    };
    (0..VFIO_PCI_NUM_IRQS).map(line).collect()
}

/// Serves a device at the socket `path` until `is_over`, to one QEMU after the other. Gives up only where the socket cannot be made.
pub(crate) fn serve(
    path: &Path,
    device: Box<dyn PciDevice>,
    is_over: &Arc<AtomicBool>,
) -> Result<Arc<Mutex<Seat>>, Error> {
    // A socket that an earlier run left behind; that there is none is the usual case.
    let _ = std::fs::remove_file(path);
    let bar = u32::from(device.bar().index);
    let failed = |error: vfio_user::Error| Error::Socket { path: path.to_owned(), reason: error.to_string() };
    let server = Server::new(path, true, interrupt_lines(device.interrupts()), regions(bar)).map_err(failed)?;
    let seat = Arc::new(Mutex::new(Seat { device, host: Host::default(), is_asleep: false }));
    let (ticking, ticked_until) = (Arc::clone(&seat), Arc::clone(is_over));
    thread::spawn(move || {
        while !ticked_until.load(Ordering::Relaxed) {
            thread::sleep(TICK);
            lock(&ticking).tick();
        }
    });
    let (served, until) = (Arc::clone(&seat), Arc::clone(is_over));
    thread::spawn(move || {
        while !until.load(Ordering::Relaxed) {
            machine(&server, &served, bar);
        }
    });
    Ok(seat)
}

/// One QEMU from its connection to its death. An error of the connection is a death too.
fn machine(server: &Server, seat: &Arc<Mutex<Seat>>, bar: u32) {
    let mut backend = Backend { seat: Arc::clone(seat), configuration: [0; 256], bar, has_power: false };
    let _ = server.run(&mut backend);
    if !backend.has_power {
        return;
    }
    let mut seat = lock(seat);
    seat.host.clear();
    seat.is_asleep = false;
    seat.device.power_off();
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A device with a capability of its own, which notes what happens to its power.
    struct Part(Interrupts, Arc<Mutex<Vec<&'static str>>>);

    fn part(interrupts: Interrupts) -> Part {
        Part(interrupts, Arc::default())
    }

    impl PciDevice for Part {
        fn identity(&self) -> Identity {
            Identity { vendor: 0x1234, device: 0x5678, class: 0x01_0802, subsystem: (0x9abc, 0xdef0), revision: 2 }
        }

        fn bar(&self) -> Bar {
            Bar { index: 0, is_wide: true }
        }

        fn interrupts(&self) -> Interrupts {
            self.0
        }

        fn capabilities(&self) -> Vec<Vec<u8>> {
            vec![vec![0xaa, 0xbb], vec![0xcc]]
        }

        fn read(&mut self, _host: &mut Host, _offset: u64, data: &mut [u8]) {
            data.fill(0x11);
        }

        fn write(&mut self, _host: &mut Host, _offset: u64, _data: &[u8]) {}

        fn tick(&mut self, _host: &mut Host, _now: Instant) {}

        fn reset(&mut self) {
            self.1.lock().unwrap().push("reset");
        }

        fn power_on(&mut self) {
            self.1.lock().unwrap().push("power on");
        }

        fn power_off(&mut self) {
            self.1.lock().unwrap().push("power off");
        }

        fn is_gone(&self) -> bool {
            false
        }
    }

    #[test]
    fn the_configuration_space_leads_through_all_capabilities() {
        let space = configuration(&part(Interrupts::Msix));
        assert_eq!(space[..16], [0x34, 0x12, 0x78, 0x56, 0, 0, 0x10, 0, 2, 0x02, 0x08, 0x01, 0, 0, 0, 0]);
        assert_eq!((space[0x10], space[0x2c..0x30].to_vec()), (4, vec![0xbc, 0x9a, 0xf0, 0xde]));
        // MSI-X: 32 vectors, table at 2000h, pending bits at 3000h of BAR 0; then two of the vendor.
        assert_eq!((space[0x34], space[0x3d]), (0x40, 0));
        assert_eq!(space[0x40..0x4c], [0x11, 0x4c, 31, 0, 0, 0x20, 0, 0, 0, 0x30, 0, 0]);
        assert_eq!(space[0x4c..0x51], [0x09, 0x54, 5, 0xaa, 0xbb]);
        assert_eq!(space[0x54..0x58], [0x09, 0, 4, 0xcc]);
        let space = configuration(&part(Interrupts::Pin));
        assert_eq!((space[0x34], space[0x3d], space[0x41]), (0x40, 1, 0x48));
    }

    #[test]
    fn a_reset_ends_a_sleep_with_power_and_is_otherwise_none() {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let device = Box::new(Part(Interrupts::Msix, Arc::clone(&heard)));
        let mut seat = Seat { device, host: Host::default(), is_asleep: false };
        seat.reset();
        seat.suspend();
        seat.reset();
        seat.reset();
        assert_eq!(*heard.lock().unwrap(), ["reset", "power off", "power on", "reset", "reset"]);
    }

    #[test]
    fn the_guest_writes_only_what_is_its_own() {
        let seat = Arc::new(Mutex::new(Seat {
            device: Box::new(part(Interrupts::Msix)),
            host: Host::default(),
            is_asleep: false,
        }));
        let mut backend = Backend { seat, configuration: [0; 256], bar: 0, has_power: false };
        let mut data = [0; 4];
        backend.region_write(VFIO_PCI_CONFIG_REGION_INDEX, 0, &[0xff; 8]).unwrap();
        backend.region_write(VFIO_PCI_CONFIG_REGION_INDEX, 0x40, &[0xff; 4]).unwrap();
        backend.region_read(VFIO_PCI_CONFIG_REGION_INDEX, 0, &mut data).unwrap();
        assert_eq!(data, [0x34, 0x12, 0x78, 0x56]);
        backend.region_read(VFIO_PCI_CONFIG_REGION_INDEX, 4, &mut data).unwrap();
        assert_eq!(data, [0xff, 0xff, 0x10, 0]);
        backend.region_read(VFIO_PCI_CONFIG_REGION_INDEX, 0x40, &mut data).unwrap();
        assert_eq!(data, [0x11, 0x4c, 31, 0xc0]);
        backend.region_read(VFIO_PCI_CONFIG_REGION_INDEX, 0xfe, &mut data).unwrap();
        assert_eq!(data, [0; 4]);
        backend.region_read(0, 0, &mut data).unwrap();
        assert_eq!(data, [0x11; 4]);
    }
}
