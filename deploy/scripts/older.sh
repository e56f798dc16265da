#!/usr/bin/env bash
# Builds synchub as of another commit beside this one, once, and prints where the program is: for upgrades of a chain that runs.
#
#   older.sh COMMIT
set -eu
cd "$(dirname "$0")/../.."
commit=$(git rev-parse --verify --quiet "${1:?name a commit}^{commit}") || { echo "older: there is no commit '$1' here." >&2; exit 1; }
folder=artifacts/older/$commit
program=$folder/artifacts/build/bin/synchub/release/synchub
if [ ! -x "$program" ]; then
    rm -rf "$folder"
    mkdir -p "$folder"
    git archive "$commit" | tar -x -C "$folder"
    (cd "$folder" && dotnet build deploy/synchub/synchub.csproj -c Release -v quiet -nologo) >&2
fi
echo "$PWD/$program"
