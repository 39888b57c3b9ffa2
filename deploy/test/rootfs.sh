#!/usr/bin/env bash
# Runs the server in the root file system of its image as a container runtime would, where there is
# none: read-only, as nobody, without capabilities, without a network, as process 1. It must come up,
# answer `inkstream health`, and end with status 0 at SIGTERM. Needs root, and models that were pulled.
#
#     deploy/test/rootfs.sh ROOT [MODELS]
set -euo pipefail

if [ "${1-}" = --inside ]; then
    # In namespaces of its own, which end with the server.
    readonly ROOT=$2 MODELS=$3
    mount --make-rprivate /
    mount --bind "$ROOT" "$ROOT"
    mount -o remount,bind,ro "$ROOT"
    mount -t proc proc "$ROOT/proc"
    mount -t sysfs -o ro sys "$ROOT/sys"
    mount -t tmpfs -o mode=1777 tmp "$ROOT/tmp"
    mount -t tmpfs -o mode=755 dev "$ROOT/dev"
    for device in null zero random urandom; do
        touch "$ROOT/dev/$device"
        mount --bind "/dev/$device" "$ROOT/dev/$device"
    done
    mount --bind "$MODELS" "$ROOT/var/cache/inkstream/models"
    mount -o remount,bind,ro "$ROOT/var/cache/inkstream/models"
    mount -t tmpfs -o uid=65532,gid=65532 tuning "$ROOT/var/cache/inkstream/tuning"
    ip link set lo up
    exec chroot "$ROOT" setpriv --reuid=65532 --regid=65532 --clear-groups --bounding-set=-all \
        --no-new-privs env --ignore-environment PATH=/opt/inkstream/bin:/usr/bin:/bin \
        HOME=/var/cache/inkstream XDG_CACHE_HOME=/var/cache PYTHONDONTWRITEBYTECODE=1 \
        inkstream serve --tuning off
fi

ROOT=$(realpath "$1")
MODELS=$(realpath "${2:-$HOME/.cache/inkstream/models}")
readonly ROOT MODELS

unshare --mount --pid --net --ipc --uts --fork --kill-child \
    "$0" --inside "$ROOT" "$MODELS" &
readonly OUTER=$!
# Who changes his user, as the server has, does not end with `unshare` any more.
trap 'kill -KILL "$OUTER" ${SERVER-} || true' EXIT
for _ in $(seq 100); do
    SERVER=$(pgrep --parent "$OUTER" || true)
    [ -n "$SERVER" ] && [ "$(cat "/proc/$SERVER/comm")" = inkstream ] && break
    sleep 0.2
done

# As the image's HEALTHCHECK does, and a look from inside.
inside() {
    nsenter --target "$SERVER" --mount --pid --net chroot "$ROOT" \
        setpriv --reuid=65532 --regid=65532 --clear-groups /usr/bin/env \
        PATH=/opt/inkstream/bin:/usr/bin:/bin "$@"
}
inside inkstream health --wait 300
inside inkstream health --service liveness
if inside touch /written 2>&1; then
    echo "the root file system can be written to"
    exit 1
fi
kill -TERM "$SERVER"
status=0
wait "$OUTER" || status=$?
trap - EXIT
echo "status $status after SIGTERM"
exit "$status"
