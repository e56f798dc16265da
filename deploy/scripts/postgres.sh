#!/usr/bin/env bash
# A private PostgreSQL for tests, demo and benchmark: on a free port, in a folder of its own, with real durability.
#
#   postgres.sh install                  installs the server where it is missing (Debian, Ubuntu)
#   postgres.sh start [PID]              starts an instance and prints its folder; with PID it ends with that process
#   postgres.sh stop FOLDER              stops it and removes its folder
#   postgres.sh halt FOLDER [MODE]       stops it and keeps its folder; MODE: fast (default), immediate
#   postgres.sh resume FOLDER            starts a halted one again, on its port
#   postgres.sh standby FOLDER           starts a standby of it, on which its commits wait from then on, and prints the standby's folder
#   postgres.sh promote FOLDER           makes a standby the primary; stop the one before it first
#   postgres.sh run COMMAND...           runs a command with SYNCHUB_STORAGE set to an instance that ends with it; with SYNCHUB_POSTGRES_SERVERS=n,
#                                        SYNCHUB_STORAGE_2 to _n too, each an instance of its own
#
# FOLDER/connection holds the connection string, readable by its owner only. SYNCHUB_POSTGRES_ROOT says where folders are made.
set -eu

say() { echo "postgres: $*" >&2; }
fail() { say "$*"; exit 1; }

# Where initdb and pg_ctl are: Debian keeps them out of the path.
find_programs() {
    local found
    found=$(find /usr/lib/postgresql/*/bin -name pg_ctl 2>/dev/null | sort -V | tail -1 || true)
    if [ -z "$found" ]; then found=$(command -v pg_ctl || true); fi
    if [ -n "$found" ]; then dirname "$(readlink -f "$found")"; fi
}

install() {
    if [ -n "$(find_programs)" ]; then say "the server is there already."; return; fi
    command -v apt-get >/dev/null 2>&1 || fail "there is no apt-get here. Install PostgreSQL 14 or newer, then try again."
    local as_root=""
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null 2>&1 || fail "not root, and there is no sudo. As root, run: apt-get update && apt-get install postgresql"
        as_root=sudo
    fi
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get update
    # Only the programs are wanted: no cluster of the system's own, which would start by itself.
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends postgresql-common
    $as_root mkdir -p /etc/postgresql-common
    echo "create_main_cluster = false" | $as_root tee -a /etc/postgresql-common/createcluster.conf >/dev/null
    local package=postgresql
    if apt-cache show postgresql-15 >/dev/null 2>&1; then package=postgresql-15; fi
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends "$package"
    [ -n "$(find_programs)" ] || fail "the package is installed, but there is no pg_ctl under /usr/lib/postgresql."
}

# The server refuses to run as root.
as_owner() { if [ "$(id -u)" -eq 0 ]; then (cd / && exec runuser -u postgres -- "$@"); else "$@"; fi; }

boot() { as_owner "$programs/pg_ctl" -D "$1/data" -l "$1/log" -w -t 60 -o "-p $2" start >/dev/null; }

start() {
    local folder password
    folder=$(mktemp -d "${SYNCHUB_POSTGRES_ROOT:-${TMPDIR:-/tmp}}/synchub-postgres.XXXXXX")
    password=$(head -c 24 /dev/urandom | od -An -tx1 | tr -d ' \n')
    (umask 077; echo "$password" >"$folder/password")
    if [ "$(id -u)" -eq 0 ]; then chown -R postgres "$folder"; fi
    as_owner "$programs/initdb" -D "$folder/data" -U synchub --auth=scram-sha-256 --pwfile="$folder/password" --encoding=UTF8 --locale=C --data-checksums >"$folder.initdb" 2>&1 \
        || { cat "$folder.initdb" >&2; rm -rf "$folder" "$folder.initdb"; fail "initdb failed."; }
    rm -f "$folder.initdb" "$folder/password"
    # Durability as in production; memory for a small machine that runs other things too.
    cat >>"$folder/data/postgresql.conf" <<CONF
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
fsync = on
full_page_writes = on
synchronous_commit = on
shared_buffers = 256MB
max_wal_size = 2GB
max_connections = 100
CONF
    if boot_somewhere "$folder"; then
        (umask 077; echo "Host=127.0.0.1;Port=$(cat "$folder/port");Username=synchub;Password=$password;Database=postgres" >"$folder/connection")
        if [ -n "${1:-}" ]; then watch_over "$1" "$folder"; fi
        echo "$folder"
        return
    fi
    tail -20 "$folder/log" >&2
    stop "$folder"
    fail "the server did not start."
}

boot_somewhere() {
    local port attempt
    for attempt in $(seq 1 20); do
        # Below the ports that the system gives to outgoing connections; another process may still be quicker, hence the attempts.
        port=$((20000 + RANDOM % 10000))
        if boot "$1" "$port"; then
            echo "$port" >"$1/port"
            return 0
        fi
        grep -q "Address already in use" "$1/log" || break
    done
    return 1
}

# A copy that follows the primary by streaming. The connection string in its folder names both, so that whoever uses it finds the primary.
standby() {
    local primary=$1 folder password
    password=$(sed -E 's/.*Password=([^;]*).*/\1/' "$primary/connection")
    folder=$(mktemp -d "${SYNCHUB_POSTGRES_ROOT:-${TMPDIR:-/tmp}}/synchub-postgres.XXXXXX")
    if [ "$(id -u)" -eq 0 ]; then chown -R postgres "$folder"; fi
    export PGPASSWORD=$password
    as_owner "$programs/pg_basebackup" -h 127.0.0.1 -p "$(cat "$primary/port")" -U synchub -D "$folder/data" -X stream -c fast -R \
        || { rm -rf "$folder"; fail "the copy could not be made."; }
    boot_somewhere "$folder" || { tail -20 "$folder/log" >&2; stop "$folder"; fail "the standby did not start."; }
    # By a restart: a reload reaches the process that decides who waits some time later, and until then commits do not wait.
    halt "$primary" && echo "synchronous_standby_names = '*'" >>"$primary/data/postgresql.conf" && resume "$primary"
    unset PGPASSWORD
    (umask 077; echo "Host=127.0.0.1:$(cat "$primary/port"),127.0.0.1:$(cat "$folder/port");Username=synchub;Password=$password;Database=postgres" >"$folder/connection")
    if [ -n "${2:-}" ]; then watch_over "$2" "$folder"; fi
    echo "$folder"
}

promote() { as_owner "$programs/pg_ctl" -D "$1/data" -w -t 60 promote >/dev/null; }

# Ends an instance whose owner was killed before it could.
watch_over() {
    (trap '' INT HUP; while kill -0 "$1" 2>/dev/null && [ -d "$2" ]; do sleep 1; done; if [ -d "$2" ]; then stop "$2"; fi) </dev/null >/dev/null 2>&1 &
}

halt() { as_owner "$programs/pg_ctl" -D "$1/data" -m "${2:-fast}" -w -t 60 stop >/dev/null; }

resume() { boot "$1" "$(cat "$1/port")"; }

stop() {
    halt "$1" immediate 2>/dev/null || true
    rm -rf "$1"
}

run() {
    local folder status=0 number
    folder=$(start $$)
    for number in $(seq 2 "${SYNCHUB_POSTGRES_SERVERS:-1}"); do
        others="${others:-} $(start $$)"
        export "SYNCHUB_STORAGE_$number=$(cat "${others##* }/connection")"
    done
    # shellcheck disable=SC2064 # the folders of now
    trap "for each in '$folder' ${others:-}; do stop \"\$each\"; done" EXIT
    SYNCHUB_STORAGE=$(cat "$folder/connection") SYNCHUB_POSTGRES_FOLDER=$folder "$@" || status=$?
    return "$status"
}

command=${1:-help}
shift || true
programs=$(find_programs)
case $command in
    install) install ;;
    start | stop | halt | resume | standby | promote | run)
        [ -n "$programs" ] || fail "there is no PostgreSQL here. Run: deploy/scripts/postgres.sh install"
        "$command" "$@" ;;
    *) sed -n '2,15s/^# \{0,1\}//p' "$0" ;;
esac
