"""An output directory as Buildroot leaves it for the post-image script, made of Debian's parts: the kernel and the initramfs of the other
edition, and GRUB 2.12 with the modules and the prefixes that purgeproof_defconfig gives it (boot/grub2/grub2.mk).

In MOCK it is left behind for whoever boots it: out/buildroot-mock/images/purgeproof.img.
"""

import hashlib
import shutil
import subprocess
from pathlib import Path

from checks import DEFCONFIG, EXTERNAL, assignments, parts, root, run

MOCK = root / "out/buildroot-mock"
PPBOOT = "@@1M"  # image/stick.py
EPOCH = "1700000000"


def output(config: Path, mock: Path) -> None:
    """Makes the directory anew."""
    images = mock / "images"
    setting = assignments(config / DEFCONFIG)
    grub = parts / "usr/lib/grub"
    core = mock / "build/grub2-2.12/build-i386-pc/grub-core"
    efi = images / "efi-part/EFI/BOOT"
    shutil.rmtree(mock, ignore_errors=True)
    for folder in (core, efi, mock / "host/bin"):
        folder.mkdir(parents=True)
    shutil.copy(next((root / ".cache/debian/boot").glob("vmlinuz-*")), images / "bzImage")
    shutil.copy(root / "out/initramfs.zst", images / "rootfs.cpio.zst")
    shutil.copy(grub / "i386-pc/boot.img", core)
    prefix = f"({setting['BR2_TARGET_GRUB2_BOOT_PARTITION']})/boot/grub"
    for platform, kind, prefix, image in (
        ("i386-pc", "PC", prefix, images / "grub.img"),
        ("x86_64-efi", "EFI", "/EFI/BOOT", efi / "bootx64.efi"),
        ("i386-efi", "EFI", "/EFI/BOOT", efi / "bootia32.efi"),
    ):
        built_in = setting[f"BR2_TARGET_GRUB2_BUILTIN_MODULES_{kind}"].split()
        subprocess.run(["grub-mkimage", "-d", grub / platform, "-O", platform, "-o", image, "-p", prefix, *built_in], check=True)
    (efi / "grub.cfg").write_text("# Buildroot's own, which is not for us\n")


def post_image(config: Path, mock: Path) -> list[str]:
    """The real script makes a stick of that, twice the same, with everything in its place."""
    images = mock / "images"
    output(config, mock)
    environment = {
        "BINARIES_DIR": str(images),
        "BUILD_DIR": str(mock / "build"),
        "HOST_DIR": str(mock / "host"),
        "SOURCE_DATE_EPOCH": EPOCH,
        EXTERNAL: str(config),
    }
    hashes = []
    for _ in range(2):
        if failure := run([str(config / "board/post-image.sh"), str(images)], **environment):
            return [failure]
        hashes.append(hashlib.sha256((images / "purgeproof.img").read_bytes()).digest())
    complaints = [] if hashes[0] == hashes[1] else ["the same parts gave another image the second time"]
    for file, source in {
        "boot/vmlinuz": images / "bzImage",
        "boot/initramfs.zst": images / "rootfs.cpio.zst",
        "EFI/BOOT/BOOTX64.EFI": images / "efi-part/EFI/BOOT/bootx64.efi",
        "EFI/BOOT/BOOTIA32.EFI": images / "efi-part/EFI/BOOT/bootia32.efi",
        "EFI/BOOT/grub.cfg": root / "image/grub-efi.cfg",
    }.items():
        copied = subprocess.run(["mcopy", "-i", f"{images}/purgeproof.img{PPBOOT}", f"::/{file}", "-"], capture_output=True, check=False)
        if copied.stdout != source.read_bytes():
            complaints.append(f"{file} on the stick is not {source.name}")
    return complaints
