# shellcheck shell=bash disable=SC2034 # variables are for the scripts that source this
# What the scripts share. Sourced, never run.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
cache=$root/.cache
out=$root/out
target=x86_64-unknown-linux-musl
export TZ=UTC LC_ALL=C.UTF-8 PYTHONDONTWRITEBYTECODE=1
export PATH=$PATH:/usr/sbin:/sbin # mkfs.fat, depmod

fail() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

# Runs a command and prints one line with its name and its time; its output is shown only if it fails.
step() {
    local name=$1 begin=$EPOCHREALTIME log status=0
    shift
    log=$(mktemp)
    printf '  %-34s' "$name"
    # Not `if ("$@")`: in a condition the command would carry on after its own first failure.
    set +e
    (set -e; "$@") >"$log" 2>&1
    status=$?
    set -e
    if [[ $status -ne 0 ]]; then
        printf ' FAILED\n'
        cat "$log" >&2
        rm -f "$log"
        fail "step '$name' failed; what it printed is above"
    fi
    rm -f "$log"
    printf ' %6s s\n' "$(since "$begin")"
}

since() {
    awk -v a="$1" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.1f", b - a }'
}

mib() {
    awk -v n="$(stat -c %s "$1")" 'BEGIN { printf "%.2f MiB", n / 1048576 }'
}

# Every date in the image comes from here, so that the same commit gives the same bytes.
source_date_epoch() {
    export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git -C "$root" log -1 --format=%ct)}
}

pinned_rust() {
    sed -n 's/^channel *= *"\(.*\)"/\1/p' "$root/rust-toolchain.toml"
}

# Chooses a rustc that is already here. rustup would download the pinned toolchain when only another name of the same version
# ("stable") is installed; so it is forbidden to, and the installed one is named.
use_installed_rust() {
    local pin have dir
    pin=$(pinned_rust)
    export RUSTUP_AUTO_INSTALL=0
    if ! have=$(cd "$root" && rustc --version 2>/dev/null); then
        for dir in "${RUSTUP_HOME:-$HOME/.rustup}"/toolchains/*/; do
            [[ -x $dir/bin/rustc && $("$dir/bin/rustc" --version) == "rustc $pin "* ]] || continue
            RUSTUP_TOOLCHAIN=$(basename "$dir")
            export RUSTUP_TOOLCHAIN
            have="rustc $pin"
            break
        done
    fi
    [[ -n $have ]] || fail "no rustc $pin here. Install it (with rustup: 'rustup toolchain install $pin') and run this again."
    have=$(cut -d' ' -f2 <<<"$have")
    [[ $(printf '%s\n' "$pin" "${have%%-*}" | sort -V | head -n1) == "$pin" ]] ||
        fail "rustc is $have, but $pin or later is needed. Install it (with rustup: 'rustup toolchain install $pin') and run this again."
}

# Whether rustc brought a std for musl. If not, the one that scripts/setup built in .musl-sysroot is used.
rustc_has_std() {
    [[ -d $(cd "$root" && rustc --print sysroot)/lib/rustlib/$target/lib ]]
}

# chacha20 has code for AVX-512 that is compiled in only if it is asked for, and chosen at run time like that for AVX2; aes needs no word
# for its VAES. Build paths are cut off, so that they are neither in the binary's messages nor a reason for other bytes on another machine;
# and a cargo that sees them cut off leaves these flags out of its hashes. Where cargo's directory is a symbolic link, rustc sees both names.
use_musl() {
    local path flags="--cfg chacha20_avx512 --remap-path-prefix=$root=. --remap-path-prefix=${CARGO_TARGET_DIR:-$root/target}=./target"
    for path in "${CARGO_HOME:-$HOME/.cargo}" "$(realpath -m "${CARGO_HOME:-$HOME/.cargo}")"; do flags+=" --remap-path-prefix=$path=cargo"; done
    rustc_has_std || flags+=" --sysroot $root/.musl-sysroot"
    export CARGO_TARGET_X86_64_UNKNOWN_LINUX_MUSL_RUSTFLAGS=$flags
}
