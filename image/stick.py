"""Assembles the stick: a raw 128 MiB image with a master boot record, without root and without loop devices.

       0  GRUB's boot.img (440 bytes) and the partition table
     512  GRUB's core.img, in the gap before the first partition
   1 MiB  PPBOOT, FAT32, entry 2, active, type EFh (EFI system partition): loaders, kernel, initramfs
  64 MiB  PPDATA, FAT32, entry 1, type 0Ch: policy in, certificates out

PPDATA has the first entry because Windows before 10 (1703) shows only that one of a removable disk. MBR and not GPT because the image is
smaller than the stick: GPT's backup header would lie in the middle of it. The same input gives the same bytes; every date is
SOURCE_DATE_EPOCH, which mkfs.fat, mtools and this program honour.

Kernel, initramfs and loaders come from whoever calls: scripts/image, or Buildroot by buildroot-config/board/post-image.sh. What is printed is
the build's id, which the boot menu hands to our program.
"""

import argparse
import hashlib
import os
import struct
import subprocess
import tempfile
from pathlib import Path

MIB = 1 << 20
SECTOR = 512
STICK_SIZE = 128 * MIB
BOOT_START, DATA_START = 1 * MIB, 64 * MIB
BOOT_SIZE, DATA_SIZE = DATA_START - BOOT_START, STICK_SIZE - DATA_START
FAT32_LBA, EFI_SYSTEM = 0x0C, 0xEF
LIMIT = 32 * MIB  # kernel, initramfs and loaders together


def tree_files(tree: Path) -> dict[str, bytes]:
    """Every file below `tree`, by its path there."""
    return {str(p.relative_to(tree)): p.read_bytes() for p in sorted(tree.rglob("*")) if p.is_file()}


def fat32(label: str, serial: str, size: int, files: dict[str, bytes]) -> bytes:
    """A FAT32 file system of `size` bytes. `serial` is eight hex digits; directories are made as `files` need them."""
    epoch = int(os.environ["SOURCE_DATE_EPOCH"])
    with tempfile.TemporaryDirectory() as scratch:
        image, source = Path(scratch, "fat"), Path(scratch, "file")
        with image.open("wb") as empty:
            empty.truncate(size)
        subprocess.run(["mkfs.fat", "-F", "32", "-n", label, "--invariant", "-i", serial, image], check=True, stdout=subprocess.DEVNULL)
        directories: set[str] = set()
        # One file a call and in sorted order: copying a tree takes the order of the host's directories.
        for path in sorted(files):
            for parent in reversed(Path(path).parents[:-1]):
                if str(parent) not in directories:
                    directories.add(str(parent))
                    subprocess.run(["mmd", "-i", image, f"::/{parent}"], check=True)
            source.write_bytes(files[path])
            os.utime(source, (epoch, epoch))
            subprocess.run(["mcopy", "-m", "-i", image, source, f"::/{path}"], check=True)
        return image.read_bytes()


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
    parser = argparse.ArgumentParser(description="Assembles the stick from a kernel, an initramfs and loaders.")
    parser.add_argument("--kernel", type=Path, required=True)
    parser.add_argument("--initramfs", type=Path, required=True)
    parser.add_argument("--boot-img", type=Path, required=True, help="GRUB's boot.img for BIOS")
    parser.add_argument("--core-img", type=Path, required=True, help="GRUB's core.img, prefix (,msdos2)/boot/grub")
    parser.add_argument("--efi", type=Path, required=True, help="directory that becomes /EFI")
    parser.add_argument("--page", type=Path, required=True, help="what becomes verify.html on PPDATA")
    parser.add_argument("out", type=Path)
    args = parser.parse_args()

    here = Path(__file__).parent
    boot = {f"EFI/{path}": content for path, content in tree_files(args.efi).items()}
    boot["boot/vmlinuz"] = args.kernel.read_bytes()
    boot["boot/initramfs.zst"] = args.initramfs.read_bytes()
    build_id = hashlib.sha256(boot["boot/vmlinuz"] + boot["boot/initramfs.zst"]).hexdigest()[:16]
    core = args.core_img.read_bytes()
    if len(core) > BOOT_START - SECTOR:
        raise SystemExit(f"stick.py: core.img has {len(core)} bytes and the gap before PPBOOT {BOOT_START - SECTOR}. Give GRUB fewer modules.")
    total = len(core) + sum(map(len, boot.values()))
    if total >= LIMIT:
        raise SystemExit(f"stick.py: kernel, initramfs and loaders have {total} bytes, and {LIMIT} is too much. Leave something out.")
    # Where Debian's signed GRUB looks first, and where a GRUB without a directory of its own does.
    boot["EFI/debian/grub.cfg"] = boot["EFI/BOOT/grub.cfg"] = (here / "grub-efi.cfg").read_bytes()
    boot["boot/grub/grub.cfg"] = (here / "grub.cfg").read_text().replace("@BUILD_ID@", build_id).encode()
    data = tree_files(here / "data")
    data["verify.html"] = args.page.read_bytes()
    data["PURGEPROOF.ID"] = f"purgeproof stick v1 {build_id}\n".encode()

    with args.out.open("wb") as stick:
        stick.truncate(STICK_SIZE)
        stick.write(boot_record(args.boot_img.read_bytes(), bytes.fromhex(build_id)[4:]))
        stick.write(core)
        stick.seek(BOOT_START)
        stick.write(fat32("PPBOOT", build_id[:8], BOOT_SIZE, boot))
        stick.seek(DATA_START)
        stick.write(fat32("PPDATA", build_id[8:], DATA_SIZE, data))
    print(build_id)


if __name__ == "__main__":
    main()
