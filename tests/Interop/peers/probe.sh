#!/bin/sh
# Sends the probes of probes.json to our server and to each official server that is there; the table goes to FOLDER/probes.md.
# usage: probe.sh FOLDER PROGRAM
set -eu
here="$(cd "$(dirname "$0")" && pwd)"
folder="$1"
program="$2"
if ! /usr/bin/python3 -c 'import hpack, hyperframe' 2>/dev/null; then
    echo "probes: ABSENT, since python3-h2 is not installed (peer http2 installs it)" >&2
    exit 0
fi
running=""
# shellcheck disable=SC2086 # a list of process ids
trap 'kill $running 2>/dev/null || true' EXIT
"$program" server --port 7201 >/dev/null 2>&1 &
running="$!"
servers="ours=7201"
port=7202
for name in cpp go java node; do
    if [ -x "$folder/peers/$name/server" ]; then
        "$folder/peers/$name/server" "$port" >/dev/null 2>&1 &
        running="$running $!"
        servers="$servers $name=$port"
        port=$((port + 1))
    fi
done
# Each server says in its own way when it is ready, or not at all; all of them take connections by then.
for entry in $servers; do
    tries=0
    until /usr/bin/python3 -c "import socket; socket.create_connection(('127.0.0.1', ${entry#*=}), 1)" 2>/dev/null || [ "$tries" -ge 30 ]; do
        tries=$((tries + 1))
        sleep 1
    done
done
# shellcheck disable=SC2086 # a list on purpose
/usr/bin/python3 "$here/probes.py" $servers >"$folder/probes.md"
cat "$folder/probes.md"
# The first two columns are ours: what tests/Grpc expects, and what came.
if awk -F'|' 'NR > 2 && $3 != $4 { found = 1 } END { exit !found }' "$folder/probes.md"; then
    echo "probes: our server did not answer as expected; see the rows above where the first two answers differ" >&2
    exit 1
fi
# An answer that no official server gives has a reason in probes.json ("why").
if grep -q 'NOT EXPLAINED' "$folder/probes.md"; then
    echo "probes: our server answered as no official one does, and probes.json does not say why" >&2
    exit 1
fi
