#!/usr/bin/env bash
# Runs the README's commands in a new Debian that has only what the README asks for, on a fresh clone
# of what is committed here. Needs root, debootstrap, some 5 GB and many minutes; called by hand.
#
#     deploy/test/clean_debian.sh [TARGET ...]      targets of make; demo and test unless named
#
# The mirror, certificates and pip's settings are this machine's own. BASE=FOLDER is a Debian made
# before, of which a copy is taken; KEEP=1 leaves the copy.
set -euo pipefail
cd "$(dirname "$0")/../.."

readonly SUITE=bookworm
readonly PACKAGES=(ca-certificates make python3 python3-venv)
targets=("${@:-demo}")
[ $# -gt 0 ] || targets+=(test)
ROOT=$(mktemp -d -t inkstream-debian-XXXXXX)
readonly ROOT

main() {
    trap leave EXIT
    if [ -n "${BASE-}" ]; then
        cp --archive --one-file-system "$BASE/." "$ROOT"
    else
        debootstrap --variant=minbase "$SUITE" "$ROOT" "$(mirror)"
    fi
    bring_settings
    chroot "$ROOT" apt-get update --quiet
    chroot "$ROOT" apt-get install --quiet --yes --no-install-recommends "${PACKAGES[@]}"
    git clone --quiet --no-hardlinks . "$ROOT/home/inkstream"
    # As a user like any other, with nothing of this machine's environment.
    chroot "$ROOT" useradd --create-home --no-log-init user
    chroot "$ROOT" chown -R user: /home/inkstream
    for target in "${targets[@]}"; do
        echo "== make $target"
        chroot "$ROOT" setpriv --reuid=user --regid=user --init-groups env --ignore-environment \
            HOME=/home/user LANG=C.UTF-8 PATH=/usr/local/bin:/usr/bin:/bin \
            make --directory /home/inkstream "$target"
    done
}

# Where apt of this machine gets Debian from.
mirror() {
    # shellcheck disable=SC2046 # no such path has a blank
    awk '$1 == "URIs:" { print $2; exit } $1 == "deb" { print $2; exit }' \
        $(find /etc/apt -name '*.sources' -o -name sources.list)
}

bring_settings() {
    local file
    for file in /etc/resolv.conf /etc/hosts /etc/pip.conf /etc/ssl/certs/ca-certificates.crt; do
        [ ! -e "$file" ] || cp --dereference "$file" "$ROOT$file"
    done
    mount --bind /dev "$ROOT/dev"
    mount -t proc proc "$ROOT/proc"
}

leave() {
    local mounted
    for mounted in proc dev; do
        ! mountpoint --quiet "$ROOT/$mounted" || umount "$ROOT/$mounted"
    done
    if [ "${KEEP-}" = 1 ]; then
        echo "left in $ROOT"
    else
        rm -rf --one-file-system "$ROOT"
    fi
}

main
