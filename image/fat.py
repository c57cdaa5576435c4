"""FAT file systems in memory, without root and without loop devices.

The same input gives the same bytes; every date is SOURCE_DATE_EPOCH, which mkfs.fat, mtools and this module honour.
"""

import os
import subprocess
import tempfile
from pathlib import Path

MIB = 1 << 20


def tree_files(tree: Path) -> dict[str, bytes]:
    """Every file below `tree`, by its path there."""
    return {str(p.relative_to(tree)): p.read_bytes() for p in sorted(tree.rglob("*")) if p.is_file()}


def fat(bits: int, label: str, serial: str, size: int, files: dict[str, bytes]) -> bytes:
    """A file system of `size` bytes, FAT16 or FAT32. `serial` is eight hex digits; directories are made as `files` need them."""
    epoch = int(os.environ["SOURCE_DATE_EPOCH"])
    with tempfile.TemporaryDirectory() as scratch:
        image, source = Path(scratch, "fat"), Path(scratch, "file")
        with image.open("wb") as empty:
            empty.truncate(size)
        subprocess.run(["mkfs.fat", "-F", str(bits), "-n", label, "--invariant", "-i", serial, image], check=True, stdout=subprocess.DEVNULL)
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
