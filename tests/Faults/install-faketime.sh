#!/bin/sh
# Installs libfaketime, by which tests move the clock of a running process. Where it cannot be had, those tests skip themselves and say so.
set -u

if ls /usr/lib/*/faketime/libfaketime.so.1 /usr/lib/faketime/libfaketime.so.1 >/dev/null 2>&1; then
    exit 0
fi

if ! command -v apt-get >/dev/null 2>&1 || [ "$(id -u)" -ne 0 ]; then
    echo "install-faketime: needs root and apt-get; without libfaketime the tests of jumping clocks are skipped." >&2
    exit 0
fi

DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends libfaketime >/dev/null 2>&1 ||
    echo "install-faketime: the package libfaketime could not be installed; the tests of jumping clocks are skipped." >&2
exit 0
