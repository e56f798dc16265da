#!/usr/bin/env bash
# Builds once, runs every test project given, and ends with what failed, and one line: "N passed, N failed".
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
    # A test that hangs is ended, so that its name is known; half an hour is far more than any one takes.
    dotnet test "$project" -c Release --no-build -nologo -v quiet --logger "trx;LogFileName=$name.trx" --results-directory "$results/$name" --logger "console;verbosity=minimal" \
        --blame-hang-timeout 30m --blame-hang-dump-type none
    status=$?
    counters=$(grep -o '<Counters [^>]*' "$results/$name/$name.trx" 2>/dev/null)
    p=$(sed -E 's/.* passed="([0-9]+)".*/\1/' <<<"$counters")
    t=$(sed -E 's/.* total="([0-9]+)".*/\1/' <<<"$counters")
    s=$(sed -E 's/.* notExecuted="([0-9]+)".*/\1/' <<<"$counters")
    f=$((${t:-0} - ${p:-0} - ${s:-0}))
    # A run that died before it could count is a failure, whatever it had counted.
    if [ "$status" -ne 0 ] && [ "$f" -eq 0 ]; then
        f=1
        echo "DIED $name: exit code $status; ${p:-0} had passed" >>"$results/failures"
    fi
    # What ran when a run was ended, or ended itself.
    find "$results/$name" -name 'Sequence_*.xml' -exec grep -ho '<Test Name="[^"]*"[^>]*Completed="False"' {} + 2>/dev/null | sed -E "s/<Test Name=\"([^\"]*)\".*/STOPPED $name: it ran \1/" | sort -u >>"$results/failures"
    passed=$((passed + ${p:-0}))
    failed=$((failed + f))
    if [ -f "$results/$name/$name.trx" ] && [ "$f" -gt 0 ]; then awk -f deploy/scripts/failures.awk "$results/$name/$name.trx" >>"$results/failures"; fi
done
# Again at the very end: of a long log often only that is kept.
cat "$results/failures" 2>/dev/null
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
