#!/usr/bin/env bash
# Everything that must hold before a change goes in.
set -euo pipefail
cd "$(dirname "$0")/.."
unset CARGO_TARGET_DIR # the bench's plan names target/release

at() { printf '\n== %s\n' "$*"; }

at tools
scripts/setup.sh
scripts/python/setup.sh
scripts/mariadb.sh --install
at formatting
cargo fmt --all --check
at clippy
cargo clippy --workspace --all-targets --locked -- -D warnings
at shellcheck
if command -v shellcheck >/dev/null; then
  shellcheck scripts/*.sh scripts/python/*.sh .ci/run
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
rm -rf target/quick
: >target/test.rows
# A pipeline for a minute, whose rows must all be there.
quick() {
  at "the pipeline, quick: $*"
  env "$@"
  tail -qn +2 target/quick/results/*/{measurements,scale,faults,network}.csv 2>/dev/null >target/quick/rows || true
  [[ -s target/quick/rows ]]
  if grep -vE ',(ok|"?skipped: .*)$' target/quick/rows; then
    echo "these rows are neither ok nor skipped" >&2
    exit 1
  fi
  cat target/quick/rows >>target/test.rows
}
quick PYTHON=1 scripts/bench.sh --quick
quick PYTHON=1 DATABASE=mariadb scripts/bench.sh --quick db
quick scripts/bench.sh --quick --part scale
quick scripts/bench.sh --quick --part faults
quick scripts/bench.sh --quick --part network
at summary
grep '^test result:' target/test.log | grep -v ' 0 passed; 0 failed'
sed 's/.*,\([^,]*\)$/quick row: \1/' target/test.rows | sort | uniq -c
