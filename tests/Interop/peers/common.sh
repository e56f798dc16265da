# Sourced by every peer's script. ROOT: tests/Interop; WORK: where sources are and things are built; OUT: what the matrix runs.
set -eu
umask 022

as_root() {
    if [ "$(id -u)" -eq 0 ]; then "$@"; elif command -v sudo >/dev/null 2>&1; then sudo "$@"; else
        echo "not root, and there is no sudo for: $*" >&2
        return 1
    fi
}

# packages NAME...: installs what is not there.
packages() {
    missing=""
    for name in "$@"; do
        dpkg-query -W -f='${Status}' "$name" 2>/dev/null | grep -q "install ok installed" || missing="$missing $name"
    done
    [ -z "$missing" ] && return 0
    echo "installing:$missing"
    # shellcheck disable=SC2086 # a list of names on purpose
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install --yes --quiet --no-install-recommends $missing >"$WORK/apt.log" 2>&1 || {
        as_root apt-get update --quiet >>"$WORK/apt.log" 2>&1
        # shellcheck disable=SC2086
        as_root env DEBIAN_FRONTEND=noninteractive apt-get install --yes --quiet --no-install-recommends $missing >>"$WORK/apt.log" 2>&1
    } || { tail -5 "$WORK/apt.log" >&2; return 1; }
}

# source_package NAME: the upstream source of a Debian package, in $WORK/src/NAME. The system's own package lists stay as they are.
source_package() {
    [ -d "$WORK/src/$1" ] && return 0
    packages dpkg-dev
    mkdir -p "$WORK/apt/lists/partial" "$WORK/src"
    release="$(. /etc/os-release && echo "$VERSION_CODENAME")"
    echo "deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian $release main" >"$WORK/apt/sources.list"
    (
        cd "$WORK/src"
        set -- "$1" -o Dir::Etc::sourcelist="$WORK/apt/sources.list" -o Dir::Etc::sourceparts=/dev/null -o Dir::State::lists="$WORK/apt/lists" \
            -o Dir::Cache::srcpkgcache= -o Dir::Cache::pkgcache= -o APT::Sandbox::User=root
        name="$1"
        shift
        [ -n "$(ls "$WORK"/apt/lists/*Sources* 2>/dev/null)" ] || apt-get "$@" update --quiet >"$WORK/source.log" 2>&1
        # The upstream archive alone: Debian's patches concern its own build.
        apt-get "$@" source --quiet --download-only --tar-only "$name" >>"$WORK/source.log" 2>&1 || { tail -3 "$WORK/source.log" >&2; exit 1; }
        mkdir "$name.part"
        tar -xf "$(ls -t "$name"_*.orig.tar.* | head -1)" -C "$name.part" --strip-components=1
        mv "$name.part" "$name"
    )
}

# program NAME: makes $OUT/NAME of the shell text on stdin.
program() {
    mkdir -p "$OUT"
    { echo '#!/bin/sh'; cat; } >"$OUT/$1.new"
    chmod +x "$OUT/$1.new"
    mv "$OUT/$1.new" "$OUT/$1"
}

# cases NAME...: what the peer's client can do.
cases() {
    printf '%s\n' "$@" >"$OUT/cases"
}

version() {
    mkdir -p "$OUT"
    echo "$1" >"$OUT/version"
}

debian_version() {
    dpkg-query -W -f='${Version}' "$1"
}

COMMON="empty_unary large_unary client_streaming server_streaming ping_pong empty_stream custom_metadata status_code_and_message
    special_status_message unimplemented_method unimplemented_service cancel_after_begin cancel_after_first_response timeout_on_sleeping_server"
COMPRESSED="client_compressed_unary client_compressed_streaming server_compressed_unary server_compressed_streaming"
OURS="large_metadata unary_deadline half_close half_duplex slow_consumer rpc_soak channel_soak"
