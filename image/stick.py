"""Assembles the stick: a raw 128 MiB image with a master boot record, without root and without loop devices.

       0  GRUB's boot.img (440 bytes) and the partition table
     512  GRUB's core.img, in the gap before the first partition
   1 MiB  PPBOOT, FAT32, entry 2, active, type EFh (EFI system partition): loaders, kernel, initramfs
  64 MiB  PPDATA, FAT32, entry 1, type 0Ch: policy in, certificates out

PPDATA has the first entry because Windows before 10 (1703) shows only that one of a removable disk. MBR and not GPT because the image is
smaller than the stick: GPT's backup header would lie in the middle of it.

Kernel, initramfs and loaders come from whoever calls: scripts/image, or Buildroot by buildroot-config/board/post-image.sh. What is printed is
the build's id.
"""

import struct
from pathlib import Path

from fat import MIB, fat
from parts import HERE, arguments, read

SECTOR = 512
STICK_SIZE = 128 * MIB
BOOT_START, DATA_START = 1 * MIB, 64 * MIB
BOOT_SIZE, DATA_SIZE = DATA_START - BOOT_START, STICK_SIZE - DATA_START
FAT32_LBA, EFI_SYSTEM = 0x0C, 0xEF


def partition(active: bool, kind: int, start: int, size: int) -> bytes:
    """A partition entry of the master boot record. The cylinder fields say "use the LBA"."""
    return struct.pack("<B3sB3sII", 0x80 if active else 0, b"\xfe\xff\xff", kind, b"\xfe\xff\xff", start // SECTOR, size // SECTOR)


def boot_record(boot: bytes, signature: bytes) -> bytes:
    """The first sector: GRUB's boot code, the disk signature (four bytes), two partitions."""
    code = bytearray(boot[:440])
    # What grub-install does for hard disks: drop the jump that distrusts the drive number, which some BIOSes pass right for sticks only.
    code[0x66:0x68] = b"\x90\x90"
    entries = partition(False, FAT32_LBA, DATA_START, DATA_SIZE) + partition(True, EFI_SYSTEM, BOOT_START, BOOT_SIZE)
    return bytes(code) + signature + bytes(2) + entries + bytes(32) + b"\x55\xaa"


def main() -> None:
    """Reads the command line and writes the image."""
    parser = arguments("Assembles the stick from a kernel, an initramfs and loaders.")
    parser.add_argument("--boot-img", type=Path, required=True, help="GRUB's boot.img for BIOS")
    parser.add_argument("--core-img", type=Path, required=True, help="GRUB's core.img, prefix (,msdos2)/boot/grub")
    args = parser.parse_args()
    parts = read(args)
    core = args.core_img.read_bytes()
    if len(core) > BOOT_START - SECTOR:
        raise SystemExit(f"stick.py: core.img has {len(core)} bytes and the gap before PPBOOT {BOOT_START - SECTOR}. Give GRUB fewer modules.")
    parts.refuse_bulk(len(core))
    boot = parts.boot() | parts.loaders((HERE / "grub-efi.cfg").read_text())
    with args.out.open("wb") as stick:
        stick.truncate(STICK_SIZE)
        stick.write(boot_record(args.boot_img.read_bytes(), bytes.fromhex(parts.build_id)[4:]))
        stick.write(core)
        stick.seek(BOOT_START)
        stick.write(fat(32, "PPBOOT", parts.build_id[:8], BOOT_SIZE, boot))
        stick.seek(DATA_START)
        stick.write(fat(32, "PPDATA", parts.build_id[8:], DATA_SIZE, parts.data()))
    print(parts.build_id)


if __name__ == "__main__":
    main()
