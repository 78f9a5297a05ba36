#!/usr/bin/env bash
# Everything that must hold before a change goes in; what is quick and fails most often comes first.
set -euo pipefail
cd "$(dirname "$0")/.."
unset CARGO_TARGET_DIR CARGO_BUILD_TARGET # the programs are looked for in target/debug
export PATH="$PWD/target/tools/bin:$PATH"

part='' times='' # the part that runs, and what those before it took
at() {
  [[ -z $part ]] || times+=$(printf '%5d s  %s\n ' "$SECONDS" "$part")
  part=$* SECONDS=0
  printf '\n== %s\n' "$part"
}

# Clippy compiles the workspace in place of rustc: it lints what is tested, and nothing is built twice. What is only for
# debuggers and for the next build would take a fifth of the time.
lint() {
  RUSTC_WORKSPACE_WRAPPER=clippy-driver CLIPPY_ARGS=-Dwarnings__CLIPPY_HACKERY__ \
    CARGO_INCREMENTAL=0 CARGO_PROFILE_DEV_DEBUG=0 "$@"
}

# The pipelines of the bench, with less of everything and the programs that are being tested. They mostly wait, so there
# are two rows of them; a bench has its folder to itself, so the second row has another one.
pipelines() {
  PYTHON=1 quick
  quick --study shapes
}

further_pipelines() {
  mkdir -p target/second/target
  ln -sfn "$PWD"/{bench.toml,rust-toolchain.toml,Cargo.toml,Cargo.lock,crates,scripts} target/second
  ln -sfn "$PWD"/target/{debug,python,tools} target/second/target
  cd target/second
  PYTHON=1 DATABASE=mariadb quick db
  quick --study scale
  quick --study faults
  quick --study network
  if strace -o /dev/null true 2>/dev/null; then quick --study timeline; else echo "strace cannot trace: no timeline"; fi
}

# One of them. No row may fail.
quick() {
  local begin=$SECONDS
  trap 'kill $!' TERM
  rm -rf target/quick
  BUSY=1 target/debug/bench-run --quick --bin-dir target/debug "$@" &
  wait $!
  local rows=(target/quick/results/*/measurements.csv)
  ! grep -vE '^study,|,(ok|"?skipped: .*)$' "${rows[0]}" ||
    { echo "these rows are neither ok nor skipped" >&2 && exit 1; }
  printf '%5d s, %3d rows: the pipeline, quick: %s\n' $((SECONDS - begin)) $(($(wc -l <"${rows[0]}") - 1)) "${*:-bench}"
}

at formatting
cargo fmt --all --check
at tools
scripts/setup.sh test
scripts/setup.sh mariadb
scripts/python/setup.sh
at shellcheck
if command -v shellcheck >/dev/null; then
  shellcheck scripts/*.sh scripts/python/*.sh .ci/run
else
  echo "not installed: the scripts are not checked"
fi
at known faults of dependencies
if ! cargo deny --version >/dev/null 2>&1; then
  echo "not checked: cargo install --locked cargo-deny"
elif ! cargo deny fetch db >/dev/null 2>&1; then
  echo "not checked: the database of advisories cannot be fetched"
else
  cargo deny --offline check advisories
fi
at build and clippy
# With the tests, whose libraries would otherwise be built twice, with and without the features that tests ask for.
lint cargo build --workspace --locked --lib --bins --test '*'
at unit and behaviour tests, and beside them the pipelines, which mostly wait
pipelines >target/pipelines.log 2>&1 &
beside=($!)
further_pipelines >target/further-pipelines.log 2>&1 &
beside+=($!)
trap 'kill "${beside[@]}" 2>/dev/null || true; wait' EXIT
# Of the programs only those that have unit tests: the others would each be linked once more for nothing. All of the
# workspace in both commands: with a part of it the crates below would be built again, with other features.
units=()
for main in crates/*/*/src/main.rs; do
  crate=${main%/src/main.rs}
  ! grep -rqE '#\[(tokio::)?test\]' "$crate/src" ||
    units+=(--bin "$(sed -n 's/^name = "\(.*\)"/\1/p;T;q' "$crate/Cargo.toml")")
done
# They mostly wait, too: more at a time than there are CPUs.
export RUST_TEST_THREADS=$((2 * $(nproc)))
lint cargo test --workspace --locked --lib "${units[@]}" --test '*' 2>&1 | tee target/test.log
at generated files are what raw files and sources give
target/debug/bench-report report --check
at "the rest of the pipelines: target/*pipelines.log"
wait "${beside[0]}" || { cat target/pipelines.log && exit 1; }
wait "${beside[1]}" || { cat target/further-pipelines.log && exit 1; }
grep -h ' the pipeline, quick: ' target/{,further-}pipelines.log
at summary
grep '^test result:' target/test.log | grep -v ' 0 passed; 0 failed'
printf ' %s' "$times"
