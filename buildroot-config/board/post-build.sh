#!/usr/bin/env bash
# Called by Buildroot with the target directory: leaves /init, firmware, keyboard layouts and the places where it mounts. There is no shell, no
# library and no loader configuration in the initramfs, for nobody would use them.
set -euo pipefail

target=$1
[[ -x $target/init ]] || { echo "post-build.sh: $target/init is not there. Select BR2_PACKAGE_PURGEPROOF." >&2; exit 1; }
find "$target" -mindepth 1 -maxdepth 1 ! -name init ! -name lib -exec rm -rf {} +
find "$target/lib" -mindepth 1 -maxdepth 1 ! -name firmware ! -name keymaps -exec rm -rf {} +
mkdir "$target"/{dev,proc,run,sys,tmp}
