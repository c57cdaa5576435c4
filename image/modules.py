"""Which kernel modules the image carries: the patterns of modules.list, and all that the modules they name need.

What a module needs is read from the module itself (its .modinfo section, Documentation/kbuild/modules.rst), so that no index of all four
thousand modules has to be made first.
"""

import lzma
import struct
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path


class SelectionError(Exception):
    """The list and the kernel do not fit together."""


@dataclass(frozen=True)
class Module:
    """One module: its path below the kernel's module directory, its file as it is there, and what it asks for."""

    path: str
    file: bytes
    needs: tuple[str, ...]
    firmware: tuple[str, ...]


def module_name(path: str) -> str:
    """The name by which the kernel knows the module in file `path`."""
    return path.rpartition("/")[2].split(".ko")[0].replace("-", "_")


def modinfo(elf: bytes) -> list[tuple[str, str]]:
    """The key=value strings of section .modinfo of a 64-bit little-endian ELF object."""
    (table,) = struct.unpack_from("<Q", elf, 0x28)
    size, count, names = struct.unpack_from("<HHH", elf, 0x3A)
    headers = [struct.unpack_from("<IIQQQQ", elf, table + i * size) for i in range(count)]
    strings = headers[names][4]
    for name, _, _, _, offset, length in headers:
        if elf[strings + name :].startswith(b".modinfo\0"):
            text = elf[offset : offset + length].decode()
            return [(key, value) for key, _, value in (s.partition("=") for s in text.split("\0") if s)]
    return []


def read_module(tree: Path, path: str) -> Module:
    """Reads one module. It stays compressed if it comes so: init would wait for the kernel to unpack all of them, and needs a few."""
    file = (tree / path).read_bytes()
    needs: list[str] = []
    firmware: list[str] = []
    for key, value in modinfo(lzma.decompress(file) if path.endswith(".xz") else file):
        if key == "depends":
            needs += filter(None, value.split(","))
        elif key == "softdep":  # "pre: a b post: c"
            needs += (word for word in value.split() if not word.endswith(":"))
        elif key == "firmware":
            firmware.append(value)
    return Module(path, file, tuple(n.replace("-", "_") for n in needs), tuple(firmware))


def named_by(pattern: str, path: str) -> bool:
    """Whether a pattern of the list names the module in file `path` (kernel/drivers/...)."""
    if "/" in pattern:
        return fnmatch(path.removeprefix("kernel/").removesuffix(".xz"), pattern)
    return fnmatch(module_name(path), pattern.replace("-", "_"))


def wanted(patterns: list[str], paths: list[str], built_in: list[str]) -> set[str]:
    """The paths that the list names, without what their modules need. What is built in is in the image already."""
    chosen: set[str] = set()
    for pattern in (p for p in patterns if not p.startswith("!")):
        bare = pattern.removeprefix("?")
        found = {path for path in paths if named_by(bare, path)}
        if not found and pattern == bare and not any(named_by(bare, path) for path in built_in):
            raise SelectionError(f"modules.list names '{pattern}', which this kernel lacks. Correct it, or write '?{pattern}'.")
        chosen |= found
    left_out = [p.removeprefix("!") for p in patterns if p.startswith("!")]
    return {path for path in chosen if not any(named_by(p, path) for p in left_out)}


def select(tree: Path, list_file: Path) -> list[Module]:
    """The modules below `tree` (lib/modules/VERSION) that `list_file` names and all they need, sorted by path."""
    patterns = [line.partition("#")[0].strip() for line in list_file.read_text().splitlines()]
    paths = sorted(str(p.relative_to(tree)) for p in tree.glob("kernel/**/*.ko*"))
    by_name = {module_name(p): p for p in paths}
    queue = sorted(wanted([p for p in patterns if p], paths, (tree / "modules.builtin").read_text().split()))
    modules: dict[str, Module] = {}
    while queue:
        path = queue.pop()
        if path not in modules:
            modules[path] = read_module(tree, path)
            # A softdep may name what is built in, or nothing of this kernel.
            queue += (by_name[name] for name in modules[path].needs if name in by_name)
    return [modules[path] for path in sorted(modules)]
