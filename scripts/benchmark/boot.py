"""How long it takes from the start of the kernel to the first screen: our image, and the same kernel with an init that says a sentence."""

import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmark.common import MIB, OUT, ROOT, fail, spread

LIMIT_S = 300

TRIVIAL_INIT = r"""
#include <stdio.h>
#include <sys/reboot.h>
int main(void) { puts("trivial init is up"); fflush(stdout); return reboot(RB_POWER_OFF); }
"""


def trivial_initramfs(folder: Path) -> Path:
    """An initramfs with nothing but a program that says a sentence and switches the machine off."""
    source, program, archive = folder / "init.c", folder / "init", folder / "init.cpio"
    source.write_text(TRIVIAL_INIT)
    subprocess.run(["gcc", "-static", "-O2", "-o", program, source], check=True)
    subprocess.run([sys.executable, "-B", ROOT / "image/initramfs.py", "init", "--program", program, "--epoch", "0", archive], check=True)
    subprocess.run(["zstd", "-q", "-9", archive], check=True)
    return archive.with_suffix(".cpio.zst")


def boot(initramfs: Path, marks: dict[str, bytes], folder: Path) -> dict[str, float]:
    """Starts the image's kernel with this initramfs. Gives the kernel's clock in seconds at "init" and when each mark was on the line."""
    drive = folder / "drive.img"
    with drive.open("wb") as empty:
        empty.truncate(16 * MIB)
    machine: list[str | Path] = [
        *(ROOT / "scripts/qemu", "-M", "q35,accel=tcg", "-cpu", "max", "-smp", "2", "-m", "512", "-nodefaults", "-vga", "std", "-display", "none"),
        *("-no-reboot", "-serial", "stdio", "-kernel", OUT / "vmlinuz", "-initrd", initramfs),
        *("-append", "console=tty0 console=ttyS0,115200 quiet loglevel=7", "-drive", f"if=none,id=drive,format=raw,file={drive}"),
        *("-device", "nvme,drive=drive,serial=BENCH-01"),
    ]
    heard = b""
    at: dict[str, float] = {}
    qemu = subprocess.Popen(machine, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    try:
        assert qemu.stdout is not None
        limit = time.monotonic() + LIMIT_S
        init = re.compile(rb"\[ *([0-9.]+)\] Run /init as init process")
        while len(at) < len(marks) + 1:
            chunk = os.read(qemu.stdout.fileno(), 1 << 16)
            now = time.monotonic()
            if not chunk or now > limit:
                fail(f"the machine did not come to {set(marks) - set(at)}. Its last words:\n{heard[-2000:].decode(errors='replace')}")
            heard += chunk
            if "init" not in at and (found := init.search(heard)):
                at["init"], offset = float(found[1]), now - float(found[1])
            at |= {name: now - offset for name, mark in marks.items() if name not in at and "init" in at and mark in heard}
    finally:
        qemu.kill()
        qemu.wait()
    return at


def measure(rounds: int) -> dict[str, Any]:
    """Our image and the same kernel with a trivial init, in turns."""
    ours: list[dict[str, float]] = []
    trivial: list[dict[str, float]] = []
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        bare = trivial_initramfs(folder)
        for number in range(rounds):
            trivial.append(boot(bare, {"up": b"trivial init is up"}, folder))
            # The line of keys, and the drive's serial number in the list.
            ours.append(boot(OUT / "initramfs.zst", {"screen": b"? help", "drive listed": b"BENCH-01"}, folder))
            print(f"  round {number + 1}  boot: {ours[-1]}  trivial init: {trivial[-1]}", flush=True)
    return {"rounds": rounds, "purgeproof": ours, "trivial": trivial}


def table(times: dict[str, Any]) -> list[str]:
    """Kernel clock at each mark, and ours divided by the trivial init's, round by round."""
    up = [each["up"] for each in times["trivial"]]
    lines = ["| kernel clock, s | median (spread) | ÷ trivial init |", "|---|--:|--:|"]
    lines.append(f"| trivial init: PID 1 starts | {spread([each['init'] for each in times['trivial']])} | |")
    lines.append(f"| trivial init: its sentence is out | {spread(up)} | 1 |")
    names = {"init": "PID 1 starts", "screen": "first screen is drawn", "drive listed": "a drive is in the list"}
    for key, words in names.items():
        values = [each[key] for each in times["purgeproof"]]
        ratio = statistics.median(own / bare for own, bare in zip(values, up, strict=True))
        lines.append(f"| PurgeProof: {words} | {spread(values)} | {ratio:.2f} |")
    return lines
