"""What can be said of buildroot-config/ without Buildroot. Each check takes that folder and returns complaints, none if all is well.

`root` is this project, `parts` what `scripts/setup --kernel-source` unpacked.
"""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

root = Path(__file__).resolve().parents[2]
parts = root / ".cache/buildroot"
sys.path += [str(root / "image"), str(parts / "usr/lib/python3/dist-packages")]

import kconfiglib  # noqa: E402  # unpacked, not installed
import modules  # noqa: E402  # image/modules.py

DEFCONFIG = "configs/purgeproof_defconfig"
EXTERNAL = "BR2_EXTERNAL_PURGEPROOF_PATH"


def lines_of(file: Path) -> list[str]:
    """The lines of a list, without comments."""
    return [line for line in (text.partition("#")[0].strip() for text in file.read_text().splitlines()) if line]


def recorded() -> set[str]:
    """The symbols of Buildroot that somebody has looked up."""
    return {line.split("\t")[0] for line in lines_of(root / "tests/buildroot/symbols.tsv")}


def assignments(file: Path) -> dict[str, str]:
    """What a configuration sets: "n" for "is not set", strings without their quotes."""
    found = {}
    for line in file.read_text().splitlines():
        if match := re.fullmatch(r"# (\w+) is not set", line):
            found[match[1]] = "n"
        elif match := re.fullmatch(r'(\w+)="?([^"]*)"?', line):
            found[match[1]] = match[2]
    return found


def run(command: list[str], **environment: str) -> str:
    """Runs a command; what it said if it failed, else nothing."""
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **environment}, check=False)
    return "" if done.returncode == 0 else f"{' '.join(command)}: {done.stdout}{done.stderr}".strip()


def defconfig(config: Path) -> list[str]:
    """Every line can be read, every symbol is known, every file that is named is there."""
    complaints = []
    own = set(re.findall(r"^config (\w+)", (config / "package/purgeproof/Config.in").read_text(), re.M))
    for line in (config / DEFCONFIG).read_text().splitlines():
        if not re.fullmatch(r'|# (?!BR2_).*|# BR2_\w+ is not set|BR2_\w+=(y|"[^"]*")', line):
            complaints.append(f"not a line of a defconfig: {line}")
    for symbol, value in assignments(config / DEFCONFIG).items():
        if symbol not in recorded() | own:
            complaints.append(f"{symbol} is in no list of Buildroot's symbols")
        for name, path in re.findall(r"\$\((BR2_EXTERNAL_\w+)\)/([^ ]*)", value):
            if name != EXTERNAL or not (config / path).exists():
                complaints.append(f"{symbol}: {value} is not there")
    return complaints


def kernel_hash(config: Path) -> list[str]:
    """The kernel that is downloaded has its hash: BR2_DOWNLOAD_FORCE_CHECK_HASHES takes none without."""
    version = assignments(config / DEFCONFIG)["BR2_LINUX_KERNEL_CUSTOM_VERSION_VALUE"]
    hashes = lines_of(config / "patches/linux/linux.hash")
    pattern = rf"sha256  [0-9a-f]{{64}}  linux-{re.escape(version)}\.tar\.xz"
    return [] if any(re.fullmatch(pattern, line) for line in hashes) else [f"linux.hash does not have Linux {version}"]


def config_in(config: Path) -> list[str]:
    """Config.in by a reader of Kconfig files; what it refers to outside of itself is known."""
    os.environ[EXTERNAL] = str(config)
    try:
        kconfig = kconfiglib.Kconfig(str(config / "Config.in"), warn_to_stderr=False)
    except (kconfiglib.KconfigError, OSError) as error:
        return [str(error)]
    unknown = [s.name for s in kconfig.syms.values() if not s.nodes and s.name.startswith("BR2_") and s.name not in recorded()]
    return kconfig.warnings + [f"Config.in refers to {name}, which is in no list of Buildroot's symbols" for name in unknown]


def makefiles(config: Path) -> list[str]:
    """The package's recipe, run by make with Buildroot's part of it in four lines: what it installs is where the kernel looks."""
    with tempfile.TemporaryDirectory() as scratch:
        target, keymaps = Path(scratch, "target"), Path(scratch, "keymaps")
        keymaps.mkdir()
        (keymaps / "de").touch()
        makefile = Path(scratch, "Makefile")
        makefile.write_text(
            f"{EXTERNAL} = {config}\nTARGET_DIR = {target}\nINSTALL = install\nLINUX_FIRMWARE_DIR = {root}/.cache/debian/lib/firmware\n"
            f'BR2_PACKAGE_PURGEPROOF_BINARY = "{__file__}"\nBR2_PACKAGE_PURGEPROOF_KEYMAPS = "{keymaps}"\n'
            'qstrip = $(subst ",,$(1))\ngeneric-package =\nall: install\n'
            f"include {config}/external.mk\ninstall:\n\t$(PURGEPROOF_INSTALL_TARGET_CMDS)\n"
        )
        if failure := run(["make", "-s", "--warn-undefined-variables", "-f", str(makefile)]):
            return [failure]
        wanted = {"init", "lib/keymaps/de", *(f"lib/firmware/{name}" for name in lines_of(config / "firmware.list"))}
        found = {str(file.relative_to(target)) for file in target.rglob("*") if file.is_file()}
        return [f"installed, or not, against the list: {name}" for name in sorted(wanted ^ found)]


def scripts(config: Path) -> list[str]:
    """Buildroot runs what is executable, and bash can read it."""
    complaints = []
    for script in sorted((config / "board").iterdir()):
        complaints += filter(None, [run(["bash", "-n", str(script)])])
        complaints += [] if os.access(script, os.X_OK) else [f"{script.name} is not executable"]
    return complaints


def post_build(config: Path) -> list[str]:
    """Of a target directory as Buildroot leaves it, only our program, firmware, keyboard layouts and empty directories remain."""
    with tempfile.TemporaryDirectory() as scratch:
        target = Path(scratch)
        kept = ("init", "lib/firmware/a/b.bin", "lib/keymaps/de")
        for name in (*kept, "bin/sh", "boot/grub/grub.cfg", "etc/passwd", "lib/libc.so", "usr/lib/os-release"):
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            (target / name).touch(0o755)
        (target / "lib64").symlink_to("lib")
        if failure := run([str(config / "board/post-build.sh"), str(target)]):
            return [failure]
        wanted = "dev init lib lib/firmware lib/firmware/a lib/firmware/a/b.bin lib/keymaps lib/keymaps/de proc run sys tmp".split()
        found = sorted(str(path.relative_to(target)) for path in target.rglob("*"))
        return [] if found == wanted else [f"the initramfs would have {' '.join(found)}"]


def grub_modules(config: Path) -> list[str]:
    """Each GRUB has the modules for what the menu calls on it."""
    complaints = []
    menu = "\n".join((root / "image" / name).read_text() for name in ("grub.cfg", "grub-efi.cfg"))
    words = re.findall(r"^\s*(?:if |elif )?([a-z_\[]+)", menu, re.M) + re.findall(r"insmod (\w+)", menu)
    setting = assignments(config / DEFCONFIG)
    for platform, kind in (("i386-pc", "PC"), ("x86_64-efi", "EFI"), ("i386-efi", "EFI")):
        grub = parts / "usr/lib/grub" / platform
        command = dict(line.lstrip("*").split(": ") for line in lines_of(grub / "command.lst"))
        needs = {name: rest.split() for name, _, rest in (line.partition(":") for line in lines_of(grub / "moddep.lst"))}
        queue, have = setting[f"BR2_TARGET_GRUB2_BUILTIN_MODULES_{kind}"].split(), set()
        while queue:
            have.add(name := queue.pop())
            if not (grub / f"{name}.mod").exists():
                complaints.append(f"GRUB for {platform} has no module {name}")
            queue += set(needs.get(name, [])) - have
        for word in words:
            module = command.get(word, word)
            if (grub / f"{module}.mod").exists() and module not in have and (platform, module) != ("i386-pc", "efifwsetup"):
                complaints.append(f"the menu's '{word}' needs module {module} of GRUB for {platform}")
    return sorted(set(complaints))
