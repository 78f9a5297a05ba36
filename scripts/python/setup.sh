#!/usr/bin/env bash
# Makes target/python, the virtual environment that the Python programs run in, as requirements.txt says.
# A second run does nothing. The stamp is written last: without it, or with another one, all is made again.
set -euo pipefail
cd "$(dirname "$0")/../.."

REQUIREMENTS=scripts/python/requirements.txt
VENV=target/python
STAMP=$VENV/stamp

die() {
  echo "setup: $*" >&2
  exit 2
}

# What the environment is made from: the pins, and the Python that it runs.
made_from() { cat "$REQUIREMENTS" && "$VENV/bin/python" -V; }
ready() { [[ -f $STAMP ]] && [[ $(made_from 2>/dev/null | sha256sum) == "$(<"$STAMP")" ]]; }

ready && exit

# The first Python that runs and is new enough.
find_python() {
  for python in python3 python3.14 python3.13 python3.12 python3.11; do
    if "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      return
    fi
  done
  return 1
}

as_root() {
  if [[ $(id -u) == 0 ]]; then "$@"; else sudo -n "$@"; fi
}

has_venv() { "$python" -c 'import venv, ensurepip' 2>/dev/null; }

if ! find_python; then
  have=$(python3 -V 2>/dev/null) || have=none
  die "this needs Python 3.11 or newer, here is $have: install python3 with your package manager"
fi

mkdir -p target
exec 9>>target/python.lock
flock 9 # another setup may be at it
! ready || exit 0

if ! has_venv && command -v apt-get >/dev/null; then
  echo "setup: installing python3-venv" # which Debian keeps apart from python3
  { as_root apt-get update -qq && as_root apt-get install -y -qq --no-install-recommends python3-venv; } \
    >/dev/null 2>&1 || true
fi
has_venv || die "$python has no venv module: install python3-venv with your package manager"

echo "setup: installing the Python packages into $VENV (a minute)"
rm -rf "$VENV"
log=target/python.log
if ! { "$python" -m venv "$VENV" && "$VENV/bin/python" -m pip install -r "$REQUIREMENTS"; } >"$log" 2>&1; then
  die "no Python packages: $(grep -i error "$log" | tail -1). Is the package index within reach (PIP_INDEX_URL)? See $log"
fi
made_from | sha256sum >"$STAMP"
