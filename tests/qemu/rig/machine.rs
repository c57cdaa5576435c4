//! One computer in QEMU: its drives, its serial console, its QMP monitor. It is killed when it goes out of scope.

use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use drivesim::{Scenario, qemu_arguments};
use serde_json::{Value, json};

use super::bench::{Bench, artefact, scripts};
use super::disk::Disk;
use super::picture::Picture;
use super::qmp::Qmp;
use super::screen::Screen;
use super::stick::Stick;

/// Until the first screen: 10 s alone on two cores under software emulation.
pub(crate) const BOOT: Duration = Duration::from_mins(2);
/// For what is there at once on real hardware.
pub(crate) const SOON: Duration = Duration::from_secs(30);
/// For erasing drives of some 10 MiB.
pub(crate) const WORK: Duration = Duration::from_mins(4);

/// How long QEMU may take to call back on its two sockets.
const START: Duration = Duration::from_secs(20);
/// How often something that is waited for is looked at.
const POLL: Duration = Duration::from_millis(50);

/// Two machines at once would be slow enough to run into each other's time limits.
static ALONE: Mutex<()> = Mutex::new(());

/// How a drive is attached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bus {
    /// NVMe in a slot of its own, so that it can be pulled out.
    Nvme,
    /// SATA on the chipset's AHCI controller.
    Sata,
    /// SCSI on a virtio-scsi controller.
    Scsi,
    /// USB mass storage on an xHCI controller.
    Usb,
}

/// What a machine is made of before it is switched on.
pub(crate) struct Parts<'a> {
    pub(super) bench: &'a Bench,
    memory_mib: u32,
    arguments: Vec<String>,
    nvme_slots: u32,
    sata_ports: u32,
    /// Its memory is a file that controllers outside of QEMU reach into.
    is_shared: bool,
}

impl<'a> Parts<'a> {
    /// A machine without drives that starts our kernel directly, with `words` on its command line besides the consoles.
    pub(crate) fn direct(bench: &'a Bench, words: &str) -> Self {
        Self::direct_of(bench, ".", words)
    }

    /// The same with kernel and initramfs of a folder in `out/`.
    pub(crate) fn direct_of(bench: &'a Bench, folder: &str, words: &str) -> Self {
        let mut parts = Self::bare(bench);
        let line = format!("console=tty0 console=ttyS0,115200 quiet loglevel=3 {words}");
        let (kernel, initramfs) =
            (artefact(&format!("{folder}/vmlinuz")), artefact(&format!("{folder}/initramfs.zst")));
        parts.add("-kernel", &kernel.display());
        parts.add("-initrd", &initramfs.display());
        parts.add("-append", &line);
        parts
    }

    /// A machine without drives that starts whatever its BIOS finds.
    pub(crate) fn bare(bench: &'a Bench) -> Self {
        let mut parts =
            Self { bench, memory_mib: 512, arguments: Vec::new(), nvme_slots: 0, sata_ports: 0, is_shared: false };
        for part in ["qemu-xhci,id=usb", "virtio-scsi-pci,id=scsi"] {
            parts.add("-device", &part);
        }
        parts
    }

    pub(crate) fn memory_mib(mut self, mib: u32) -> Self {
        self.memory_mib = mib;
        self
    }

    /// A drive that is there from the start.
    pub(crate) fn drive(mut self, bus: Bus, disk: &Disk) -> Self {
        self = self.spare(disk);
        let mut device = device(bus, disk);
        match bus {
            Bus::Nvme => device["bus"] = self.nvme_slot().into(),
            Bus::Sata => {
                device["bus"] = format!("ide.{}", self.sata_ports).into();
                self.sata_ports += 1;
            }
            Bus::Scsi | Bus::Usb => {}
        }
        self.add("-device", &device);
        self
    }

    /// A controller, or anything else that QEMU calls a device.
    pub(crate) fn device(mut self, description: &str) -> Self {
        self.add("-device", &description);
        self
    }

    /// A drive on a bus that has no name here: `device` is QEMU's device without the drive.
    pub(crate) fn drive_on(mut self, device: &str, disk: &Disk) -> Self {
        self = self.spare(disk);
        self.device(&format!("{device},id={0},drive={0}", disk.serial()))
    }

    /// Memory that keeps its content.
    pub(crate) fn nvdimm(mut self, disk: &Disk) -> Self {
        let bytes = std::fs::metadata(disk.image()).expect("it was written").len();
        self.add("-machine", &"nvdimm=on");
        self.add("-m", &"slots=1,maxmem=4G");
        self.add(
            "-object",
            &format!("memory-backend-file,id=kept,share=on,mem-path={},size={bytes}", disk.image().display()),
        );
        self.device("nvdimm,memdev=kept")
    }

    /// A drive that can be plugged in later.
    pub(crate) fn spare(mut self, disk: &Disk) -> Self {
        for (option, value) in disk.backend() {
            self.add(option, &value);
        }
        self
    }

    /// The drives of a scenario, each with its controller, which are served from the test's folder.
    pub(crate) fn shelf(mut self, scenario: &Scenario) -> Self {
        self.arguments.extend(qemu_arguments(scenario, &self.bench.path("")));
        self.is_shared = true;
        self
    }

    /// Its firmware offers suspend to RAM.
    pub(crate) fn can_suspend(mut self) -> Self {
        self.add("-global", &"ICH9-LPC.disable_s3=0");
        self
    }

    /// Its firmware describes a battery, all that feeds it.
    pub(crate) fn on_battery(mut self) -> Self {
        let table = self.bench.path("battery.aml");
        let iasl = Command::new("iasl").arg("-p").arg(&table).arg("tests/qemu/battery.asl").output();
        let iasl = iasl.expect("iasl can be started. Run scripts/setup");
        assert!(iasl.status.success(), "iasl: {}", String::from_utf8_lossy(&iasl.stderr));
        self.add("-acpitable", &format!("file={}", table.display()));
        self
    }

    /// A reset starts it again, and is not its end.
    pub(crate) fn restarts(mut self) -> Self {
        self.add("-action", &"reboot=reset");
        self
    }

    /// The memory of its graphics card.
    pub(crate) fn display_memory_mib(mut self, mib: u32) -> Self {
        self.add("-global", &format!("VGA.vgamem_mb={mib}"));
        self
    }

    /// The stick in a USB port, first in the boot order.
    pub(crate) fn stick(mut self, stick: &Stick) -> Self {
        self = self.spare_stick(stick);
        let mut device = stick.device();
        device["bootindex"] = 1.into();
        self.add("-device", &device);
        self
    }

    /// A stick that can be plugged in later.
    pub(crate) fn spare_stick(mut self, stick: &Stick) -> Self {
        self.add("-blockdev", &stick.backend());
        self
    }

    fn nvme_slot(&mut self) -> String {
        self.nvme_slots += 1;
        let id = format!("slot{}", self.nvme_slots);
        self.add("-device", &json!({ "driver": "pcie-root-port", "id": id, "chassis": self.nvme_slots }));
        id
    }

    pub(super) fn add(&mut self, option: &str, value: &impl ToString) {
        self.arguments.extend([option.to_owned(), value.to_string()]);
    }

    /// Switches it on.
    pub(crate) fn boot(mut self) -> Machine {
        let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let serial = listen(&self.bench.path("serial.sock"));
        let monitor = listen(&self.bench.path("qmp.sock"));
        let memory_mib = self.memory_mib;
        self.add("-m", &memory_mib);
        if self.is_shared {
            self.add("-object", &format!("memory-backend-memfd,id=memory,size={memory_mib}M,share=on"));
            self.add("-machine", &"memory-backend=memory");
        }
        for (id, socket) in [("serial", "serial.sock"), ("qmp", "qmp.sock")] {
            let path = self.bench.path(socket);
            self.add("-chardev", &format!("socket,id={id},path={}", path.display()));
        }
        let complaints = self.bench.path("qemu.log");
        let said = std::fs::File::create(&complaints).expect("the log of QEMU can be written");
        let mut qemu = Command::new(scripts("qemu"))
            .args(["-M", "q35,accel=tcg", "-cpu", "max", "-smp", "2", "-display", "none", "-no-reboot", "-nodefaults"])
            .args(["-vga", "std", "-serial", "chardev:serial", "-qmp", "chardev:qmp"])
            .args(&self.arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(said)
            .spawn()
            .expect("scripts/qemu can be started");
        let serial = accept(&serial, &mut qemu, &complaints);
        let monitor = accept(&monitor, &mut qemu, &complaints);
        Machine {
            qemu: Mutex::new(qemu),
            qmp: Qmp::new(monitor).unwrap_or_else(|| panic!("QEMU did not start: {}", read(&complaints))),
            screen: Screen::new(serial, self.bench.path("serial.log")),
            complaints,
            _alone: alone,
        }
    }
}

fn listen(path: &Path) -> UnixListener {
    let _ = std::fs::remove_file(path);
    let listener = UnixListener::bind(path).expect("a socket can be made in out/tests");
    listener.set_nonblocking(true).expect("a socket can be polled");
    listener
}

/// Our end of a line that QEMU opens when it starts: nothing that it says before is lost.
fn accept(listener: &UnixListener, qemu: &mut Child, complaints: &Path) -> UnixStream {
    let until = Instant::now() + START;
    loop {
        if let Ok((stream, _)) = listener.accept() {
            stream.set_nonblocking(false).expect("a socket can be waited on");
            return stream;
        }
        let ended = qemu.try_wait().expect("QEMU's state can be asked");
        assert!(ended.is_none() && Instant::now() < until, "QEMU did not start: {}", read(complaints));
        std::thread::sleep(POLL);
    }
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}

/// A drive as QEMU's device of that bus.
fn device(bus: Bus, disk: &Disk) -> Value {
    let mut device = json!({ "id": disk.serial(), "drive": disk.serial(), "serial": disk.serial() });
    let (driver, on) = match bus {
        Bus::Nvme => ("nvme", None),
        Bus::Sata => ("ide-hd", None),
        Bus::Scsi => ("scsi-hd", Some("scsi.0")),
        Bus::Usb => ("usb-storage", Some("usb.0")),
    };
    device["driver"] = driver.into();
    if let Some(on) = on {
        device["bus"] = on.into();
    }
    device
}

/// A machine that is switched on.
pub(crate) struct Machine {
    qemu: Mutex<Child>,
    qmp: Qmp,
    screen: Screen,
    complaints: PathBuf,
    _alone: MutexGuard<'static, ()>,
}

impl Machine {
    /// Waits until `text` is on the screen, and gives the screen.
    pub(crate) fn wait_for(&self, text: &str, limit: Duration) -> String {
        self.wait_until(&format!("'{text}' on the screen"), limit, |screen| screen.contains(text))
    }

    /// Waits until `text` is no longer on the screen, and gives the screen.
    pub(crate) fn wait_gone(&self, text: &str, limit: Duration) -> String {
        self.wait_until(&format!("no '{text}' on the screen"), limit, |screen| !screen.contains(text))
    }

    /// Waits until the line about the drive with this serial number says `word`, and gives the screen.
    pub(crate) fn wait_row(&self, serial: &str, word: &str, limit: Duration) -> String {
        let says = |line: &str| line.contains(serial) && line.contains(word);
        self.wait_until(&format!("'{word}' on the line of {serial}"), limit, |screen| screen.lines().any(says))
    }

    /// Waits until the screen is as wanted, and gives it.
    pub(crate) fn wait_until(&self, what: &str, limit: Duration, wanted: impl Fn(&str) -> bool) -> String {
        let until = Instant::now() + limit;
        loop {
            let screen = self.screen.text();
            if wanted(&screen) {
                return screen;
            }
            if let Some(status) = self.ended() {
                panic!("waited for {what}, but the machine went off ({status}).\n{}", self.state());
            }
            assert!(Instant::now() < until, "waited {limit:?} for {what}.\n{}", self.state());
            std::thread::sleep(POLL);
        }
    }

    /// Waits until the serial line has carried `text`, even if the screen has long gone on.
    pub(crate) fn wait_logged(&self, text: &str, limit: Duration) {
        let is_logged = || self.screen.log().contains(text);
        self.wait_until(&format!("'{text}' on the serial line"), limit, |_| is_logged());
    }

    /// What is on the serial console now.
    pub(crate) fn text(&self) -> String {
        self.screen.text()
    }

    /// Types on the serial console. `\r` is Enter.
    pub(crate) fn type_in(&self, keys: &str) {
        self.screen.type_in(keys);
    }

    /// Presses keys of the machine's own keyboard, one after the other; `shift-1` are two at once. Names are those of QEMU's `QKeyCode`.
    pub(crate) fn press(&self, keys: &[&str]) {
        for key in keys {
            let codes: Vec<Value> = key.split('-').map(|code| json!({ "type": "qcode", "data": code })).collect();
            self.qmp.run("send-key", &json!({ "keys": codes }));
            // A key is down for 100 ms, and the next is sent when it is up again.
            std::thread::sleep(Duration::from_millis(150));
        }
    }

    /// Presses the power key.
    pub(crate) fn press_power(&self) {
        self.qmp.run("system_powerdown", &json!({}));
    }

    /// Presses the button that some servers have for a non-maskable interrupt.
    pub(crate) fn press_nmi(&self) {
        self.qmp.run("inject-nmi", &json!({}));
    }

    /// A picture of the monitor.
    pub(crate) fn screendump(&self, file: &Path) {
        self.qmp.run("screendump", &json!({ "filename": file.to_str(), "format": "png" }));
    }

    /// Waits until all these words can be read on the monitor; `file` is for its pictures.
    pub(crate) fn wait_on_monitor(&self, words: &[&str], file: &Path, limit: Duration) {
        let until = Instant::now() + limit;
        loop {
            self.qmp.run("screendump", &json!({ "filename": file.to_str() }));
            let text = Picture::of_pixmap(&std::fs::read(file).expect("QEMU wrote the picture")).text();
            if words.iter().all(|word| text.contains(word)) {
                return;
            }
            assert!(Instant::now() < until, "waited {limit:?} for {words:?} on the monitor, which shows\n{text}");
            std::thread::sleep(POLL);
        }
    }

    /// Waits until the first line on the monitor, the dark letters on light of the screen's head, is so many pixels high.
    pub(crate) fn wait_first_line(&self, pixels: usize, file: &Path, limit: Duration) {
        let until = Instant::now() + limit;
        loop {
            self.qmp.run("screendump", &json!({ "filename": file.to_str() }));
            let first_line = Picture::of_pixmap(&std::fs::read(file).expect("QEMU wrote the picture")).first_line();
            if first_line == pixels {
                return;
            }
            assert!(Instant::now() < until, "waited {limit:?} for a line of {pixels} pixels, and it has {first_line}");
            std::thread::sleep(POLL);
        }
    }

    /// Plugs in a drive that was a spare part.
    pub(crate) fn plug(&self, bus: Bus, disk: &Disk) {
        assert!(matches!(bus, Bus::Scsi | Bus::Usb), "this rig has no empty slot for {bus:?}");
        self.qmp.run("device_add", &device(bus, disk));
    }

    /// Plugs in a stick that was a spare part.
    pub(crate) fn plug_stick(&self, stick: &Stick) {
        self.qmp.run("device_add", &stick.device());
    }

    /// Pulls out the device with this id (a drive's is its serial number), and waits until it is out.
    pub(crate) fn unplug(&self, id: &str) {
        self.qmp.run("device_del", &json!({ "id": id }));
        let is_out = |event: &Value| event["event"] == "DEVICE_DELETED" && event["data"]["device"] == id;
        assert!(self.qmp.wait(SOON, is_out).is_some(), "{id} could not be pulled out.\n{}", self.state());
    }

    /// Pulls out a slow USB disk. QEMU 10 and 11 abort if a write still waits for its turn when such a one goes (`BLK_PERM_WRITE` in
    /// `bdrv_co_write_req_prepare`), so none is let wait from here on; what is left to write takes far longer than to pull it.
    pub(crate) fn unplug_slow_usb(&self, disk: &Disk) {
        self.hurry(disk);
        self.unplug(disk.serial());
    }

    /// A drive that was slow is as fast as the host from now on.
    pub(crate) fn hurry(&self, disk: &Disk) {
        let (path, limits) = (format!("/objects/{}", disk.throttle()), json!({ "bps-total": 0 }));
        self.qmp.run("qom-set", &json!({ "path": path, "property": "limits", "value": limits }));
    }

    /// Waits until the machine has suspended itself to RAM.
    pub(crate) fn wait_asleep(&self, limit: Duration) {
        let slept = self.qmp.wait(limit, |event| event["event"] == "SUSPEND");
        assert!(slept.is_some(), "waited {limit:?} for the machine to sleep.\n{}", self.state());
    }

    /// Waits until the watchdog has reset the machine.
    pub(crate) fn wait_watchdog(&self, limit: Duration) {
        let reset = self.qmp.wait(limit, |event| event["event"] == "WATCHDOG" && event["data"]["action"] == "reset");
        assert!(reset.is_some(), "waited {limit:?} for the watchdog.\n{}", self.state());
    }

    /// Waits until the machine has switched itself off.
    pub(crate) fn wait_power_off(&self, limit: Duration) {
        self.wait_end("guest-shutdown", limit);
    }

    /// Waits until the machine has restarted itself, which here is its end too.
    pub(crate) fn wait_reboot(&self, limit: Duration) {
        self.wait_end("guest-reset", limit);
    }

    /// `wanted` is a `ShutdownCause` of QMP.
    fn wait_end(&self, wanted: &str, limit: Duration) {
        let until = Instant::now() + limit;
        while self.ended().is_none() {
            assert!(Instant::now() < until, "waited {limit:?} for the machine's end ({wanted}).\n{}", self.state());
            std::thread::sleep(POLL);
        }
        let shutdown = self.qmp.wait(SOON, |event| event["event"] == "SHUTDOWN");
        let reason = shutdown.map(|event| event["data"]["reason"].clone());
        assert_eq!(reason, Some(wanted.into()), "it went off in another way.\n{}", self.state());
    }

    /// Cuts the power.
    pub(crate) fn kill(self) {
        drop(self);
    }

    fn ended(&self) -> Option<ExitStatus> {
        self.qemu().try_wait().expect("QEMU's state can be asked")
    }

    fn qemu(&self) -> MutexGuard<'_, Child> {
        self.qemu.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Everything that helps to understand a failure.
    pub(crate) fn state(&self) -> String {
        format!("{}\nQEMU said: {}", self.screen.state(), read(&self.complaints))
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        let mut qemu = self.qemu();
        // SIGKILL; it may be gone already.
        let _ = qemu.kill();
        let _ = qemu.wait();
    }
}
