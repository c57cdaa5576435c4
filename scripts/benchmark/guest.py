"""The guest of the firmware part: the image's kernel and modules, with Debian's tools and a shell in place of our PID 1."""

import json
import os
import selectors
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmark.common import OUT, ROOT, fail

sys.path.insert(0, str(ROOT / "image"))
from initramfs import Archive  # noqa: E402 # its folder is no package

HERE = Path(__file__).resolve().parent
TREE = ROOT / ".cache/bench/tree"
MEMORY_MIB = 1024
LIMIT_S = 1800

PROGRAMS = {"busybox": "bin/busybox", "lsblk": "bin/lsblk", "hdparm": "sbin/hdparm", "nvme": "usr/sbin/nvme"}
LIBRARIES = "lib/x86_64-linux-gnu"
LOADER = "lib64/ld-linux-x86-64.so.2"


def initramfs(files: dict[str, str], folder: Path) -> Path:
    """The image's initramfs with a segment after it, whose /init counts because it comes later. `files` are texts for its root."""
    stamp = folder / "stamp"
    subprocess.run(["gcc", "-static", "-O2", "-Wall", "-Wextra", "-Werror", "-o", stamp, HERE / "stamp.c"], check=True)
    archive = Archive(0)
    archive.file("init", (HERE / "guest-init").read_bytes(), 0o755)
    programs = {"purgeproof": OUT / "purgeproof", "stamp": stamp} | {name: TREE / path for name, path in PROGRAMS.items()}
    for name, path in programs.items():
        archive.file(f"bin/{name}", path.read_bytes(), 0o755)
    archive.file(LOADER, (TREE / LIBRARIES / Path(LOADER).name).read_bytes(), 0o755)
    for path in sorted([*(TREE / LIBRARIES).glob("*.so*"), *(TREE / "usr" / LIBRARIES).glob("*.so*")]):
        name = f"{LIBRARIES}/{path.name}"
        if path.is_symlink():
            archive.entry(name, stat.S_IFLNK | 0o777, os.readlink(path).rpartition("/")[2].encode())
        else:
            archive.file(name, path.read_bytes(), 0o755)
    for name, text in files.items():
        archive.file(name, text.encode())
    segment = folder / "guest.cpio"
    segment.write_bytes(archive.finish())
    subprocess.run(["zstd", "-q", "-1", segment], check=True)
    whole = folder / "initramfs.zst"
    whole.write_bytes((OUT / "initramfs.zst").read_bytes() + segment.with_suffix(".cpio.zst").read_bytes())
    return whole


@contextmanager
def shelf(scenario: str, drives: int, folder: Path) -> Iterator[list[str]]:
    """Drives of drivesim, with their media and logs in `folder`; gives QEMU's arguments for them."""
    drivesim = subprocess.run([HERE / "prepare"], check=True, capture_output=True, text=True).stdout.strip()
    path = folder / "scenario.toml"
    path.write_text(scenario)
    process = subprocess.Popen([drivesim, path, folder], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        arguments = [process.stdout.readline().rstrip("\n") for _ in range(2 * drives)]
        if not all(arguments):
            fail("drivesim ended before it served every drive. What it said is above.")
        yield arguments
    finally:
        process.kill()
        process.wait()


def run(initramfs: Path, devices: list[str], complaints: Path) -> Iterator[dict[str, Any]]:
    """Boots, and gives every line of JSON that comes from the guest's console, until it switches itself off. QEMU complains to a file."""
    machine: list[str | Path] = [
        *(ROOT / "scripts/qemu", "-M", "q35,memory-backend=ram", "-accel", "tcg", "-cpu", "max", "-smp", "2", "-m", str(MEMORY_MIB)),
        *("-object", f"memory-backend-memfd,id=ram,size={MEMORY_MIB}M,share=on", "-nodefaults", "-display", "none", "-no-reboot"),
        *("-serial", "stdio", "-kernel", OUT / "vmlinuz", "-initrd", initramfs, "-append", "console=ttyS0 quiet loglevel=1 panic=-1", *devices),
    ]
    with complaints.open("wb") as said:
        qemu = subprocess.Popen(machine, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=said)
    try:
        assert qemu.stdout is not None
        until = time.monotonic() + LIMIT_S
        heard = b""
        ready = selectors.DefaultSelector()
        ready.register(qemu.stdout, selectors.EVENT_READ)
        while True:
            chunk = os.read(qemu.stdout.fileno(), 1 << 16) if ready.select(until - time.monotonic()) else b""
            *lines, heard = (heard + chunk).split(b"\n")
            for line in (line.strip() for line in lines):
                if line.startswith(b"{"):
                    yield json.loads(line)
                elif line:
                    print(f"  the guest: {line.decode(errors='replace')}", flush=True)
            if not chunk:
                return
    finally:
        qemu.kill()
        qemu.wait()
