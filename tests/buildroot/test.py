"""The checks of buildroot-config/, and that each of them sees what it is for. scripts/check-buildroot runs this."""

import shutil
import tempfile
import unittest
from collections.abc import Callable
from pathlib import Path

import checks
import kernel
import mock
from checks import DEFCONFIG, root

CONFIG = root / "buildroot-config"
CHECKS: list[Callable[[Path], list[str]]] = [
    checks.defconfig,
    checks.kernel_hash,
    checks.config_in,
    checks.makefiles,
    checks.scripts,
    checks.post_build,
    checks.grub_modules,
    kernel.linux_config,
    kernel.firmware,
]
PACKAGE = "package/purgeproof/"

# A check, a file, what is there, what is put in its place, and a word of the complaint.
FAULTS = [
    (checks.defconfig, DEFCONFIG, "BR2_INIT_NONE", "BR2_INIT_NOBODY", "BR2_INIT_NOBODY"),
    (checks.defconfig, DEFCONFIG, "PATH)/linux.config", "PATH)/linux-config", "is not there"),
    (checks.defconfig, DEFCONFIG, "BR2_STATIC_LIBS=y", "BR2_STATIC_LIBS = y", "not a line"),
    (checks.kernel_hash, DEFCONFIG, '"6.12.', '"6.13.', "linux.hash"),
    (checks.config_in, PACKAGE + "Config.in", "endif", "", "endif"),
    (checks.config_in, PACKAGE + "Config.in", "LINUX_FIRMWARE", "LINUX_FIRMWORE", "LINUX_FIRMWORE"),
    (checks.makefiles, PACKAGE + "purgeproof.mk", "endef", "", "missing"),
    (checks.makefiles, PACKAGE + "purgeproof.mk", "$(TARGET_DIR)/init", "$(TARGET_DIR)/sbin/init", "sbin/init"),
    (checks.makefiles, "firmware.list", "isci/", "ischi/", "ischi"),
    (checks.scripts, "board/post-image.sh", "}\n", "\n", "post-image.sh"),
    (checks.post_build, "board/post-build.sh", "! -name init ! -name lib", "! -name lib", "the initramfs would have"),
    (checks.post_build, "board/post-build.sh", "[[ -x $target/init ]]", "[[ -x $target/sbin/init ]]", "post-build.sh"),
    (checks.grub_modules, DEFCONFIG, "linux probe regexp", "linux regexp", "probe"),
    (checks.grub_modules, DEFCONFIG, " efifwsetup", "", "fwsetup"),
    (checks.grub_modules, DEFCONFIG, "biosdisk", "biosdisc", "biosdisc"),
    (kernel.firmware, "firmware.list", "qlogic/1280.bin", "", "qlogic/1280.bin"),
]

# The same in linux.config, all at once.
KERNEL_FAULTS = [
    ("CONFIG_VMD=y", "", "CONFIG_VMD is not y"),
    ("CONFIG_BLK_DEV_NVME=y", "CONFIG_BLK_DEV_NVME=y\nCONFIG_BLK_DEV_MVNE=y", "does not keep: CONFIG_BLK_DEV_MVNE=y"),
    ("# CONFIG_SWAP is not set", "", "CONFIG_SWAP is not n"),
    ("CONFIG_NR_CPUS=512", "CONFIG_NR_CPUS=99999", "adds: CONFIG_NR_CPUS="),
    ("CONFIG_SCSI_HPSA=y", "", "hpsa is in modules.list"),
    ("CONFIG_FUSION_SAS=y", "CONFIG_FUSION_SAS=y\nCONFIG_SCSI_FC_ATTRS=y\nCONFIG_FUSION_FC=y", "mptfc is left out"),
    ("allow_tpm=1", "allow_tpm=0", "modules.options"),
]


class BuildrootConfig(unittest.TestCase):
    """The tree as it is."""

    def test_nothing_to_complain_about(self) -> None:
        """By any check."""
        for check in CHECKS:
            with self.subTest(check.__name__):
                self.assertEqual(check(CONFIG), [])

    def test_the_real_post_image_script_makes_a_stick(self) -> None:
        """What it makes is left to be booted."""
        self.assertEqual(mock.post_image(CONFIG, mock.MOCK), [])


class Faults(unittest.TestCase):
    """A copy of the tree with one fault."""

    def copy(self) -> Path:
        """Beside the original: its paths lead to the project."""
        place = Path(tempfile.mkdtemp(dir=root / "out", prefix="fault-"))
        self.addCleanup(shutil.rmtree, place)
        return Path(shutil.copytree(CONFIG, place / "buildroot-config"))

    def test_each_is_seen(self) -> None:
        """By the check that is for it."""
        for check, file, there, instead, complaint in FAULTS:
            with self.subTest(f"{check.__name__}: {complaint}"):
                config = self.copy()
                text = (config / file).read_text()
                self.assertIn(there, text)
                (config / file).write_text(text.replace(there, instead, 1))
                self.assertIn(complaint, "\n".join(check(config)))

    def test_each_is_seen_in_the_kernels_configuration(self) -> None:
        """By Kconfig, or by comparison with the other edition."""
        config = self.copy()
        text = (config / "linux.config").read_text()
        for there, instead, _ in KERNEL_FAULTS:
            self.assertIn(there, text)
            text = text.replace(there, instead, 1)
        (config / "linux.config").write_text(text)
        complaints = "\n".join(kernel.linux_config(config))
        for _, _, complaint in KERNEL_FAULTS:
            with self.subTest(complaint):
                self.assertIn(complaint, complaints)

    def test_a_script_that_cannot_be_run_is_seen(self) -> None:
        """Buildroot would stop there."""
        config = self.copy()
        (config / "board/post-build.sh").chmod(0o644)
        self.assertEqual(checks.scripts(config), ["post-build.sh is not executable"])

    def test_a_kernel_that_is_too_large_is_seen(self) -> None:
        """12 MiB, on top of which a stick could still be made."""
        config = self.copy()
        script = config / "board/post-image.sh"
        script.write_text(script.read_text().replace("limit_mib=12", "limit_mib=11").replace("/..", "/../../.."))
        self.assertIn("more than 11 MiB", mock.post_image(config, config.parent / "output")[0])


if __name__ == "__main__":
    unittest.main(warnings="ignore")
