"""What it costs to ask drives what they can do, and to come to the command that erases one: beside other tools, in one virtual machine.

Every time is taken from the logs of the drives, which know the host's clock: `stamp` puts a mark on the wire before and after a tool.
"""

import base64
import gzip
import json
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmark import guest
from benchmark.common import OUT, ROOT, fail, spread

TARGET = "BENCH-NVME-1"
DRIVES = {f"BENCH-{kind.upper()}-{number}": kind for kind in ("nvme", "sata") for number in range(1, 9)}

# In the order of the numbers that guest-init gives them.
KINDS = ("list", "nvme list", "lsblk", "hdparm", "man", "nvme sanitize", "purge")
LOOKS = {
    "list": "`purgeproof list --json`: 16 drives",
    "nvme list": "`nvme list`: 8 NVMe drives",
    "lsblk": "`lsblk -O -J`: 16 drives",
    "hdparm": "`hdparm -I` of 8 SATA drives, one after the other",
}
SANITIZE, GET_FEATURES = 0x84, 0x0A
MARK = 0xBE

POLICY = f"""unattended = true
[[rule]]
name = "benchmark"
serial = ["{TARGET}"]
action = "purge"
level = "purge"
verify = "sample"
"""


@dataclass(frozen=True)
class Event:
    """A command in the log of a drive: when by the host's clock, and its bytes."""

    ms: int
    hex: bytes

    def mark(self) -> int | None:
        """The number in one of stamp's marks."""
        is_mark = len(self.hex) == 64 and self.hex[0] == GET_FEATURES and self.hex[47] == MARK
        return int.from_bytes(self.hex[44:47], "little") if is_mark else None


def scenario() -> str:
    """The drives, of 16 MiB each. All can erase their blocks; it takes half a second."""
    each = '[[drive]]\nserial = "{serial}"\nkind = "{kind}"\nsize-mib = 16\nsanitize-s = 0.5\n{family}.sanitize = ["block-erase"]\n'
    families = {"nvme": "nvme", "sata": "ata"}
    return "\n".join(each.format(serial=serial, kind=kind, family=families[kind]) for serial, kind in DRIVES.items())


def read_log(path: Path) -> list[Event]:
    """The commands of one drive."""
    lines = (json.loads(line) for line in path.read_text().splitlines())
    return [Event(line["ms"], bytes.fromhex(line.get("hex", ""))) for line in lines]


def unpacked(text: str) -> bytes:
    return gzip.decompress(base64.b64decode(text))


def look(kind: str, begin: int, end: int, logs: dict[str, list[Event]], said: bytes) -> dict[str, float]:
    """One tool that looks at drives: milliseconds in all, and from the first command to the last of the drive that was talked to longest."""
    windows = [[e.ms for e in log if begin <= e.ms <= end and e.mark() is None] for log in logs.values()]
    talks = [window for window in windows if window]
    row: dict[str, float] = {
        "ms": end - begin,
        "longest_ms": max((max(talk) - min(talk) for talk in talks), default=0),
        "commands": sum(map(len, talks)),
    }
    if talks:
        first, last = min(map(min, talks)), max(map(max, talks))
        row |= {"before_ms": first - begin, "asking_ms": last - first, "after_ms": end - last}
    if kind == "list":
        drives = json.loads(said)["drives"]
        row["drives"] = len(drives)
        row["unasked"] = sum("could not be asked" in json.dumps(drive["capabilities"]) for drive in drives)
    return row


def way_to_sanitize(facts: list[dict[str, Any]], began_ms: float, wire_ms: float) -> dict[str, float]:
    """Where the time from a job's start to the command on the wire went, by its evidence; `wire_ms` by the guest's clock, like the facts."""
    names = [fact["fact"] if isinstance(fact["fact"], str) else next(iter(fact["fact"])) for fact in facts]
    exchanges = [
        (fact["at_ms"], fact["fact"]["exchanged"]["exchange"]) for fact, name in zip(facts, names, strict=True) if name == "exchanged"
    ]
    # The command is noted before it goes and again with its answer: it was on the wire between the two, however the clocks are off.
    sent = next(at for at, (_, exchange) in enumerate(exchanges) if exchange["command"].startswith("Sanitize,"))
    wire_ms = min(max(wire_ms, exchanges[sent][0]), exchanges[sent + 1][0])
    answers = sum(exchange["answer"]["took_ms"] for _, exchange in exchanges[:sent])
    placed = names.index("markers-placed")
    markers = facts[placed]["at_ms"] - facts[placed - 1]["at_ms"]
    whole = wire_ms - began_ms
    return {"job_ms": whole, "markers_ms": markers, "answers_ms": answers, "own_ms": whole - markers - answers, "questions": sent}


def results(lines: Iterable[dict[str, Any]], complaints: Path) -> dict[tuple[int, str], dict[str, Any]]:
    """What the guest said about each run, by round and kind."""
    runs: dict[tuple[int, str], dict[str, Any]] = {}
    has_ended = False
    for line in lines:
        if "failed" in line:
            fail(f"the guest gave up: {line['failed']}.")
        has_ended |= "ended" in line
        if "stamp" in line:
            at, kind = divmod(line["stamp"], 8)
            runs.setdefault((at, KINDS[kind]), {"number": line["stamp"]}).update(line)
            if "status" in line:
                print(f"  round {at}  {KINDS[kind]}", flush=True)
    if not has_ended:
        fail(f"the guest did not come to its end. What it said is above; QEMU said:\n{complaints.read_text()}")
    for (_, kind), run in runs.items():
        if run.get("status") != 0:
            fail(f"{kind} ended with {run.get('status')}. It said:\n{unpacked(run['said']).decode(errors='replace')}")
    return runs


def row_of(kind: str, run: dict[str, Any], logs: dict[str, list[Event]]) -> dict[str, float]:
    """One run, measured."""
    marks = {event.mark(): event.ms for event in logs[TARGET]}
    begin, end = marks[2 * run["number"]], marks[2 * run["number"] + 1]
    if kind in LOOKS:
        return look(kind, begin, end, logs, unpacked(run["said"]))
    if kind == "man":
        return {"ms": end - begin}
    wire = next(event.ms for event in logs[TARGET] if begin <= event.ms <= end and event.hex[:1] == bytes([SANITIZE]))
    row: dict[str, float] = {"wire_ms": wire - begin}
    if kind == "purge":
        # The drive saw the mark somewhen between these two: half of that is how far the guest's clock may be mistaken here.
        row["clock_error_ms"] = (run["came_ms"] - run["went_ms"]) / 2
        guest_wire = wire - begin + (run["came_ms"] + run["went_ms"]) / 2
        evidence = json.loads(unpacked(run["evidence"]))
        row |= way_to_sanitize(evidence["facts"], evidence["setting"]["clock"]["boot_ms"], guest_wire)
    return row


def native_man_ms(rounds: int) -> list[float]:
    """The command that asks no drive anything, on the host itself: how much slower software emulation makes a program of ours."""
    times = []
    for _ in range(rounds + 1):
        begin = time.monotonic()
        subprocess.run([OUT / "purgeproof", "man"], check=True, stdout=subprocess.DEVNULL)
        times.append((time.monotonic() - begin) * 1000)
    return times[1:]


def measure(rounds: int) -> dict[str, Any]:
    """Every tool in every round, in one machine. Gives rows by kind; round 0, in which the emulator meets each program, is left out."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        conf = f"ROUNDS={rounds} DRIVES={len(DRIVES)} TARGET={TARGET}\n"
        with guest.shelf(scenario(), len(DRIVES), folder) as devices:
            initramfs = guest.initramfs({"bench.conf": conf, "policy.toml": POLICY}, folder)
            complaints = folder / "qemu.log"
            runs = results(guest.run(initramfs, devices, complaints), complaints)
        logs = {serial: read_log(folder / f"{serial}.jsonl") for serial in DRIVES}
    rows: dict[str, list[dict[str, float]]] = {}
    for (at, kind), run in sorted(runs.items()):
        if at > 0:
            rows.setdefault(kind, []).append(row_of(kind, run, logs))
    versions = (ROOT / ".cache/bench/versions").read_text().splitlines()
    return {"rounds": rounds, "tools": versions, "rows": rows, "native_man_ms": native_man_ms(rounds)}


def table(section: dict[str, Any]) -> list[str]:
    """Both tables and the ratio of the emulation. Ratios are taken round by round."""
    rows = section["rows"]
    together = [sum(each) for each in zip(*([row["ms"] for row in rows[kind]] for kind in LOOKS if kind != "list"), strict=True)]
    head = ("what looks at the drives", "ms, median (spread)", "÷ the other three together (spread)", "commands to drives", "longest talk with one, ms")
    lines = [f"| {' | '.join(head)} |", "|---|--:|--:|--:|--:|"]
    for kind, words in LOOKS.items():
        ratio = spread([row["ms"] / all_ms for row, all_ms in zip(rows[kind], together, strict=True)])
        commands, longest = statistics.median(row["commands"] for row in rows[kind]), spread([row["longest_ms"] for row in rows[kind]], 0)
        lines.append(f"| {words} | {spread([row['ms'] for row in rows[kind]], 0)} | {ratio} | {commands:.0f} | {longest} |")
    looks = rows["list"]
    beyond = spread([row["ms"] - row["longest_ms"] for row in looks], 0)
    unasked = max(row["unasked"] for row in looks)
    parts = [spread([row[key] for row in looks], 0) for key in ("before_ms", "asking_ms", "after_ms")]
    lines += [
        "",
        f"`purgeproof list` beyond its longest talk with one drive: {beyond} ms. Until the first command to any drive {parts[0]} ms, "
        f"from there to the last {parts[1]} ms, after it {parts[2]} ms. Drives that had not answered when it ended: at most {unasked:.0f} of 16.",
        "",
    ]
    return lines + sanitize_table(rows) + ["", emulation(section)]


def sanitize_table(rows: dict[str, list[dict[str, float]]]) -> list[str]:
    """From exec, and from the job's start, to the command that erases."""
    base = [row["wire_ms"] for row in rows["nvme sanitize"]]
    lines = ["| until Sanitize is on the wire | ms, median (spread) | ÷ nvme's (spread) |", "|---|--:|--:|"]
    lines.append(f"| `nvme sanitize -a 2`, from exec | {spread(base, 0)} | 1 |")
    words = {
        "own_ms": "PurgeProof, from consent: our own time",
        "answers_ms": "PurgeProof, from consent: the drive's answers",
        "markers_ms": "PurgeProof, from consent: the marker test",
        "wire_ms": "PurgeProof, from exec: all of it, and looking at the drive before",
    }
    for key, name in words.items():
        values = [row[key] for row in rows["purge"]]
        ratio = spread([own / other for own, other in zip(values, base, strict=True)])
        lines.append(f"| {name} | {spread(values, 0)} | {ratio} |")
    questions = statistics.median(row["questions"] for row in rows["purge"])
    mistaken = max(row["clock_error_ms"] for row in rows["purge"])
    lines += ["", f"PurgeProof asks the drive {questions:.0f} questions before it. The guest's clock is set beside the host's to ±{mistaken:.0f} ms."]
    return lines


def emulation(section: dict[str, Any]) -> str:
    """How much slower a program of ours is in the guest."""
    there, here = [row["ms"] for row in section["rows"]["man"]], section["native_man_ms"]
    ratio = statistics.median(there) / statistics.median(here)
    return (
        f"What the emulation makes of a command that asks no drive (`purgeproof man`): {spread(there, 0)} ms in the guest, "
        f"{spread(here, 1)} ms on the host, {ratio:.0f} times."
    )
