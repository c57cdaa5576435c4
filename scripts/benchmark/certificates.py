"""What it costs to verify many certificates, beside a loop that checks their signatures with the same library and does nothing else; and to
issue one.

The certificates are a chain made of one small file's evidence: an overwrite of one pass. The bare loop has parsed everything before the clock
starts; ours reads the file, parses every field, checks every rule and holds the certificates against each other within its time.
"""

import json
import os
import statistics
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmark.common import MIB, OUT, ROOT, fail, spread
from benchmark.overwrite import memory_mib

FEW = 1_000
MANY = 100_000
ISSUED = 20

POLICY = """unattended = true
[[rule]]
name = "benchmark"
transport = ["file"]
action = "purge"
"""


def example() -> Path:
    """Builds the program that makes the certificates and the bare loop, as the release is built."""
    command = ["cargo", "build", "--locked", "--release", "-p", "purgeproof-certificate", "--example", "certificates"]
    command += ["--message-format", "json"]
    built = subprocess.run(command, check=True, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    messages = [json.loads(line) for line in built.stdout.splitlines()]
    found = [message["executable"] for message in messages if message.get("executable")]
    return Path(found[-1])


def evidence(folder: Path) -> Path:
    """Purges a small file, and gives its evidence."""
    (folder / "policy.toml").write_text(POLICY)
    disk = folder / "disk.img"
    disk.write_bytes(bytes(MIB))
    command = [str(OUT / "purgeproof"), "purge", str(disk), "--policy", str(folder / "policy.toml"), "--out", str(folder)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return next((folder / "certificates").glob("*.evidence.json"))


def verified(sequence: Path, count: int, *trust: str | Path) -> tuple[float, float]:
    """Seconds and MiB that verifying a chain takes at most."""
    with tempfile.TemporaryFile() as said:
        begin = time.monotonic()
        process = subprocess.Popen([str(OUT / "purgeproof"), "verify", *trust, sequence], stdout=said)
        memory = 0.0
        while process.poll() is None:
            memory = max(memory, memory_mib(process.pid))
            # Whoever looks takes time away from what is looked at.
            time.sleep(0.005 if count <= FEW else 0.05)
        seconds = time.monotonic() - begin
        said.seek(0)
        words = said.read().decode()
        if process.returncode != 0 or (count > FEW and f"{count} certificates: {count} hold" not in words):
            fail(f"{count} certificates that hold were found not to:\n{words}")
    return seconds, memory


def measure(rounds: int) -> dict[str, Any]:
    """All of it; both loops in every round, first one and then the other."""
    program = example()
    with tempfile.TemporaryDirectory(dir="/dev/shm", prefix="purgeproof-bench-") as name:
        folder = Path(name)
        source = evidence(folder)
        files = {count: folder / f"{count}.cborseq" for count in (FEW, MANY)}
        for count, file in files.items():
            subprocess.run([str(program), "records", str(source), str(count), str(file)], check=True)
        delegated, trust = folder / "delegated.cborseq", folder / "trust.cose"
        subprocess.run([program, "records", source, str(MANY), delegated, trust], check=True)
        rows: list[dict[str, float]] = []
        for number in range(rounds):
            row: dict[str, float] = {}
            for what in ("bare", "ours") if number % 2 == 0 else ("ours", "bare"):
                if what == "bare":
                    bare = subprocess.run([str(program), "bare", str(files[MANY])], check=True, capture_output=True, text=True)
                    row["bare_s"] = float(bare.stdout)
                else:
                    row["ours_s"], row["many_mib"] = verified(files[MANY], MANY)
            row["delegated_s"], _ = verified(delegated, MANY, "--trust", trust)
            _, row["few_mib"] = verified(files[FEW], FEW)
            print(f"  round {number + 1}  bare {row['bare_s']:7.3f} s  ours {row['ours_s']:7.3f} s  delegated {row['delegated_s']:7.3f} s  {row['many_mib']:.0f} MiB", flush=True)
            rows.append(row)
        issued = subprocess.run([str(program), "issue", str(source), str(ISSUED)], check=True, capture_output=True, text=True)
        bytes_each = files[MANY].stat().st_size / MANY
    # The first one loads what all others use.
    issue_ms = [float(line) for line in issued.stdout.splitlines()][1:]
    return {"rounds": rounds, "cores": os.cpu_count(), "bytes_each": bytes_each, "rows": rows, "issue_ms": issue_ms}


def table(section: dict[str, Any]) -> list[str]:
    """The part of docs/benchmarks.md."""
    rows = section["rows"]
    keys = ("bare_s", "ours_s", "delegated_s", "few_mib", "many_mib")
    bare, ours, delegated, few, many = ([row[key] for row in rows] for key in keys)
    rate = lambda seconds: f"{MANY / statistics.median(seconds):.0f}"  # noqa: E731
    beside = lambda seconds: spread([one / other for one, other in zip(bare, seconds, strict=True)])  # noqa: E731
    return [
        f"{MANY} certificates of {section['bytes_each']:.0f} bytes in one chain, {section['cores']} cores:",
        "",
        "| what | seconds, median (spread) | a second | ÷ bare loop (spread) |",
        "|---|--:|--:|--:|",
        f"| bare loop of `verify_strict` | {spread(bare)} | {rate(bare)} | 1 |",
        f"| `purgeproof verify` | {spread(ours)} | {rate(ours)} | {beside(ours)} |",
        f"| `purgeproof verify --trust`, each with an organisation's delegation | {spread(delegated)} | {rate(delegated)} | {beside(delegated)} |",
        "",
        f"Resident memory at most: {spread(few, 0)} MiB for {FEW} certificates, {spread(many, 0)} MiB for {MANY}.",
        "",
        f"To sign one certificate and make its PDF with the QR code: {spread(section['issue_ms'], 1)} ms.",
    ]
