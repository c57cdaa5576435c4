"""What it costs to overwrite disks and to read them back: beside other tools, and beside what the disk itself takes.

A disk is a file on tmpfs behind a loop device with direct I/O, so that the tool is measured and not the disk; or a file on the machine's own
disk. Every tool runs in a mount namespace of its own, whose /dev has the one disk that it is to erase and no other: whatever a tool takes its
options to mean, there is nothing else for it to erase.
"""

import json
import mmap
import os
import random
import re
import secrets
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmark.common import GB, MIB, OUT, fail, spread

TICKS_PER_S = os.sysconf("SC_CLK_TCK")
DISKS = 8
# What a sampled read-back visits (src/core/sample.rs): 4608 pages and the two ends.
PLACES = 4610
PAGE = 4096
HUGE = 20 * 10**12
# Of the huge disk so much may come to be in memory before the tool is stopped.
HUGE_WRITTEN = 1 << 30

# $1 is the disk, or "none"; the rest is the command. Nodes are copied, not bound, so that the old /dev is really gone.
CONFINED = """set -e
disk=$1; shift
[ "$disk" != none ] || disk=
dev=$(mktemp -d)
mount -t tmpfs -o mode=755 bench-dev "$dev"
cp -a /dev/null /dev/zero /dev/random /dev/urandom $disk "$dev"
mount --move "$dev" /dev
rmdir "$dev"
[ "$(find /dev -type b)" = "$disk" ]
exec "$@"
"""

# The serial number of a loop device is its name; a file is its own consent.
POLICY = """unattended = true
[[rule]]
name = "benchmark"
{selects}
action = "purge"
pattern = "random"
verify = "{verify}"
"""


@dataclass
class Row:
    """One measured walk over a whole disk. CPU time is that of the tool's processes, not of the loop device's kernel thread; memory is the
    most that one of them had resident."""

    seconds: float
    cpu_s: float
    memory_mib: float


class Run:
    """A command at work on one disk."""

    def __init__(self, disk: Path | None, command: list[str]) -> None:
        self.said = tempfile.TemporaryFile()
        self.name = command[0]
        # unshare and sh replace themselves by the command: it is one process, and this is its number.
        confined = ["unshare", "--mount", "--propagation", "private", "sh", "-c", CONFINED, "sh", str(disk or "none"), *command]
        self.begin = time.monotonic()
        self.process = subprocess.Popen(confined, stdin=subprocess.DEVNULL, stdout=self.said, stderr=subprocess.STDOUT)
        self.wall_s = self.cpu_s = self.memory_mib = 0.0
        # (boot clock in seconds, CPU seconds used until then), about 100 a second
        self.samples: list[tuple[float, float]] = []

    def has_ended(self) -> bool:
        """Looks once. A command that fails ends the benchmark."""
        pid, status, used = os.wait4(self.process.pid, os.WNOHANG)
        if not pid:
            self.samples.append((time.clock_gettime(time.CLOCK_BOOTTIME), cpu_seconds(self.process.pid)))
            self.memory_mib = max(self.memory_mib, memory_mib(self.process.pid))
            return False
        self.wall_s, self.cpu_s = time.monotonic() - self.begin, used.ru_utime + used.ru_stime
        self.process.returncode = os.waitstatus_to_exitcode(status)
        if self.process.returncode != 0:
            self.said.seek(0)
            said = self.said.read().decode(errors="replace")
            fail(f"{self.name} ended with {self.process.returncode}. It said:\n{said}")
        self.said.close()
        return True

    def cpu_until(self, moment: float) -> float:
        """CPU seconds used until a moment of the boot clock."""
        return max((used for clock, used in self.samples if clock <= moment), default=0.0)

    def row(self) -> Row:
        """The whole of it."""
        return Row(self.wall_s, self.cpu_s, self.memory_mib)


def cpu_seconds(pid: int) -> float:
    """CPU time of a process until now, from fields 14 and 15 of its stat (proc(5)); 0 once it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_S


def memory_mib(pid: int) -> float:
    """The most memory that a process or a child of it had resident until now (VmHWM); ru_maxrss would begin with this program's own."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        texts = [Path(f"/proc/{each}/status").read_text() for each in (pid, *children)]
    except OSError:
        return 0.0
    found = [re.search(r"^VmHWM:\s*(\d+) kB", text, re.MULTILINE) for text in texts]
    return max((int(each[1]) / 1024 for each in found if each), default=0.0)


def together(runs: list[Run]) -> None:
    """Waits until all have ended."""
    open_ = list(runs)
    while open_:
        open_ = [run for run in open_ if not run.has_ended()]
        time.sleep(0.01)


@contextmanager
def loop_disk(size: int, *, sparse: bool = False) -> Iterator[tuple[Path, Path]]:
    """A block device of `size` bytes in memory, and the file behind it."""
    with tempfile.NamedTemporaryFile(dir="/dev/shm", prefix="purgeproof-bench-") as file:
        if sparse:
            file.truncate(size)
        else:
            os.posix_fallocate(file.fileno(), 0, size)
        attach = ["losetup", "--direct-io=on", "--show", "--find", file.name]
        device = subprocess.run(attach, check=True, capture_output=True, text=True).stdout.strip()
        try:
            yield Path(device), Path(file.name)
        finally:
            subprocess.run(["losetup", "--detach", device], check=True)


# The tools


class PurgeProof:
    """Our own tool writes and reads back. Its evidence says by the boot clock when it did what."""

    def __init__(self, target: Path, verify: str = "full") -> None:
        self.folder = tempfile.TemporaryDirectory()
        is_disk = target.is_block_device()
        policy = Path(self.folder.name, "policy.toml")
        selects = f'serial = ["{target.name}"]' if is_disk else 'transport = ["file"]'
        policy.write_text(POLICY.format(selects=selects, verify=verify))
        command = [str(OUT / "purgeproof"), "purge", str(target), "--policy", str(policy), "--out", self.folder.name]
        self.run = Run(target if is_disk else None, command)

    def moments(self) -> dict[str, float]:
        """Seconds of the boot clock by the name of what happened, once it has ended."""
        with self.folder:
            (path,) = Path(self.folder.name, "certificates").glob("*.evidence.json")
            facts = json.loads(path.read_text())["facts"]
        # A fact without fields is a string, one with fields an object of one key.
        name = lambda fact: fact if isinstance(fact, str) else next(iter(fact))  # noqa: E731
        return {name(entry["fact"]): entry["at_ms"] / 1000 for entry in facts}

    def rows(self) -> dict[str, Row]:
        """Writing is from the beginning of the pass to the confirmed flush; reading back is until the last comparison."""
        at = self.moments()

        def stage(begin: str, end: str) -> Row:
            cpu_s = self.run.cpu_until(at[end]) - self.run.cpu_until(at[begin])
            return Row(at[end] - at[begin], cpu_s, self.run.memory_mib)

        return {
            "PurgeProof, writing": stage("pass-began", "flushed"),
            "PurgeProof, reading back and comparing": stage("verify-began", "verify-ended"),
            "PurgeProof, the whole command with its certificate": self.run.row(),
        }


WRITE = "dd of=DISK bs=4M iflag=fullblock oflag=direct conv=notrunc,fsync count=COUNT status=none"
DD_WRITE, DD_READ = "dd, writing zeros", "dd, reading"
DD = {DD_WRITE: WRITE + " if=/dev/zero", DD_READ: "dd if=DISK of=/dev/null bs=4M iflag=direct status=none"}
OPENSSL = "openssl enc {} -K KEY -iv IV -in /dev/zero 2>/dev/null | " + WRITE
# By the program that each needs.
PEERS: dict[str, tuple[str, str]] = {
    "dd from /dev/urandom": ("dd", WRITE + " if=/dev/urandom"),
    "openssl AES-256-CTR \\| dd": ("openssl", OPENSSL.format("-aes-256-ctr")),
    "openssl ChaCha20 \\| dd": ("openssl", OPENSSL.format("-chacha20")),
    "shred -n 1": ("shred", "shred -n 1 DISK"),
    "scrub -p random": ("scrub", "scrub -f -S -p random DISK"),
    "nwipe, PRNG stream": ("nwipe", "nwipe --autonuke --nogui --nowait --method=prng --rounds=1 --verify=off --noblank --nousb DISK"),
}


def start(command: str, disk: Path, size: int) -> Run:
    """Starts one of the others. DISK, COUNT (of 4 MiB), KEY and IV in its command are filled in."""
    words = {"DISK": str(disk), "COUNT": str(size // (4 * MIB)), "KEY": secrets.token_hex(32), "IV": secrets.token_hex(16)}
    filled = re.sub("|".join(words), lambda found: words[found[0]], command)
    return Run(disk if disk.is_block_device() else None, ["sh", "-c", filled])


Tool = Callable[[], dict[str, Row]]


def in_turns(rounds: int, tools: dict[str, Tool]) -> dict[str, list[Row]]:
    """Every tool in every round, each round beginning with another one. A round before them, in which the memory behind the disks and the
    programs are met for the first time, is not counted."""
    rows: dict[str, list[Row]] = {}
    for number in range(-1, rounds):
        names = list(tools)
        turn = max(number, 0) % len(names)
        for name in names[turn:] + names[:turn]:
            if number < 0 and name == "nwipe, PRNG stream":
                continue  # half a minute
            for what, row in tools[name]().items():
                print(f"  round {number + 1}  {what:52} {row.seconds:7.3f} s  {row.cpu_s:6.2f} s CPU", flush=True)
                if number >= 0:
                    rows.setdefault(what, []).append(row)
    return rows


def single(disk: Path, size: int, peers: dict[str, tuple[str, str]]) -> dict[str, Tool]:
    """The tools, each of which overwrites or reads this one disk or file."""

    def other(name: str, command: str) -> Tool:
        def run() -> dict[str, Row]:
            work = start(command, disk, size)
            together([work])
            return {name: work.row()}

        return run

    def ours() -> dict[str, Row]:
        tool = PurgeProof(disk)
        together([tool.run])
        return tool.rows()

    commands = DD | {name: command for name, (_, command) in peers.items()}
    return {"PurgeProof": ours} | {name: other(name, command) for name, command in commands.items()}


# What is measured


def measure_one(rounds: int, size: int) -> dict[str, Any]:
    """One disk in memory, and every tool."""
    missing = [name for name, (program, _) in PEERS.items() if not shutil.which(program)]
    peers = {name: tool for name, tool in PEERS.items() if name not in missing}
    with loop_disk(size) as (disk, _):
        rows = in_turns(rounds, single(disk, size, peers))
    return {"bytes": size, "rounds": rounds, "missing": missing, "rows": plain(rows)}


def measure_eight(rounds: int, size: int) -> dict[str, Any]:
    """Eight disks in memory at once, a process each; and one of them alone."""
    with ExitStack() as stack:
        disks = [stack.enter_context(loop_disk(size))[0] for _ in range(DISKS)]

        def others(name: str, command: str, count: int) -> Tool:
            def run() -> dict[str, Row]:
                begin = time.monotonic()
                runs = [start(command, disk, size) for disk in disks[:count]]
                together(runs)
                wall_s = time.monotonic() - begin
                return {f"{name}, {count} at once": Row(wall_s, sum(run.cpu_s for run in runs), max(run.memory_mib for run in runs))}

            return run

        evenness: dict[str, list[float]] = {}

        def ours() -> dict[str, Row]:
            tools = [PurgeProof(disk) for disk in disks]
            together([tool.run for tool in tools])
            moments = [tool.moments() for tool in tools]
            memory = max(tool.run.memory_mib for tool in tools)
            rows = {}
            for what, begin, end in (("writing", "pass-began", "flushed"), ("reading back and comparing", "verify-began", "verify-ended")):
                taken = [at[end] - at[begin] for at in moments]
                evenness.setdefault(what, []).append(min(taken) / max(taken))
                cpu = sum(tool.run.cpu_until(at[end]) - tool.run.cpu_until(at[begin]) for tool, at in zip(tools, moments, strict=True))
                first, last = min(at[begin] for at in moments), max(at[end] for at in moments)
                rows[f"PurgeProof, {what}, {DISKS} at once"] = Row(last - first, cpu, memory)
            return rows

        tools = {f"{name} {count}": others(name, command, count) for name, command in DD.items() for count in (1, DISKS)}
        rows = in_turns(rounds, {"PurgeProof": ours} | tools)
    # The round that is not counted is the first.
    return {"bytes": size, "rounds": rounds, "rows": plain(rows), "evenness": {what: each[1:] for what, each in evenness.items()}}


def measure_file(rounds: int, size: int) -> dict[str, Any]:
    """A file on the machine's own disk; and a sampled read-back beside one reader that asks for the same number of pages one by one."""
    file = OUT / "bench.img"
    try:
        with file.open("wb") as blank:
            os.posix_fallocate(blank.fileno(), 0, size)

        def sample() -> dict[str, Row]:
            tool = PurgeProof(file, "sample")
            together([tool.run])
            return {f"PurgeProof, {PLACES} pages": tool.rows()["PurgeProof, reading back and comparing"]}

        def one_by_one() -> dict[str, Row]:
            seconds, cpu_s = read_pages(file, size)
            return {f"one reader, {PLACES} pages": Row(seconds, cpu_s, 0.0)}

        peers = {name: PEERS[name] for name in ("openssl AES-256-CTR \\| dd", "shred -n 1")}
        rows = in_turns(rounds, single(file, size, peers) | {"sample": sample, "one by one": one_by_one})
    finally:
        file.unlink(missing_ok=True)
    return {"bytes": size, "rounds": rounds, "rows": plain(rows)}


def read_pages(file: Path, size: int) -> tuple[float, float]:
    """Seconds and CPU seconds that it takes to read pages in ascending order, drawn at random, one after the other."""
    pages = sorted(random.sample(range(size // PAGE), PLACES))
    with mmap.mmap(-1, PAGE) as page:
        handle = os.open(file, os.O_RDONLY | os.O_DIRECT)
        begin, cpu = time.monotonic(), time.process_time()
        for number in pages:
            os.preadv(handle, [page], number * PAGE)
        taken = time.monotonic() - begin, time.process_time() - cpu
        os.close(handle)
    return taken


def measure_memory() -> dict[str, float]:
    """MiB resident at most, by the size of the disk. The huge one is sparse, and the tool is stopped before memory is full of it."""
    found = {}
    for name, size in (("1 GB", GB), ("20 TB", HUGE)):
        with loop_disk(size // PAGE * PAGE, sparse=True) as (disk, file):
            tool = PurgeProof(disk)
            while not tool.run.process.returncode and file.stat().st_blocks * 512 < min(HUGE_WRITTEN, size * 9 // 10):
                if tool.run.has_ended():
                    fail(f"PurgeProof was done with a disk of {name} before it was looked at")
                time.sleep(0.01)
            tool.run.process.kill()
            tool.run.process.wait()
            tool.folder.cleanup()
            found[name] = tool.run.memory_mib
    return found


def measure(rounds: int, size: int) -> dict[str, Any]:
    """All of it."""
    return {
        "rounds": rounds,
        "one": measure_one(rounds, size),
        "eight": measure_eight(rounds, size // 4),
        "file": measure_file(rounds, size),
        "memory": measure_memory(),
    }


# The report


def plain(rows: dict[str, list[Row]]) -> dict[str, list[dict[str, float]]]:
    """For JSON."""
    return {name: [vars(row) for row in each] for name, each in rows.items()}


def seconds(rows: dict[str, Any], name: str) -> list[float]:
    """What a tool took, round by round."""
    return [row["seconds"] for row in rows[name]]


def ratios(slower: list[float], faster: list[float]) -> str:
    """How many times as fast, round by round."""
    return spread([one / other for one, other in zip(slower, faster, strict=True)])


def rows_of(part: dict[str, Any], gigabytes: Callable[[str], float], base: Callable[[str], str]) -> list[str]:
    """Rows as Markdown; `base` names the row that one's speed is compared with."""
    lines = ["| what | seconds, median (spread) | MB/s | speed ÷ dd's (spread) | CPU s per GB | memory, MiB |", "|---|--:|--:|--:|--:|--:|"]
    for name, each in part["rows"].items():
        taken, gb = seconds(part["rows"], name), gigabytes(name)
        cpu, memory = (statistics.median(row[key] for row in each) for key in ("cpu_s", "memory_mib"))
        rate = gb * 1000 / statistics.median(taken)
        share = gb / gigabytes(base(name))
        beside = spread([share * other / own for other, own in zip(seconds(part["rows"], base(name)), taken, strict=True)])
        lines.append(f"| {name} | {spread(taken)} | {rate:.0f} | {beside} | {cpu / gb:.2f} | {memory:.0f} |")
    return lines + [f"| {name} | not installed | | | | |" for name in part.get("missing", [])]


def table(section: dict[str, Any]) -> list[str]:
    """The part of docs/benchmarks.md."""
    one, eight, file = section["one"], section["eight"], section["file"]
    ours = seconds(one["rows"], "PurgeProof, writing")
    best = [min(times) for times in zip(*(seconds(one["rows"], name) for name in one["rows"] if name in PEERS), strict=True)]
    reads = lambda name: "read" in name  # noqa: E731
    like = lambda name: DD_READ if reads(name) else DD_WRITE  # noqa: E731
    lines = [f"One disk of {one['bytes'] // MIB} MiB in memory:", "", *rows_of(one, lambda _: one["bytes"] / GB, like), ""]
    lines += [f"PurgeProof writes {ratios(best, ours)} times as fast as the fastest of the others that write random data.", ""]

    gb = eight["bytes"] / GB
    alone = lambda name: f"{like(name)}, 1 at once"  # noqa: E731
    per_gb = lambda name: gb * (1 if name.endswith(", 1 at once") else DISKS)  # noqa: E731
    lines += [f"{DISKS} disks of {eight['bytes'] // MIB} MiB in memory, a process each, beside dd on one of them:", ""]
    lines += [*rows_of(eight, per_gb, alone), ""]
    even = "; ".join(f"{what} {spread(each)}" for what, each in eight["evenness"].items())
    lines += [f"The fastest of the {DISKS} took so much of the slowest's time: {even}.", ""]

    pages = [name for name in file["rows"] if name.endswith("pages")]
    whole = {"rows": {name: each for name, each in file["rows"].items() if name not in pages}}
    lines += [f"A file of {file['bytes'] // MIB} MiB on the machine's own disk:", "", *rows_of(whole, lambda _: file["bytes"] / GB, like), ""]
    sample, reader = (f"{who}, {PLACES} pages" for who in ("PurgeProof", "one reader"))
    lines += [
        f"{PLACES} pages of it, drawn at random: PurgeProof {spread(seconds(file['rows'], sample), 3)} s, one reader that asks for one after the "
        f"other {spread(seconds(file['rows'], reader), 3)} s: {ratios(seconds(file['rows'], reader), seconds(file['rows'], sample))} times as fast.",
        "",
    ]
    memory = ", ".join(f"{mib:.0f} MiB for a disk of {name}" for name, mib in section["memory"].items())
    return [*lines, f"Resident memory at most while overwriting: {memory}."]
