//! The drives of a scenario, each served at a socket of its own.

use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use crate::drive::Drive;
use crate::error::Error;
use crate::pci::{self, PciDevice, Seat};
use crate::scenario::{DriveSpec, Kind, Scenario};
use crate::{ahci, nvme, sdhci, virtio_scsi};

/// Drives that are being served, until this is dropped. A drive keeps its state over the death of a QEMU: that is a power cut.
pub struct Shelf {
    is_over: Arc<AtomicBool>,
    sockets: Vec<PathBuf>,
    seats: Vec<Arc<Mutex<Seat>>>,
}

/// Where the drive `serial` is served in `dir`.
pub fn socket_path(dir: &Path, serial: &str) -> PathBuf {
    dir.join(format!("{serial}.sock"))
}

impl Shelf {
    /// Serves every drive of the scenario: socket `DIR/<serial>.sock`, medium `DIR/<serial>.img`, log `DIR/<serial>.jsonl`.
    pub fn serve(scenario: &Scenario, dir: &Path) -> Result<Self, Error> {
        let mut shelf = Self { is_over: Arc::new(AtomicBool::new(false)), sockets: Vec::new(), seats: Vec::new() };
        for spec in &scenario.drives {
            let socket = socket_path(dir, &spec.serial);
            shelf.seats.push(pci::serve(&socket, device(dir, spec)?, &shelf.is_over)?);
            shelf.sockets.push(socket);
        }
        Ok(shelf)
    }

    /// The machine sleeps (S3): no drive has power until it wakes. Whoever has QEMU's monitor knows (the event `SUSPEND`).
    pub fn suspend(&self) {
        for seat in &self.seats {
            pci::lock(seat).suspend();
        }
    }
}

impl Drop for Shelf {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        for socket in &self.sockets {
            // Wakes the thread that waits for the next machine.
            let _ = UnixStream::connect(socket);
        }
    }
}

/// The controller that a drive comes with.
fn device(dir: &Path, spec: &DriveSpec) -> Result<Box<dyn PciDevice>, Error> {
    let drive = Drive::open(dir, spec)?;
    match spec.kind {
        Kind::Nvme => nvme::device(drive),
        Kind::Sata => ahci::device(drive),
        Kind::Sas | Kind::Sat => virtio_scsi::device(drive),
        Kind::Emmc => sdhci::device(drive),
    }
}

/// QEMU's `-device` arguments for the drives. The machine's memory must be shared (`memory-backend-memfd` with `share=on`): that is the caller's.
pub fn qemu_arguments(scenario: &Scenario, dir: &Path) -> Vec<String> {
    let argument = |spec: &DriveSpec| {
        let socket = serde_json::json!({"type": "unix", "path": socket_path(dir, &spec.serial)});
        serde_json::json!({"driver": "vfio-user-pci", "id": format!("drive-{}", spec.serial), "socket": socket})
            .to_string()
    };
    scenario.drives.iter().flat_map(|spec| ["-device".to_owned(), argument(spec)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drive::tests::Bench;

    #[test]
    fn every_drive_gets_its_socket_and_its_argument() {
        let bench = Bench::new("nvme", "");
        let scenario = Scenario { drives: vec![bench.spec.clone()], machine: toml::Table::new() };
        let shelf = Shelf::serve(&scenario, &bench.dir).unwrap();
        assert!(UnixStream::connect(bench.dir.join("PP0001.sock")).is_ok());
        drop(shelf);
        let arguments = qemu_arguments(&scenario, Path::new("/d"));
        let device: serde_json::Value = serde_json::from_str(&arguments[1]).unwrap();
        assert_eq!((arguments[0].as_str(), &device["driver"]), ("-device", &"vfio-user-pci".into()));
        assert_eq!(device["socket"], serde_json::json!({"type": "unix", "path": "/d/PP0001.sock"}));
    }
}
