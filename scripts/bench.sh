#!/usr/bin/env bash
# Measures the workloads of bench.toml, all or those named, and moves the results into place when
# they are complete: into results/<machine>, or with --quick into target/quick/results/<machine>.
#
#   scripts/bench.sh [--quick] [WORKLOAD…]
#
# MACHINE=name overrides the name of the folder. Whatever ends this script early (Ctrl-C, a failing
# program, a dying lab), the results stay as they were, and no process stays behind.
set -euo pipefail
cd "$(dirname "$0")/.."

LAB=target/bench/lab      # what the lab writes
NEW=target/bench/new      # the results under construction
LAB_INPUT=target/bench/lab.stdin
LAB_OUTPUT=target/bench/lab.stdout
ERRORS=target/bench/stderr.txt
REPORT=target/release/bench-report
export RUST_BACKTRACE=0 CARGO_TARGET_DIR=target PATH="$PWD/target/tools/bin:$PATH"

results=results
options=()
workloads=()
step='' lab='' # process groups that run now

for argument; do
  case $argument in
    --quick) options=(--quick) results=target/quick/results ;;
    -*) echo "usage: scripts/bench.sh [--quick] [WORKLOAD…]" >&2 && exit 2 ;;
    *) workloads+=("$argument") ;;
  esac
done

die() {
  echo "bench: $1" >&2
  exit "${2:-1}"
}

# Ends process groups: asks them to, and kills what is left after 0.8 s, so that all is over in 2 s.
end() {
  local group
  for group; do kill -TERM -- "-$group" || true; done
  for _ in {1..16}; do
    for group; do
      if kill -0 -- "-$group"; then sleep 0.05 && continue 2; fi
    done
    return
  done
  for group; do kill -KILL -- "-$group" || true; done
} 2>/dev/null

stop_all() {
  trap '' HUP INT TERM USR1
  local groups=(${step:+"$step"} ${lab:+"$lab"})
  step='' lab=''
  ((${#groups[@]} == 0)) || end "${groups[@]}"
}

stopped() {
  echo >&2
  die "stopped; the results are as they were" "$1"
}

lab_died() {
  # The lab also ends when it is told to.
  [[ -z $lab ]] || die "the lab died (see above); the results are as they were"
}

trap stop_all EXIT
trap 'stopped 129' HUP
trap 'stopped 130' INT
trap 'stopped 143' TERM
trap lab_died USR1

# Runs a command to its end, in a process group of its own (set -m), which can be ended as a whole.
# In the background, since bash answers signals only while it waits. Without the lab's input
# and the lock, which a process that is left behind would hold.
run() {
  local code
  set -m
  "$@" </dev/null 8>&- 9>&- &
  step=$!
  set +m
  while true; do
    code=0
    wait "$step" || code=$?
    # A signal ends the waiting too.
    kill -0 "$step" 2>/dev/null || break
  done
  step=''
  return "$code"
}

# Starts the lab. It ends when its standard input does, which only this script holds open (as
# descriptor 8); should it end before, it is told at once.
start_lab() {
  stop_lab
  rm -f "$LAB_INPUT" "$LAB_OUTPUT"
  mkfifo "$LAB_INPUT"
  set -m
  {
    trap : TERM # outlives the lab, or nobody may be there to reap it
    bash -c "exec $1" 9>&- <"$LAB_INPUT" >"$LAB_OUTPUT" || true
    kill -USR1 $$
  } 9>&- &
  lab=$!
  set +m
  exec 8>"$LAB_INPUT"
  for _ in {1..200}; do
    if grep -qsx ready "$LAB_OUTPUT"; then return; fi
    sleep 0.1
  done
  die "the lab does not get ready: $1"
}

stop_lab() {
  [[ -n $lab ]] || return 0
  local group=$lab
  lab=''
  exec 8>&-
  end "$group"
}

fail() {
  # A dying lab fails the programs too: then it is the one to be named.
  sleep 0.2
  {
    echo "bench: failed with exit code $3: $1"
    echo "  $2"
    sed 's/^/  /' "$ERRORS"
    [[ $2 != hyperfine* ]] || echo "  hyperfine hides what the program says: add --show-output"
    echo "The results are as they were."
  } >&2
  exit 1
}

# One line of the plan.
follow() {
  local kind=$1 path=$2 label=$3 command=$4 code=0
  [[ $skipped != *" $path "* ]] || return 0
  echo "$label"
  [[ $kind != say ]] || return 0
  echo "  $command"
  if [[ $kind == lab ]]; then
    start_lab "$command"
    return
  fi
  # Redirected in there: here it would take our own messages along.
  run bash -c "exec 2>$ERRORS; $command" || code=$?
  if ((code == 0)); then
    cat "$ERRORS" >&2
  elif [[ $kind == probe ]]; then
    echo "skipped: $(grep . "$ERRORS" | tail -n 1)" | tee "$NEW/raw/$path/status.txt"
    skipped+=" $path "
  else
    fail "$label" "$command" "$code"
  fi
}

mkdir -p target
exec 9>>target/bench.lock
flock -n 9 || die "another bench runs in this folder: wait for it, or stop it" 2

run scripts/setup.sh
run cargo build --release --locked --workspace
machine=${MACHINE:-$("$REPORT" machine --name)}
[[ $machine =~ ^[A-Za-z0-9][A-Za-z0-9._-]*$ ]] || die "MACHINE=$machine cannot be the name of a folder" 2
old=$results/$machine

rm -rf target/bench
mkdir -p "$NEW/raw"
run "$REPORT" plan ${options[@]+"${options[@]}"} --raw "$NEW/raw" --lab "$LAB" ${workloads[@]+"${workloads[@]}"} \
  >target/bench/plan.tsv
mapfile -t plan <target/bench/plan.tsv

measured=$(cd "$NEW/raw" && printf '%s,' *)
previous=()
if ((${#options[@]} == 0)) && [[ -e $old/machine.toml ]]; then
  previous=(--previous "$old/machine.toml")
  # What is not measured now stays.
  for folder in "$old"/raw/*; do
    [[ -e $NEW/raw/${folder##*/} ]] || cp -r "$folder" "$NEW/raw/"
  done
fi
run "$REPORT" machine --out "$NEW/machine.toml" --measured "${measured%,}" ${previous[@]+"${previous[@]}"}

skipped=''
for line in "${plan[@]}"; do
  IFS=$'\t' read -r kind path label command <<<"$line"
  follow "$kind" "$path" "$label" "$command"
done
stop_lab

run "$REPORT" report "$NEW" >/dev/null
mkdir -p "$results"
trap '' HUP INT TERM # nothing may come between from here on: it takes milliseconds
[[ ! -e $old ]] || mv "$old" target/bench/old
mv "$NEW" "$old"
if ((${#options[@]} == 0)); then
  run "$REPORT" index results
  run "$REPORT" readme README.md "$old"
fi
echo "$old/README.md"
