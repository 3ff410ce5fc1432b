# shellcheck shell=bash
# engine.bash - a container engine, and images from our Dockerfile.
#
# docker where an engine answers it, else podman, else buildah (which builds, and
# runs nothing). As root, podman and buildah keep what they make in IMAGE_STORE, if
# that is set; docker has one store for all. FETCH_PROXIES is as tests/run sets it.

# Debian's own, of which a base image is made where none can be fetched.
BASE_MIRROR_SUITE=bookworm

# engine_find [run]: sets ENGINE; `run` asks for one that can run images too.
engine_find() {
    if command -v docker >/dev/null && docker info >/dev/null 2>&1; then
        ENGINE=docker
    elif command -v podman >/dev/null; then
        ENGINE=podman
    elif command -v buildah >/dev/null && [[ ${1:-} != run ]]; then
        ENGINE=buildah
    else
        echo "image: neither a Docker engine nor podman is here${1:+, which it takes to run an image}; on Debian: apt-get install podman runc" >&2
        return 69
    fi
}

# Prints what of podman there is outside of IMAGE_STORE.
engine_traces() {
    local trace
    for trace in /run/libpod /run/runc /dev/shm/libpod_lock /var/lib/containers /etc/cni/net.d/cni.lock \
        /sys/fs/cgroup/libpod_parent /sys/fs/cgroup/*/libpod_parent; do
        [[ ! -e $trace ]] || echo "$trace"
    done
}

# engine_clean TRACES: removes what is not among TRACES, which engine_traces printed before podman was used. A control
# group goes when its processes have. Needs servers.bash.
engine_clean() {
    local trace
    while read -r trace; do
        case $trace in
            /sys/*) wait_for 10 _rmdir_all "$trace" ;;
            *) rm -rf "$trace" ;;
        esac
    done < <(engine_traces | grep -vxF "$1")
}

_rmdir_all() { find "$1" -depth -type d -exec rmdir {} + 2>/dev/null; [[ ! -e $1 ]]; }

# engine ARGUMENT...: runs it; in IMAGE_STORE without systemd and with runc.
engine() {
    local options=()
    if [[ $ENGINE == docker || -z ${IMAGE_STORE:-} ]]; then
        "$ENGINE" "$@"
        return
    fi
    # Once: others may be reading it.
    [[ -e $IMAGE_STORE/containers.conf ]] ||
        printf '%s\n' '[engine]' 'cgroup_manager = "cgroupfs"' 'events_logger = "file"' 'runtime = "runc"' >"$IMAGE_STORE/containers.conf"
    options=(--root "$IMAGE_STORE/images" --runroot "$IMAGE_STORE/run" --storage-driver vfs)
    [[ $ENGINE == buildah ]] || options+=(--tmpdir "$IMAGE_STORE/tmp")
    CONTAINERS_CONF=$IMAGE_STORE/containers.conf "$ENGINE" "${options[@]}" "$@"
}

# fetching COMMAND...: runs it with the proxies that there are, if any.
fetching() (
    local assignment
    for assignment in ${FETCH_PROXIES:-}; do export "${assignment?}"; done
    "$@"
)

# image_base NAME: makes a base image from Debian's packages, as slim as Debian's
# bookworm-slim: for machines that reach no registry of images.
image_base() {
    local tar status=0
    tar=$(mktemp --suffix=.tar "${TMPDIR:-/tmp}/base.XXXXXX") || return
    fetching mmdebstrap --quiet --variant=minbase --include=usr-is-merged --hook-dir=/usr/share/mmdebstrap/hooks/merged-usr \
        --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
        --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-include=/usr/share/doc/*/copyright' \
        "$BASE_MIRROR_SUITE" "$tar" && engine import "$tar" "$1" || status=$?
    rm -f "$tar"
    return "$status"
}

# image_build NAME [BASE]: builds the checkout that we are in. A base that is here is not fetched.
image_build() {
    local options=(-t "$1") top=${BASH_SOURCE[0]%/*}/../../..
    [[ -z ${2:-} ]] || options+=(--build-arg "BASE=$2")
    options+=(--build-arg "VERSION=$(sed -n 's/^VERSION := //p' "$top/Makefile")")
    options+=(--build-arg "REVISION=$(git -C "$top" rev-parse HEAD 2>/dev/null || echo unknown)")
    # Inside the build apt-get is all that needs the network; it gets the one there is.
    [[ $ENGINE == docker ]] || options+=(--network host --isolation chroot)
    if [[ $ENGINE == buildah ]]; then
        fetching engine bud "${options[@]}" "$top"
    else
        fetching engine build "${options[@]}" "$top"
    fi
}
