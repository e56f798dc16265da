#!/bin/sh
# Installs and builds the official implementations that the matrix talks to, each in its own script. What is there already is kept.
# A peer that cannot be had is reported and left out; the matrix then names it as absent.
# usage: install.sh FOLDER [PEER...]
set -eu
ROOT="$(cd "$(dirname "$0")/.." && pwd)"
mkdir -p "$1"
WORK="$(cd "$1" && pwd)"
shift
export ROOT WORK
absent=""
for peer in ${*:-cpp go java node python ruby http2}; do
    OUT="$WORK/peers/$peer"
    export OUT
    if [ -f "$OUT/ready" ] && [ -z "$(find "$ROOT/peers/$peer.sh" "$ROOT/peers/$peer" "$ROOT/protos" -newer "$OUT/ready" 2>/dev/null)" ]; then
        continue
    fi
    rm -rf "$OUT"
    echo "peer $peer: building"
    if sh "$ROOT/peers/$peer.sh" >"$WORK/$peer.log" 2>&1; then
        touch "$OUT/ready"
        echo "peer $peer: $(cat "$OUT/version")"
    else
        rm -rf "$OUT"
        absent="$absent $peer"
        echo "peer $peer: ABSENT. The last of $WORK/$peer.log:" >&2
        tail -5 "$WORK/$peer.log" >&2
    fi
done
[ -z "$absent" ] || echo "ABSENT on this machine:$absent" >&2
