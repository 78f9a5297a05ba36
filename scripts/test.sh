#!/usr/bin/env bash
# Everything that must hold before a change goes in.
set -euo pipefail
cd "$(dirname "$0")/.."
unset CARGO_TARGET_DIR # the bench's plan names target/release

at() { printf '\n== %s\n' "$*"; }

at tools
scripts/setup.sh
at formatting
cargo fmt --all --check
at clippy
cargo clippy --workspace --all-targets --locked -- -D warnings
at shellcheck
if command -v shellcheck >/dev/null; then
  shellcheck scripts/*.sh .ci/run
else
  echo "not installed: the scripts are not checked"
fi
at build
cargo build --workspace --locked
at unit and behaviour tests
mkdir -p target
cargo test --workspace --locked 2>&1 | tee target/test.log
at committed results are what their raw files give
scripts/report.sh --check
at the pipeline, quick
rm -rf target/quick
scripts/bench.sh --quick
bad=$(tail -qn +2 target/quick/results/*/measurements.csv | grep -vE ',(ok|"?skipped: .*)$' || true)
[[ -z $bad ]] || {
  printf 'rows that are neither ok nor skipped:\n%s\n' "$bad" >&2
  exit 1
}
at summary
grep '^test result:' target/test.log | grep -v ' 0 passed; 0 failed'
tail -qn +2 target/quick/results/*/measurements.csv | sed 's/.*,\([^,]*\)$/quick row: \1/' | sort | uniq -c
