#!/usr/bin/env bash
# Builds the container image and tests it as it runs in production, without a registry and without an engine's service:
# the base image is made of Debian packages, from wherever this machine gets its own. Root only, since chroots are.
set -euo pipefail
cd "$(dirname "$0")/.."

missing=()
for program in mmdebstrap buildah podman runc; do
    command -v "$program" >/dev/null || missing+=("$program")
done
if [ "${#missing[@]}" -gt 0 ]; then
    echo "missing: ${missing[*]} (Debian's packages of these names)" >&2
    exit 1
fi

work=$(mktemp -d /var/tmp/execution-image.XXXXXX)
trap 'rm -rf "$work"' EXIT
printf '[storage]\ndriver = "vfs"\ngraphroot = "%s/graph"\nrunroot = "%s/run"\n' "$work" "$work" >"$work/storage.conf"
export CONTAINERS_STORAGE_CONF=$work/storage.conf

sources=/etc/apt/sources.list.d/debian.sources
[ -e "$sources" ] || sources=/etc/apt/sources.list
suite=$(. /etc/os-release && echo "$VERSION_CODENAME")
echo "base image: Debian $suite with python3"
mmdebstrap --quiet --variant=minbase --include=python3,python3-venv,ca-certificates "$suite" "$work/root.tar" "$sources"
base=$(buildah from scratch)
buildah add --quiet "$base" "$work/root.tar" / >/dev/null
buildah commit --quiet --rm "$base" localhost/python:debian >/dev/null
rm "$work/root.tar"

# What pip needs to know on this machine it needs in the build too.
mounts=(--volume /etc/ssl/certs:/etc/ssl/certs:ro)
[ ! -e /etc/pip.conf ] || mounts+=(--volume /etc/pip.conf:/etc/pip.conf:ro)
echo "image: from the Dockerfile"
buildah bud --quiet --isolation chroot --network host --pull-never --format docker "${mounts[@]}" \
    --build-arg PYTHON_IMAGE=localhost/python:debian --tag localhost/execution-server:test . >/dev/null

EXECUTION_IMAGE=localhost/execution-server:test PYTHON_IMAGE=localhost/python:debian \
    "${PYTHON:-.venv/bin/python}" -m pytest -s tests/image
