#!/usr/bin/env bash
# Makes every generated file of results/ and the table in README.md again, from the raw files.
# With --check it writes nothing and fails where a file is not what the raw files give.
set -euo pipefail
cd "$(dirname "$0")/.."
shopt -s nullglob

report() { cargo run --quiet --release --locked -p bench-report -- "$@"; }

machines=(results/*/)
((${#machines[@]})) || { echo "results/ holds no results yet: make bench" && exit 0; }
for machine in "${machines[@]}"; do
  report report "$@" "$machine"
done
if [[ $* != *--check* ]]; then
  report index results
  # The machine that the README shows.
  shown=$(grep -om 1 'results/[A-Za-z0-9._-]*/README.md' README.md || true)
  [[ -z $shown ]] || report readme README.md "${shown%/README.md}"
fi
