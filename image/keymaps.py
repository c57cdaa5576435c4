"""The keyboard layouts of the image: loadkeys(1) compiles Debian's keymaps, each becomes a file of lib/keymaps.

A file is what `loadkeys --bkeymap --unicode` writes: "bkeymap", 256 bytes that say which tables there are (a bit each for Shift, AltGr,
Control, Alt…), and for each table 128 values of KDSKBENT, 16 bits in the order of this machine, by key code.

  keymaps.py --list keymaps.list --data share/keymaps/i386 --loadkeys bin/loadkeys OUT
"""

import argparse
import struct
import subprocess
import sys
from pathlib import Path

MAGIC = b"bkeymap"
TABLES = 256
KEYS = 128

SHIFT_AND_ALTGR = (0, 1, 2, 3)
"""The tables of what can be typed with Shift and AltGr alone (KG_SHIFT and KG_ALTGR of linux/keyboard.h)."""

HOLE = 0x0200
"""A key that does nothing."""
CONSOLE = 5
"""KT_CONS: switching to another virtual console, on which there is nothing."""
SPECIAL = 2
"""KT_SPEC, of which some keys would stop the screen (Scroll Lock), write over it, or end every program on it."""
WANTED_SPECIAL = {0x00, 0x01, 0x07, 0x08, 0x0C, 0x0D, 0x0E, 0x13}
"""Hole, Enter, Caps Lock, Num Lock, Boot (Ctrl-Alt-Del), Caps on, Compose, bare Num Lock."""


class KeymapError(Exception):
    """A layout cannot be made."""


def harmless(value: int) -> int:
    """The value of a key, or a hole where the key would take the screen away."""
    kind, number = value >> 8, value & 0xFF
    if kind == CONSOLE or (kind == SPECIAL and number not in WANTED_SPECIAL):
        return HOLE
    return value


def types(value: int) -> str:
    """The character that a key types, if it types one: KT_LATIN, KT_LETTER, the digits of KT_PAD, or Unicode (linux/keyboard.h)."""
    kind, number = value >> 8, value & 0xFF
    if kind in (0, 11):
        return chr(number)
    if kind == 3 and number < 10:
        return str(number)
    return chr(value ^ 0xF000) if kind > 14 else ""


def compiled(loadkeys: Path, sources: list[Path]) -> bytes:
    """What loadkeys makes of these keymaps, without what would take the screen away."""
    done = subprocess.run([loadkeys, "--quiet", "--bkeymap", "--unicode", *sources], capture_output=True, check=False)
    if done.returncode != 0 or not done.stdout.startswith(MAGIC):
        raise KeymapError(f"loadkeys cannot read {' '.join(map(str, sources))}: {done.stderr.decode().strip()}")
    head, body = done.stdout[: len(MAGIC) + TABLES], done.stdout[len(MAGIC) + TABLES :]
    values = struct.unpack(f"={len(body) // 2}H", body)
    return head + struct.pack(f"={len(values)}H", *map(harmless, values))


def missing(keymap: bytes) -> set[str]:
    """The letters, digits and signs of serial numbers and commands that nobody can type with it."""
    flags = keymap[len(MAGIC) : len(MAGIC) + TABLES]
    present = [table for table in range(TABLES) if flags[table]]
    body = keymap[len(MAGIC) + TABLES :]
    if len(body) != len(present) * KEYS * 2:
        raise KeymapError(f"a keymap of {len(present)} tables has {len(body)} bytes, not {len(present) * KEYS * 2}")
    typed: set[str] = set()
    for place, table in enumerate(present):
        if table in SHIFT_AND_ALTGR:
            typed |= {types(value) for value in struct.unpack_from(f"={KEYS}H", body, place * KEYS * 2)}
    return set("abcdefghijklmnopqrstuvwxyz0123456789-_.*?") - typed


def keymaps(list_file: Path, data: Path, loadkeys: Path) -> dict[str, bytes]:
    """The layouts that `list_file` names, and their `list`, by file name; `data` is the folder `i386` of console-data."""
    files: dict[str, bytes] = {}
    titles = []
    for line in list_file.read_text().splitlines():
        if not line or line.startswith("#"):
            continue
        name, title, sources = (field.strip() for field in line.split("|"))
        paths = [list_file.parent / s if s.startswith("./") else data / f"{s}.kmap.gz" for s in sources.split()]
        files[name] = compiled(loadkeys, paths)
        if lost := missing(files[name]):
            raise KeymapError(f"layout '{name}' cannot type {' '.join(sorted(lost))}. Choose another keymap for it in {list_file}.")
        titles.append(f"{name}\t{title}\n")
    files["list"] = "".join(titles).encode()
    return files


def main() -> None:
    """Reads the command line and writes a file for each layout."""
    parser = argparse.ArgumentParser(description="Compiles the keyboard layouts of the image.")
    for name in ("--list", "--data", "--loadkeys"):
        parser.add_argument(name, type=Path, required=True)
    parser.add_argument("out", type=Path)
    args = parser.parse_args()
    try:
        files = keymaps(args.list, args.data, args.loadkeys)
    except KeymapError as error:
        sys.exit(f"keymaps.py: {error}")
    args.out.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (args.out / name).write_bytes(content)


if __name__ == "__main__":
    main()
