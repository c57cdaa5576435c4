#!/usr/bin/env bash
# Called by Buildroot with the images directory: makes purgeproof.img there from kernel, initramfs and GRUB by the assembler that the edition from
# Debian's parts has too. Buildroot's environment: BINARIES_DIR, BUILD_DIR, HOST_DIR, BR2_EXTERNAL_PURGEPROOF_PATH; SOURCE_DATE_EPOCH, for the
# build is to be reproducible (BR2_REPRODUCIBLE).
set -euo pipefail

limit_mib=12 # kernel
root=$BR2_EXTERNAL_PURGEPROOF_PATH/..
kernel=$BINARIES_DIR/bzImage
page=$root/out/verify.html
efi=$BINARIES_DIR/purgeproof-efi/BOOT

fail() {
    echo "post-image.sh: $*" >&2
    exit 1
}

[[ -f $page ]] || fail "$page is not there. Run scripts/page first."
[[ $(stat -c %s "$kernel") -lt $((limit_mib << 20)) ]] || fail "$kernel has $(stat -c %s "$kernel") bytes, more than $limit_mib MiB. See what linux.config turns on."

rm -rf "$efi"
mkdir -p "$efi"
cp "$BINARIES_DIR/efi-part/EFI/BOOT/bootx64.efi" "$efi/BOOTX64.EFI"
cp "$BINARIES_DIR/efi-part/EFI/BOOT/bootia32.efi" "$efi/BOOTIA32.EFI"

export TZ=UTC PYTHONDONTWRITEBYTECODE=1 PATH=$HOST_DIR/bin:$HOST_DIR/sbin:$PATH
boot=("$BUILD_DIR"/grub2-*/build-i386-pc/grub-core/boot.img)
id=$(python3 "$root/image/stick.py" --kernel "$kernel" --initramfs "$BINARIES_DIR/rootfs.cpio.zst" --boot-img "${boot[0]}" \
    --core-img "$BINARIES_DIR/grub.img" --efi "${efi%/BOOT}" --page "$page" "$BINARIES_DIR/purgeproof.img")
echo "purgeproof.img: build $id, kernel $(stat -c %s "$kernel") bytes, initramfs $(stat -c %s "$BINARIES_DIR/rootfs.cpio.zst") bytes"
