# shellcheck shell=bash disable=SC2034 # read by scripts/setup
# Everything that scripts/setup takes from Debian, and nothing else. Sourced, never run.

# Installed on this machine when missing.
HOST_PACKAGES=(
    gcc libc6-dev                # the linker that rustc calls
    g++                          # scripts/fuzz: the fuzzer's runtime
    git                          # the date of the last commit dates every file of the image
    python3                      # image/*.py
    xz-utils zstd                # kernel modules arrive as .xz, the initramfs leaves as .zst
    kmod                         # depmod, for the modules of the image
    dosfstools mtools            # the stick's two FAT file systems, without root
    xorriso                      # the image for CDs and virtual media
    sbsigntool                   # sbsign, for a UKI with a key of your own
    grub-common                  # grub-mkimage, for the BIOS loader
    poppler-utils zbar-tools qpdf # tests read the certificate as others would: text, QR code, PDF structure
    openssl                      # tests compute the keystream by another's code
    age                          # tests open an encrypted pack as its recipient would
    acpica-tools                 # tests give a machine a battery
    tmux                         # pictures wait for what the serial line shows
    chromium chromium-driver     # the page that verifies is tried in a browser
)

# Installed unless the machine has a node and an npm of its own, which Debian's would not go beside.
NODE_PACKAGES=(nodejs npm) # the page that verifies: its reader of QR codes, its tests

# Unpacked privately, never installed. The suite after the slash; without one, the newest that any suite below has.
DEBIAN_SUITES="bookworm bookworm-updates trixie trixie-backports"
SECURITY_SUITES="bookworm-security"
COMPONENTS="main non-free-firmware" # the latter for adapters and card readers that do nothing without firmware

# Newest package of the first pattern that matches anything; the kernel's name changes with every update.
KERNEL_PATTERNS=('linux-image-6\.12\.[0-9]+\+deb12-amd64' 'linux-image-6\.1\.0-[0-9]+-amd64')
IMAGE_PACKAGES=(
    shim-signed/bookworm shim-helpers-amd64-signed/bookworm
    grub-efi-amd64-signed/bookworm # UEFI x64, signed by Debian
    grub-efi-ia32-bin/bookworm     # UEFI of 32 bits below a 64-bit processor (tablets of 2013-2016)
    grub-pc-bin/bookworm           # BIOS
    kbd/bookworm console-data/bookworm # keyboard layouts: what compiles them, and what they are compiled from
    systemd-boot-efi/trixie        # the stub that makes one program of kernel and initramfs (UKI)
    firmware-linux-free/bookworm firmware-misc-nonfree/bookworm firmware-qlogic/bookworm
)

# For buildroot-config/, when it is checked or its kernel compiled (setup --kernel-source): what the kernel's makefiles call is installed, ...
KERNEL_BUILD_PACKAGES=(make flex bison bc libelf-dev)
# ... and the rest unpacked: Linux as source, of the newest update; the GRUB that Buildroot has, 2.12; a reader of Kconfig files.
KERNEL_SOURCE=linux-source-6.12
BUILDROOT_PACKAGES=(grub-pc-bin/trixie grub-efi-amd64-bin/trixie grub-efi-ia32-bin/trixie python3-kconfiglib/bookworm)

QEMU_PACKAGES=(qemu-system-x86 ovmf ovmf-ia32) # with all they depend on
QEMU_SUITE=trixie-backports                    # the first with the vfio-user client (QEMU 10.1 or later)

# The C half of a static musl std; rust-src comes in the version of rustc.
MUSL_PACKAGES=(musl-dev/trixie libunwind-19-dev/trixie) # bookworm's musl 1.2.3 has no statx
