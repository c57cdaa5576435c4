"""Writes the two segments of the initramfs, each a cpio archive for itself: the kernel unpacks one after the other.

  initramfs.py modules --tree lib/modules/VERSION --list modules.list --options modules.options --firmware lib/firmware --epoch SECONDS OUT
  initramfs.py firmware --list firmware.list --firmware lib/firmware --epoch SECONDS OUT     in its place, for a kernel without modules
  initramfs.py init --program BINARY [--keymaps DIRECTORY] --epoch SECONDS OUT

The first changes with the kernel only, so that it is compressed once; the second is our one program
and the keyboard layouts of keymaps.py. There is nothing else: no shell.
Format: "newc", Documentation/driver-api/early-userspace/buffer-format.rst. The same input gives the same bytes.
"""

import argparse
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

from modules import Module, SelectionError, select


class Archive:
    """A newc archive in memory. Every entry belongs to root and bears the same date."""

    def __init__(self, epoch: int) -> None:
        """`epoch`: date of every entry, seconds since 1970."""
        self.epoch = epoch
        self.content = bytearray()
        self.inode = 0
        self.directories: set[str] = set()

    def entry(self, path: str, mode: int, content: bytes = b"", device: tuple[int, int] = (0, 0)) -> None:
        """Appends one entry; directories that lead to it must be there already."""
        self.inode += 1
        name = path.encode() + b"\0"
        links = 2 if stat.S_ISDIR(mode) else 1
        fields = (self.inode, mode, 0, 0, links, self.epoch, len(content), 0, 0, *device, len(name), 0)
        self.content += b"070701" + "".join(f"{field:08X}" for field in fields).encode() + name
        self.pad(4)
        self.content += content
        self.pad(4)

    def pad(self, to: int) -> None:
        """Fills up with zeros to a multiple of `to` bytes."""
        self.content += bytes(-len(self.content) % to)

    def directory(self, path: str) -> None:
        """A directory and those that lead to it, each once."""
        parts = path.split("/")
        for depth in range(1, len(parts) + 1):
            head = "/".join(parts[:depth])
            if head not in self.directories:
                self.directories.add(head)
                self.entry(head, stat.S_IFDIR | 0o755)

    def file(self, path: str, content: bytes, mode: int = 0o644) -> None:
        """A regular file, with the directories that lead to it."""
        if "/" in path:
            self.directory(path.rpartition("/")[0])
        self.entry(path, stat.S_IFREG | mode, content)

    def finish(self) -> bytes:
        """The archive's end mark, and its bytes; the next segment may begin at any multiple of four."""
        self.entry("TRAILER!!!", 0)
        self.pad(512)
        return bytes(self.content)


def indexes(version: str, modules: list[Module]) -> dict[str, bytes]:
    """What init needs to load modules by name and by alias: depmod's text files over the chosen modules alone."""
    with tempfile.TemporaryDirectory() as scratch:
        tree = Path(scratch, "lib/modules", version)
        for module in modules:
            (tree / module.path).parent.mkdir(parents=True, exist_ok=True)
            (tree / module.path).write_bytes(module.file)
        for name in ("modules.order", "modules.builtin", "modules.builtin.modinfo"):  # depmod warns without them
            (tree / name).touch()
        subprocess.run(["depmod", "-b", scratch, version], check=True)
        return {name: (tree / name).read_bytes() for name in ("modules.alias", "modules.dep", "modules.softdep")}


def firmware_files(tree: Path, modules: list[Module]) -> dict[str, bytes]:
    """The firmware that the modules name, as far as Debian distributes it."""
    wanted = sorted({name for module in modules for name in module.firmware})
    found = {name: (tree / name).read_bytes() for name in wanted if (tree / name).is_file()}
    print(f"firmware: {len(found)} of {len(wanted)} files; not distributed: {' '.join(n for n in wanted if n not in found) or 'none'}")
    return found


def modules_segment(tree: Path, list_file: Path, options: Path, firmware: Path, epoch: int) -> bytes:
    """Modules, their indexes, their parameters and their firmware."""
    version = tree.name
    chosen = select(tree, list_file)
    files = {f"lib/modules/{version}/{m.path}": m.file for m in chosen}
    files |= {f"lib/modules/{version}/{name}": content for name, content in indexes(version, chosen).items()}
    files[f"lib/modules/{version}/modules.options"] = options.read_bytes()
    files |= {f"lib/firmware/{name}": content for name, content in firmware_files(firmware, chosen).items()}
    print(f"modules: {len(chosen)}")
    archive = Archive(epoch)
    for path in sorted(files):
        archive.file(path, files[path])
    return archive.finish()


def firmware_segment(list_file: Path, firmware: Path, epoch: int) -> bytes:
    """Firmware for drivers that are built in."""
    names = [line.partition("#")[0].strip() for line in list_file.read_text().splitlines()]
    archive = Archive(epoch)
    for name in sorted(filter(None, names)):
        archive.file(f"lib/firmware/{name}", (firmware / name).read_bytes())
    return archive.finish()


def init_segment(program: Path, keymaps: Path | None, epoch: int) -> bytes:
    """Our program as /init, where it mounts, the console that the kernel opens for it, and keyboard layouts."""
    archive = Archive(epoch)
    for path in ("dev", "proc", "run", "sys", "tmp"):
        archive.directory(path)
    archive.entry("dev/console", stat.S_IFCHR | 0o600, device=(5, 1))
    archive.file("init", program.read_bytes(), 0o755)
    for layout in sorted(keymaps.iterdir()) if keymaps else ():
        archive.file(f"lib/keymaps/{layout.name}", layout.read_bytes())
    return archive.finish()


def main() -> None:
    """Reads the command line and writes the segment it asks for."""
    parser = argparse.ArgumentParser(description="Writes a segment of the initramfs.")
    segments = parser.add_subparsers(dest="segment", required=True)
    modules = segments.add_parser("modules")
    modules.add_argument("--tree", type=Path, required=True)
    modules.add_argument("--options", type=Path, required=True)
    firmware = segments.add_parser("firmware")
    for segment in (modules, firmware):
        segment.add_argument("--list", type=Path, required=True)
        segment.add_argument("--firmware", type=Path, required=True)
    init = segments.add_parser("init")
    init.add_argument("--program", type=Path, required=True)
    init.add_argument("--keymaps", type=Path)
    for segment in (modules, firmware, init):
        segment.add_argument("--epoch", type=int, required=True)
        segment.add_argument("out", type=Path)
    args = parser.parse_args()
    try:
        if args.segment == "modules":
            content = modules_segment(args.tree, args.list, args.options, args.firmware, args.epoch)
        elif args.segment == "firmware":
            content = firmware_segment(args.list, args.firmware, args.epoch)
        else:
            content = init_segment(args.program, args.keymaps, args.epoch)
    except SelectionError as error:
        sys.exit(f"initramfs.py: {error}")
    args.out.write_bytes(content)


if __name__ == "__main__":
    main()
