"""What every medium is made of: kernel, initramfs, loaders, boot menu, and the files of PPDATA."""

import argparse
import datetime
import hashlib
import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from fat import MIB, tree_files

HERE = Path(__file__).parent
LIMIT = 32 * MIB  # kernel, initramfs and loaders together


def build_id(kernel: bytes, initramfs: bytes) -> str:
    """The id of a build, 16 hex digits: the boot menu hands it to our program, which puts it on its screen and on every certificate."""
    return hashlib.sha256(kernel + initramfs).hexdigest()[:16]


@dataclass(frozen=True)
class Parts:
    """The parts of one build; `efi` holds what becomes the directory /EFI."""

    kernel: bytes
    initramfs: bytes
    efi: dict[str, bytes]
    page: bytes

    @cached_property
    def build_id(self) -> str:
        """The build's id."""
        return build_id(self.kernel, self.initramfs)

    def refuse_bulk(self, more: int) -> None:
        """Fails if all that starts a machine has too many bytes; `more` are those of loaders that are not in `efi`."""
        total = len(self.kernel) + len(self.initramfs) + sum(map(len, self.efi.values())) + more
        if total >= LIMIT:
            raise SystemExit(f"kernel, initramfs and loaders have {total} bytes, and {LIMIT} is too much. Leave something out.")

    def boot(self) -> dict[str, bytes]:
        """Kernel, initramfs and menu, by their paths on the medium."""
        menu = (HERE / "grub.cfg").read_text().replace("@BUILD_ID@", self.build_id)
        return {"boot/grub/grub.cfg": menu.encode(), "boot/vmlinuz": self.kernel, "boot/initramfs.zst": self.initramfs}

    def loaders(self, first: str) -> dict[str, bytes]:
        """The loaders of UEFI machines. `first` is what Debian's signed GRUB, and a GRUB without a directory of its own, reads first."""
        files = {f"EFI/{path}": content for path, content in self.efi.items()}
        return files | {"EFI/debian/grub.cfg": first.encode(), "EFI/BOOT/grub.cfg": first.encode()}

    def data(self) -> dict[str, bytes]:
        """The files of PPDATA."""
        marker = f"purgeproof stick v1 {self.build_id}\n"
        return tree_files(HERE / "data") | {"verify.html": self.page, "PURGEPROOF.ID": marker.encode()}


def arguments(description: str) -> argparse.ArgumentParser:
    """The options that every medium's program has."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--kernel", type=Path, required=True)
    parser.add_argument("--initramfs", type=Path, required=True)
    parser.add_argument("--efi", type=Path, required=True, help="directory that becomes /EFI")
    parser.add_argument("--page", type=Path, required=True, help="what becomes verify.html on PPDATA")
    parser.add_argument("out", type=Path)
    return parser


def read(args: argparse.Namespace) -> Parts:
    """The parts that the options name."""
    return Parts(args.kernel.read_bytes(), args.initramfs.read_bytes(), tree_files(args.efi), args.page.read_bytes())


def volume_date(build: str) -> str:
    """The date by which an ISO 9660 volume is known (YYYYMMDDhhmmsscc): SOURCE_DATE_EPOCH, with hundredths that tell builds apart."""
    when = datetime.datetime.fromtimestamp(int(os.environ["SOURCE_DATE_EPOCH"]), datetime.UTC)
    return f"{when:%Y%m%d%H%M%S}{int(build, 16) % 100:02}"
