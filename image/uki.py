"""Makes a unified kernel image: one UEFI program of a stub, the kernel's command line, the initramfs and the kernel, so that one signature
covers them all.

The specification is UAPI.1 (Unified Kernel Image); the stub is systemd's, and takes what it starts from sections of its own PE file by
their names. The same input gives the same bytes, but for a signature, which holds the time at which it was made.
"""

import argparse
import struct
import subprocess
from pathlib import Path

from parts import build_id

# PE Format, "COFF File Header" and "Optional Header": offsets from the signature "PE\0\0".
SECTIONS, OPTIONAL_SIZE, OPTIONAL = 6, 20, 24
# Offsets in the optional header.
SECTION_ALIGNMENT, FILE_ALIGNMENT, IMAGE_SIZE, HEADERS_SIZE = 32, 36, 56, 60
SECTION_HEADER = struct.Struct("<8sIIIIIIHHI")
# IMAGE_SCN_CNT_INITIALIZED_DATA | IMAGE_SCN_MEM_READ, and IMAGE_SCN_CNT_CODE | IMAGE_SCN_MEM_EXECUTE | IMAGE_SCN_MEM_READ.
DATA, CODE = 0x40000040, 0x60000020


def up(value: int, to: int) -> int:
    """`value`, or the next multiple of `to`."""
    return -(-value // to) * to


class Program:
    """A PE file that grows at its end."""

    def __init__(self, content: bytes) -> None:
        """`content`: a PE32+ file without a signature."""
        self.content = bytearray(content)
        (self.pe,) = struct.unpack_from("<I", content, 0x3C)
        if content[self.pe : self.pe + 4] != b"PE\0\0":
            raise SystemExit("uki.py: the stub is no PE file. Give systemd's linuxx64.efi.stub.")
        self.table = self.pe + OPTIONAL + self.word("<H", self.pe + OPTIONAL_SIZE)

    def word(self, kind: str, at: int) -> int:
        """One number of a header."""
        (value,) = struct.unpack_from(kind, self.content, at)
        return int(value)

    def optional(self, at: int) -> int:
        """A 32-bit field of the optional header."""
        return self.word("<I", self.pe + OPTIONAL + at)

    def append(self, name: str, content: bytes, kind: int, memory: int) -> None:
        """A section after all others, with `memory` bytes where the program is loaded."""
        count = self.word("<H", self.pe + SECTIONS)
        header = self.table + count * SECTION_HEADER.size
        if header + SECTION_HEADER.size > self.optional(HEADERS_SIZE):
            raise SystemExit(f"uki.py: the stub's header has no room for section {name}. Take another version of it.")
        address, at = self.optional(IMAGE_SIZE), up(len(self.content), self.optional(FILE_ALIGNMENT))
        size = up(len(content), self.optional(FILE_ALIGNMENT))
        self.content += bytes(at - len(self.content)) + content + bytes(size - len(content))
        SECTION_HEADER.pack_into(self.content, header, name.encode(), memory, address, size, at, 0, 0, 0, 0, kind)
        struct.pack_into("<H", self.content, self.pe + SECTIONS, count + 1)
        end = up(address + memory, self.optional(SECTION_ALIGNMENT))
        struct.pack_into("<I", self.content, self.pe + OPTIONAL + IMAGE_SIZE, end)


def unified(stub: bytes, kernel: bytes, initramfs: bytes, line: str) -> bytes:
    """The program. The kernel comes last and as code: it may grow where it is loaded, to the size that its own header says."""
    program = Program(stub)
    release = 'ID=purgeproof\nNAME="PurgeProof"\nPRETTY_NAME="PurgeProof"\n'
    for name, content in ((".osrel", release.encode()), (".cmdline", line.encode()), (".initrd", initramfs)):
        program.append(name, content, DATA, len(content))
    program.append(".linux", kernel, CODE, max(len(kernel), Program(kernel).optional(IMAGE_SIZE)))
    return bytes(program.content)


def main() -> None:
    """Reads the command line and writes the program, signed if there is a key."""
    parser = argparse.ArgumentParser(description="Makes one UEFI program of kernel, initramfs and command line.")
    parser.add_argument("--stub", type=Path, required=True, help="systemd's linuxx64.efi.stub")
    parser.add_argument("--kernel", type=Path, required=True)
    parser.add_argument("--initramfs", type=Path, required=True)
    parser.add_argument("--sign-key", type=Path, help="PEM; with it the program is signed by sbsign")
    parser.add_argument("--sign-cert", type=Path, help="PEM, the certificate that the firmware's db has")
    parser.add_argument("out", type=Path)
    args = parser.parse_args()
    kernel, initramfs = args.kernel.read_bytes(), args.initramfs.read_bytes()
    line = f"console=ttyS0,115200 console=tty0 quiet loglevel=3 pp.image={build_id(kernel, initramfs)}"
    args.out.write_bytes(unified(args.stub.read_bytes(), kernel, initramfs, line))
    if args.sign_key:
        subprocess.run(["sbsign", "--key", args.sign_key, "--cert", args.sign_cert, "--output", args.out, args.out], check=True)


if __name__ == "__main__":
    main()
