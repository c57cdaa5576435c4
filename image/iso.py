"""Assembles the hybrid ISO: an ISO 9660 file system for CDs and virtual media that starts machines as a raw image on a stick too.

  El Torito   GRUB for BIOS (eltorito.img), and the FAT below for UEFI
  MBR         GRUB's boot_hybrid.img, which starts the same eltorito.img
  entry 2     PPEFI, FAT16, type EFh (EFI system partition): the loaders of UEFI machines
  entry 3     PPDATA, FAT16, type 0Eh: policy in, certificates out, where the medium can be written

The loaders and the marker file are on the ISO 9660 file system as well: its files copied to a FAT stick start UEFI machines.
"""

import os
import subprocess
import tempfile
from pathlib import Path

from fat import MIB, fat
from parts import HERE, arguments, read, volume_date

EFI_SIZE, DATA_SIZE = 12 * MIB, 32 * MIB
EFI_SYSTEM, FAT16_LBA = "0xef", "0x0e"


def redirect(date: str) -> str:
    """The first words of every GRUB on the image: find the volume of this date, and the menu there."""
    parts = [date[:4]] + [date[at : at + 2] for at in range(4, 16, 2)]
    return (HERE / "grub-iso.cfg").read_text().replace("@VOLUME@", "-".join(parts))


def eltorito(grub: Path, modules: list[str], config: str, scratch: Path) -> bytes:
    """GRUB for BIOS, with `config` and what it needs built in."""
    (scratch / "early.cfg").write_text(config)
    core = scratch / "eltorito.img"
    command = ["grub-mkimage", "-d", grub, "-O", "i386-pc-eltorito", "-p", "/boot/grub", "-c", scratch / "early.cfg", "-o", core]
    subprocess.run([*command, *modules], check=True)
    return core.read_bytes()


def write_tree(tree: Path, files: dict[str, bytes]) -> None:
    """Writes `files` below `tree`, with the rights and dates that are to be on the medium."""
    epoch = int(os.environ["SOURCE_DATE_EPOCH"])
    for path, content in files.items():
        (tree / path).parent.mkdir(parents=True, exist_ok=True)
        (tree / path).write_bytes(content)
    for path in sorted(tree.rglob("*"), reverse=True):
        path.chmod(0o755 if path.is_dir() else 0o644)
        os.utime(path, (epoch, epoch))


def main() -> None:
    """Reads the command line and writes the image."""
    parser = arguments("Assembles the hybrid ISO from a kernel, an initramfs and loaders.")
    parser.add_argument("--grub", type=Path, required=True, help="GRUB's directory for BIOS, with boot_hybrid.img and modules")
    parser.add_argument("--module", action="append", required=True, help="a module of GRUB for BIOS; several times")
    args = parser.parse_args()
    parts = read(args)
    date = volume_date(parts.build_id)
    loaders = parts.loaders(redirect(date))
    with tempfile.TemporaryDirectory() as temporary:
        scratch = Path(temporary)
        tree, efi, data = scratch / "tree", scratch / "efi.img", scratch / "data.img"
        early = eltorito(args.grub, args.module, redirect(date), scratch)
        write_tree(tree, parts.boot() | loaders | parts.data() | {"boot/grub/eltorito.img": early})
        efi.write_bytes(fat(16, "PPEFI", parts.build_id[:8], EFI_SIZE, loaders))
        data.write_bytes(fat(16, "PPDATA", parts.build_id[8:], DATA_SIZE, parts.data()))
        options = ["-V", "PURGEPROOF", "-r", "-J", "-joliet-long", f"--modification-date={date}", "--set_all_file_dates", date[:14] + "00"]
        bios = ["-c", "boot/boot.cat", "-b", "boot/grub/eltorito.img", "-no-emul-boot", "-boot-load-size", "4", "-boot-info-table"]
        hybrid = ["--grub2-boot-info", "--grub2-mbr", args.grub / "boot_hybrid.img", "-partition_offset", "16"]
        uefi = ["-eltorito-alt-boot", "-e", "--interval:appended_partition_2:all::", "-no-emul-boot"]
        appended = ["-append_partition", "2", EFI_SYSTEM, efi, "-append_partition", "3", FAT16_LBA, data]
        subprocess.run(["xorriso", "-as", "mkisofs", *options, *bios, *hybrid, *uefi, *appended, "-o", args.out, tree], check=True)


if __name__ == "__main__":
    main()
