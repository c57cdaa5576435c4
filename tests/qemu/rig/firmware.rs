//! The firmware of a machine, and what it can start from besides a stick.

use std::fs;
use std::path::Path;

use serde_json::json;

use super::bench::scripts;
use super::machine::Parts;

/// What stands in place of the BIOS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Firmware {
    /// UEFI of 64 bits, Secure Boot off.
    Uefi,
    /// The same with Secure Boot on and Microsoft's keys.
    MicrosoftKeys,
    /// The same with one key of another owner and no other.
    OwnKey,
    /// UEFI of 32 bits.
    Ia32,
}

impl Firmware {
    /// OVMF's program, and the variables that it begins with.
    const fn files(self) -> (&'static str, &'static str) {
        match self {
            Self::Uefi => ("OVMF_CODE_4M.fd", "OVMF_VARS_4M.fd"),
            Self::MicrosoftKeys => ("OVMF_CODE_4M.secboot.fd", "OVMF_VARS_4M.ms.fd"),
            Self::OwnKey => ("OVMF_CODE_4M.secboot.fd", "OVMF_VARS_4M.snakeoil.fd"),
            Self::Ia32 => ("OVMF32_CODE_4M.secboot.fd", "OVMF32_VARS_4M.fd"),
        }
    }
}

/// Who asks the network for something to start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asker {
    /// iPXE in the ROM of the network card.
    IpxeRom,
    /// The machine's own firmware, by PXE.
    Pxe,
    /// The machine's own firmware, by HTTP: UEFI only.
    Http,
}

impl Parts<'_> {
    /// UEFI in place of the BIOS.
    pub(crate) fn firmware(mut self, firmware: Firmware) -> Self {
        let folder = scripts("../.cache/qemu/usr/share/OVMF");
        let (code, initial) = firmware.files();
        let variables = self.bench.path("variables.fd");
        fs::copy(folder.join(initial), &variables).expect("the UEFI variables can be copied");
        if code.contains("secboot") {
            self.add("-machine", &"smm=on");
            self.add("-global", &"driver=cfi.pflash01,property=secure,value=on");
        }
        let code = folder.join(code);
        self.add("-drive", &format!("if=pflash,format=raw,unit=0,readonly=on,file={}", code.display()));
        self.add("-drive", &format!("if=pflash,format=raw,unit=1,file={}", variables.display()));
        self
    }

    /// A CD in the last drive of the AHCI controller, first in the boot order.
    pub(crate) fn cd(mut self, image: &Path) -> Self {
        let file = json!({ "driver": "file", "filename": image.to_str() });
        self.add("-blockdev", &json!({ "driver": "raw", "node-name": "cd", "read-only": true, "file": file }));
        self.add("-device", &json!({ "driver": "ide-cd", "bus": "ide.5", "drive": "cd", "bootindex": 1 }));
        self
    }

    /// A network, first in the boot order, whose DHCP server names `bootfile`, of `folder` by TFTP or a URL.
    pub(crate) fn network(mut self, folder: &Path, bootfile: &str, asker: Asker) -> Self {
        self.add("-netdev", &format!("user,id=net,tftp={},bootfile={bootfile}", folder.display()));
        let mut card = json!({ "driver": "virtio-net-pci", "netdev": "net", "bootindex": 1 });
        if asker != Asker::IpxeRom {
            card["romfile"] = "".into();
        }
        if asker == Asker::Http {
            // It would try these first, and for long.
            for other in ["IPv4PXESupport", "IPv6PXESupport"] {
                self.add("-fw_cfg", &format!("name=opt/org.tianocore/{other},string=no"));
            }
        }
        self.add("-device", &card);
        // OVMF gives no network to a machine without a source of randomness.
        self.add("-device", &"virtio-rng-pci");
        self
    }
}
