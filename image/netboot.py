"""Fills the folder that a boot server hands out over TFTP or HTTP.

  bootx64.efi      UEFI x64, Secure Boot too: Debian's signed shim, which takes
  grubx64.efi      Debian's signed GRUB with a network, and mmx64.efi, from the same folder
  grub.0           BIOS without iPXE
  grub/grub.cfg    the menu of both
  purgeproof.ipxe  iPXE, BIOS and UEFI
  vmlinuz  initramfs.zst
"""

import argparse
import shutil
import subprocess
from pathlib import Path

from parts import HERE, build_id


def main() -> None:
    """Reads the command line and fills the folder."""
    parser = argparse.ArgumentParser(description="Fills the folder for a boot server.")
    parser.add_argument("--kernel", type=Path, required=True)
    parser.add_argument("--initramfs", type=Path, required=True)
    parser.add_argument("--debian", type=Path, required=True, help="where Debian's packages are unpacked")
    parser.add_argument("--module", action="append", required=True, help="a module of GRUB for BIOS; several times")
    parser.add_argument("out", type=Path)
    args = parser.parse_args()
    shutil.rmtree(args.out, ignore_errors=True)
    (args.out / "grub").mkdir(parents=True)
    lib = args.debian / "usr/lib"
    for source, name in (
        (args.kernel, "vmlinuz"),
        (args.initramfs, "initramfs.zst"),
        (lib / "shim/shimx64.efi.signed", "bootx64.efi"),
        (lib / "shim/mmx64.efi.signed", "mmx64.efi"),
        (lib / "grub/x86_64-efi-signed/grubnetx64.efi.signed", "grubx64.efi"),
    ):
        shutil.copyfile(source, args.out / name)
    build = build_id(args.kernel.read_bytes(), args.initramfs.read_bytes())
    for source, name in (("grub.cfg", "grub/grub.cfg"), ("purgeproof.ipxe", "purgeproof.ipxe")):
        (args.out / name).write_text((HERE / source).read_text().replace("@BUILD_ID@", build))
    command = ["grub-mkimage", "-d", lib / "grub/i386-pc", "-O", "i386-pc-pxe", "-p", "/grub", "-o", args.out / "grub.0"]
    subprocess.run([*command, *args.module], check=True)


if __name__ == "__main__":
    main()
