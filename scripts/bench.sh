#!/usr/bin/env bash
# Measures the workloads of bench.toml, all of a part or those named, and moves the results into place
# when they are complete: into results/<machine>, or with --quick into target/quick/results/<machine>.
#
#   scripts/bench.sh [--quick] [--part bench|scale|faults|network] [WORKLOAD…]
#
# PYTHON=1 adds the articles' own programs. With the workload db, DATABASE=mariadb has a MariaDB of our
# own answer in place of the lab, and DATABASE_URLS=file the hosts of that file.
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
part=bench
quick=''
options=() # of the plan
workloads=()
step='' lab='' # process groups that run now

die() {
  echo "bench: $1" >&2
  exit "${2:-1}"
}

while (($#)); do
  case $1 in
    --quick) quick=1 options+=(--quick) results=target/quick/results ;;
    --part) part=${2:-} && shift ;;
    -*) part='' ;;
    *) workloads+=("$1") ;;
  esac
  shift
done
[[ $part =~ ^(bench|scale|faults|network)$ ]] ||
  die "usage: scripts/bench.sh [--quick] [--part bench|scale|faults|network] [WORKLOAD…]" 2

if [[ -n ${DATABASE_URLS:-} || -n ${DATABASE:-} ]]; then
  [[ $part == bench && ${workloads[*]} == db ]] || die "DATABASE and DATABASE_URLS are for make bench-db" 2
  workloads=()
fi
if [[ -n ${DATABASE_URLS:-} ]]; then
  part=own
  [[ -f $DATABASE_URLS && -r $DATABASE_URLS ]] || die "DATABASE_URLS: no file $DATABASE_URLS to read" 2
  hosts=$(grep -c . "$DATABASE_URLS") || die "DATABASE_URLS: the file $DATABASE_URLS is empty" 2
  options+=(--size "$hosts")
elif [[ -n ${DATABASE:-} ]]; then
  [[ $DATABASE == mariadb ]] || die "DATABASE=$DATABASE: only mariadb is known" 2
  part=mariadb
fi
options+=(--part "$part")
[[ -z ${PYTHON:-} ]] || options+=(--python)

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

# Starts the lab, or a server in its place. It ends when its standard input does, which only this script holds open (as
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
  die "not ready after 20 s: $1"
}

stop_lab() {
  [[ -n $lab ]] || return 0
  local group=$lab
  lab=''
  exec 8>&-
  end "$group"
}

# A model that fails is a result of make scale: one line says why.
note_failure() {
  local lines
  lines=$(grep -c . "$ERRORS" || true)
  {
    printf 'failed: '
    # The program's own verdict, or what it says of its items.
    if ! sed -nE '0,/^error: /Is/^error: (.+)/\1/Ip' "$ERRORS" | grep .; then
      ((lines < 2)) || printf '%s lines like: ' "$lines"
      grep . "$ERRORS" | tail -n 1 || echo "exit code $2"
    fi
  } | tee "$NEW/raw/$1/status.txt"
  skipped+=" $1 "
}

fail() {
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
  # A dying lab fails the programs too: then it is the one to be named.
  ((code == 0)) || sleep 0.2
  if ((code == 0)); then
    cat "$ERRORS" >&2
  elif [[ $kind == try ]]; then
    note_failure "$path" "$code"
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
[[ -z ${PYTHON:-} ]] || run scripts/python/setup.sh
[[ $part != mariadb ]] || run scripts/mariadb.sh --install
run cargo build --release --locked --workspace
machine=${MACHINE:-$("$REPORT" machine --name)}
[[ $machine =~ ^[A-Za-z0-9][A-Za-z0-9._-]*$ ]] || die "MACHINE=$machine cannot be the name of a folder" 2
old=$results/$machine

rm -rf target/bench
mkdir -p "$NEW/raw"
if [[ $part == own ]]; then
  mkdir -p "$LAB"
  install -m 600 "$DATABASE_URLS" "$LAB/db.urls"
fi
run "$REPORT" plan "${options[@]}" --raw "$NEW/raw" --lab "$LAB" ${workloads[@]+"${workloads[@]}"} \
  >target/bench/plan.tsv
mapfile -t plan <target/bench/plan.tsv

case $part in
  scale | faults | network) measured=$part, ;; # its sizes, faults and networks are one measurement
  *) measured=$(cd "$NEW/raw" && printf '%s,' *) ;;
esac
previous=()
if [[ -z $quick && -e $old/machine.toml ]]; then
  previous=(--previous "$old/machine.toml")
  # What is not measured now stays.
  for folder in "$old"/raw/*; do
    name=${folder##*/}
    # Of a part that is measured anew, sizes and networks that are no longer asked go.
    [[ -e $NEW/raw/$name || ($name == "$part"-* && ${#workloads[@]} == 0) ]] || cp -r "$folder" "$NEW/raw/"
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
# Beside the old ones first: a disk that is full is full now, and renaming is all or nothing.
beside=$results/.$machine
rm -rf "$beside.new" "$beside.old"
trap 'stop_all; rm -rf "$beside.new"' EXIT
cp -r "$NEW" "$beside.new" || die "cannot write to $results (is the disk full?); the results are as they were"
trap '' HUP INT TERM # nothing may come between from here on: it takes milliseconds
[[ ! -e $old ]] || mv "$old" "$beside.old"
mv "$beside.new" "$old"
rm -rf "$beside.old"
if [[ -z $quick ]]; then
  run "$REPORT" index results
  run "$REPORT" readme README.md "$old"
fi
echo "$old/README.md"
