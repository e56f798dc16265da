#!/bin/sh
# Installs what the interoperability tests talk to: Ruby's official gRPC, from Debian's or Ubuntu's packages.
# Safe to run again: it does nothing when everything is there.
set -eu

packages="ruby ruby-grpc ruby-google-protobuf"

is_ready() {
    command -v ruby >/dev/null 2>&1 && ruby -e 'require "grpc"; require "google/protobuf"' >/dev/null 2>&1
}

if is_ready; then
    echo "install-peers: Ruby and its gRPC are there already."
    exit 0
fi

if ! command -v apt-get >/dev/null 2>&1; then
    echo "install-peers: there is no apt-get here. Install Ruby with the gems grpc and google-protobuf, then run the tests again." >&2
    exit 1
fi

if [ "$(id -u)" -eq 0 ]; then
    as_root=""
elif command -v sudo >/dev/null 2>&1; then
    as_root="sudo"
else
    echo "install-peers: not root, and there is no sudo. As root, run: apt-get update && apt-get install $packages" >&2
    exit 1
fi

$as_root env DEBIAN_FRONTEND=noninteractive apt-get update
# shellcheck disable=SC2086 # a list of names on purpose
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends $packages

if ! is_ready; then
    echo "install-peers: the packages are installed, but Ruby cannot load its gRPC. Try: ruby -e 'require \"grpc\"'" >&2
    exit 1
fi
echo "install-peers: done."
