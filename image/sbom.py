"""Writes the bill of materials (CycloneDX 1.6): every crate, npm package and Debian package that something in the image comes from, and
the tools that compiled and linked the program.

Crates are those that Cargo compiles into the program, with the hashes of Cargo.lock; Debian's packages have the hashes of the archive's
signed index. Rust's standard library is rustc's own, or the packages that scripts/musl-sysroot built it from. The same input gives the same
bytes.
"""

import argparse
import base64
import json
import subprocess
import tomllib
import uuid
from pathlib import Path
from typing import Any
from urllib.parse import quote

ROOT = Path(__file__).parent.parent
Component = dict[str, Any]


def component(name: str, version: str, purl: str, sha: tuple[str, str] | None) -> Component:
    """One entry; `sha` is the algorithm's name and the digest in hex, of the package as it was downloaded."""
    entry: Component = {"type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl}
    if sha:
        entry["hashes"] = [{"alg": sha[0], "content": sha[1]}]
    return entry


def crates(target: str) -> list[Component]:
    """The crates of the program and of what builds it, without those of tests. Ours have no hash: they are this tree."""
    command = ["cargo", "tree", "--locked", "--target", target, "--edges", "normal,build", "--prefix", "none", "--format", "{p}"]
    lines = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.splitlines()
    used = {(words[0], words[1].removeprefix("v")) for words in (line.split() for line in lines) if len(words) > 1}
    locked = tomllib.loads((ROOT / "Cargo.lock").read_text())["package"]
    hashes = {(package["name"], package["version"]): package.get("checksum") for package in locked}
    return [
        component(name, version, f"pkg:cargo/{name}@{version}", ("SHA-256", sha) if (sha := hashes[name, version]) else None)
        for name, version in sorted(used)
    ]


def npm() -> list[Component]:
    """What verify.html is assembled from."""
    packages = json.loads((ROOT / "src/page/package-lock.json").read_text())["packages"]
    found = []
    for path, package in sorted(packages.items()):
        if path:
            name, version = path.removeprefix("node_modules/"), package["version"]
            digest = base64.b64decode(package["integrity"].removeprefix("sha512-")).hex()
            found.append(component(name, version, f"pkg:npm/{quote(name, safe='/')}@{version}", ("SHA-512", digest)))
    return found


def debian(listing: Path) -> list[Component]:
    """Kernel, loaders and firmware: a line for each package, `NAME_VERSION_ARCHITECTURE.deb SHA256:HEX`."""
    found = []
    for line in sorted(listing.read_text().splitlines()):
        file, _, digest = line.partition(" SHA256:")
        name, version, architecture = file.removesuffix(".deb").split("_")
        version = version.replace("%3a", ":")
        purl = f"pkg:deb/debian/{name}@{quote(version, safe='')}?arch={architecture}"
        found.append(component(name, version, purl, ("SHA-256", digest)))
    return found


def tools() -> list[Component]:
    """What the bytes of the program depend on besides its sources, in their own words."""
    found = []
    for name in ("rustc", "gcc", "ld"):
        words = subprocess.run([name, "--version"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
        found.append({"type": "application", "name": name, "version": words.splitlines()[0]})
    return found


def own_std(rustc: str) -> Component:
    """The standard library that comes with rustc, which says of itself "rustc 1.95.0 (…)"."""
    version = rustc.split()[1]
    return component("rust-std", version, f"pkg:generic/rust-std@{version}", None)


def main() -> None:
    """Reads the command line and writes the list."""
    parser = argparse.ArgumentParser(description="Writes what the image is made of.")
    parser.add_argument("--build-id", required=True, help="16 hex digits")
    parser.add_argument("--target", required=True, help="the target that the program is compiled for")
    parser.add_argument("--debian", type=Path, required=True, help="the list of Debian packages that scripts/setup wrote")
    parser.add_argument("--std", type=Path, help="the same for the packages of a std built by scripts/musl-sysroot; without it std is rustc's own")
    parser.add_argument("out", type=Path)
    args = parser.parse_args()
    version = tomllib.loads((ROOT / "Cargo.toml").read_text())["workspace"]["package"]["version"]
    used = tools()
    std = debian(args.std) if args.std else [own_std(used[0]["version"])]
    bill = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        # Made from the build, not drawn: the same image has the same list.
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_OID, args.build_id)}",
        "version": 1,
        "metadata": {
            "tools": {"components": used},
            "component": {"type": "firmware", "name": "purgeproof-image", "version": f"{version}+{args.build_id}"},
        },
        "components": crates(args.target) + std + npm() + debian(args.debian),
    }
    args.out.write_text(json.dumps(bill, indent=2) + "\n")


if __name__ == "__main__":
    main()
