#!/usr/bin/env bash
# Builds once, runs every test project given, and ends with one line: "N passed, N failed".
set -u
cd "$(dirname "$0")/../.."
passed=0
failed=0
results=$(mktemp -d)
# Whatever a test or a tool leaves behind, also where it was killed, goes with this folder. Its name is short: sockets lie in it.
export TMPDIR="$results/t"
chmod 711 "$results" && mkdir -m 1777 "$TMPDIR" # database servers run under an account of their own
trap 'rm -rf "$results"' EXIT

dotnet build SyncHub.sln -c Release -v quiet -nologo || { echo "the build failed"; echo "0 passed, 1 failed"; exit 1; }
for project in "$@"; do
    name=$(basename "$project")
    echo "== $name"
    dotnet test "$project" -c Release --no-build -nologo -v quiet --logger "trx;LogFileName=$name.trx" --results-directory "$results" --logger "console;verbosity=minimal"
    status=$?
    counters=$(grep -o '<Counters [^>]*' "$results/$name.trx" 2>/dev/null)
    p=$(sed -E 's/.* passed="([0-9]+)".*/\1/' <<<"$counters")
    t=$(sed -E 's/.* total="([0-9]+)".*/\1/' <<<"$counters")
    s=$(sed -E 's/.* notExecuted="([0-9]+)".*/\1/' <<<"$counters")
    f=$((${t:-0} - ${p:-0} - ${s:-0}))
    # A run that died before it could count is a failure, whatever it had counted.
    if [ "$status" -ne 0 ] && [ "$f" -eq 0 ]; then f=1; fi
    passed=$((passed + ${p:-0}))
    failed=$((failed + f))
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
