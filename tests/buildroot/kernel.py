"""What can be said of the kernel's configuration by Linux' own Kconfig and makefiles. As in checks.py: complaints, none if all is well."""

import functools
import re
from pathlib import Path

from checks import assignments, lines_of, modules, parts, root, run

linux = parts / "kconfig"
debian = root / ".cache/debian"

# What must come out, also where it is a default that somebody might turn, and why.
REQUIRED = {
    "MODULES": ("n", "nothing can be loaded"),
    "INET": ("n", "no network"),
    "DEVMEM": ("n", "no way around the drivers"),
    "SWAP": ("n", "what was read of one drive is never written to another"),
    "SECRETMEM": ("y", "the signing key's memory"),
    "IO_URING": ("y", "how bytes get to drives"),
    "CHR_DEV_SG": ("y", "SG_IO"),
    "BLK_DEV_ZONED": ("y", "zoned disks"),
    "BLK_SED_OPAL": ("y", "self-encrypting drives"),
    "LIBNVDIMM": ("y", "NVDIMMs"),
    "BLK_DEV_PMEM": ("y", "NVDIMMs"),
    "VMD": ("y", "NVMe behind Intel VMD"),
    "NVME_MULTIPATH": ("y", "one block device for a namespace with two paths"),
    "HOTPLUG_PCI_PCIE": ("y", "NVMe drives that are pulled out"),
    "DRM_SIMPLEDRM": ("y", "a screen without a driver for the graphics"),
    "FRAMEBUFFER_CONSOLE": ("y", "a screen"),
    "VGA_CONSOLE": ("y", "a screen on a BIOS without VBE"),
    "CONSOLE_TRANSLATIONS": ("y", "boxes and umlauts"),
    "SERIAL_8250_CONSOLE": ("y", "machines without a screen"),
    "SUSPEND": ("y", "drives that firmware has frozen"),
    "RTC_DRV_CMOS": ("y", "the time on the certificate"),
    "RTC_INTF_SYSFS": ("y", "the alarm that wakes the machine"),
    "ACPI_BATTERY": ("y", "a laptop that is not plugged in says so"),
    "ACPI_THERMAL": ("y", "hours at full load"),
    "ACPI_BUTTON": ("y", "the power key"),
    "I6300ESB_WDT": ("y", "the watchdog of QEMU"),
    "EFI_MIXED": ("y", "UEFI of 32 bits"),
    "RD_ZSTD": ("y", "how the initramfs is compressed"),
    "VFAT_FS": ("y", "our own stick"),
    "SIGNALFD": ("y", "PID 1 waits with it"),
}

# Modules of the other edition that this kernel is not to have.
LEFT_OUT = {
    "pata_legacy": "asks every ISA port that might be a disk, once it is built in",
    "qlogicfas408": "ISA and PCMCIA",
    "qlogic_cs": "PCMCIA, which has no bus driver in either edition",
    "pata_pcmcia": "PCMCIA, which has no bus driver in either edition",
    "scsi_transport_fc": "serves Fibre Channel alone, which is in neither edition",
}


def loaded(config: Path) -> tuple[str, dict[str, str], list[str]]:
    """Linux' Kconfig over linux.config: what went wrong, the whole configuration, and its shortest form."""
    place = parts / "config"  # kept, for the program is compiled there first
    place.mkdir(exist_ok=True)
    (place / ".config").write_bytes((config / "linux.config").read_bytes())
    make = ["make", "-s", "-C", str(linux), f"O={place}"]
    if failure := run([*make, "olddefconfig"]) or run([*make, "savedefconfig"]):
        return failure, {}, []
    return "", assignments(place / ".config"), (place / "defconfig").read_text().splitlines()


@functools.cache
def module_lists() -> tuple[set[str], set[str]]:
    """The modules of Debian's kernel that image/modules.list names, and those that it leaves out."""
    tree = next((debian / "lib/modules").iterdir())
    patterns = lines_of(root / "image/modules.list")
    paths = sorted(str(path.relative_to(tree)) for path in tree.glob("kernel/**/*.ko*"))
    barred = {path for path in paths for pattern in patterns if pattern[0] == "!" and modules.named_by(pattern[1:], path)}
    return modules.wanted(patterns, paths, (tree / "modules.builtin").read_text().split()), barred


def drivers(value: dict[str, str]) -> list[str]:
    """Every driver of the other edition is built in, and none that it leaves out."""
    wanted, barred = module_lists()
    complaints = []
    for path in sorted(wanted | barred):
        name, symbols = modules.module_name(path), symbols_of(path)
        built_in = [s for s in symbols if value.get(f"CONFIG_{s}") == "y"]
        if path in wanted and name not in LEFT_OUT and not built_in:
            complaints.append(f"{name} is in modules.list and not built in ({' or '.join(symbols) or 'no symbol found'})")
        elif path in barred and len(built_in) == len(symbols) == 1:
            complaints.append(f"{name} is left out by modules.list and built in ({symbols[0]})")
    return complaints


def symbols_of(path: str) -> list[str]:
    """The symbols whose lines of a makefile name a module's object."""
    folder, _, file = path.removeprefix("kernel/").rpartition("/")
    makefile = next(linux / folder / name for name in ("Makefile", "Kbuild") if (linux / folder / name).exists())
    objects = re.findall(r"^obj-\$[({]CONFIG_(\w+)[)}]\s*[+:]?=(.*)$", makefile.read_text().replace("\\\n", " "), re.M)
    return [symbol for symbol, names in objects if f"{file.split('.ko')[0]}.o" in names.split()]


def linux_config(config: Path) -> list[str]:
    """linux.config loads unchanged, line by line; what matters comes out of it; its drivers are those of the other edition."""
    failure, value, shortest = loaded(config)
    if failure:
        return [failure]
    written = re.findall(r"^(?:CONFIG_\w+=.*|# CONFIG_\w+ is not set)$", (config / "linux.config").read_text(), re.M)
    complaints = [f"Kconfig does not keep: {line}" for line in written if line not in shortest]
    complaints += [f"Kconfig adds: {line}" for line in shortest if line not in written]
    for symbol, (wanted, why) in REQUIRED.items():
        if value.get(f"CONFIG_{symbol}", "n") != wanted:
            complaints.append(f"CONFIG_{symbol} is not {wanted}: {why}")
    options = " ".join(lines_of(root / "image/modules.options"))
    if value.get("CONFIG_CMDLINE") != options:
        complaints.append(f"CONFIG_CMDLINE is not what modules.options says: {options}")
    return complaints + drivers(value)


def firmware(config: Path) -> list[str]:
    """firmware.list has what the other edition's modules name and Debian distributes."""
    tree = next((debian / "lib/modules").iterdir())
    named = {name for module in modules.select(tree, root / "image/modules.list") for name in module.firmware}
    wanted = {name for name in named if (debian / "lib/firmware" / name).is_file()}
    return [f"firmware.list, and the firmware that drivers name: {name}" for name in sorted(wanted ^ set(lines_of(config / "firmware.list")))]
