#!/usr/bin/env bash
# Makes target/python, the virtual environment that the Python programs run in, as requirements.txt says, of the fastest
# interpreter here. target/python/facts.toml says which that is.
#
# A second run does nothing. The stamp is written last: without it, or with another one, all is made again.
set -euo pipefail
cd "$(dirname "$0")/../.."
PATH+=:/usr/local/bin:/usr/bin

REQUIREMENTS=scripts/python/requirements.txt
VENV=target/python
STAMP=$VENV/stamp

die() {
  echo "setup: $*" >&2
  exit 2
}

# The interpreters that run and are new enough, each once, by their real paths.
interpreters() {
  local name path
  for name in python3 python3.{11..19}; do type -aP "$name" || true; done | while read -r path; do
    "$path" -c 'import os, sys; sys.version_info < (3, 11) or print(os.path.realpath(sys.executable))' || true
  done 2>/dev/null | sort -u
}

# CPU time of a loop, in seconds.
calibrate() {
  "$1" -c 'import time
start, total = time.process_time(), 0
for i in range(2_000_000):
    total += i % 7
print(f"{time.process_time() - start:.3f}")'
}

# Interpreters, the fastest first, each after its best time of five; in turn, since a machine's speed drifts.
by_speed() {
  local path
  for _ in {1..5}; do
    for path in "${found[@]}"; do echo "$(calibrate "$path") $path"; done
  done | sort -n | awk '!seen[$2]++'
}

has_venv() { "$1" -c 'import venv, ensurepip' 2>/dev/null; }

version() { "$1" -c 'import platform; print(platform.python_version())'; }

# As TOML, without a path: what stands in the facts of the results.
facts() {
  local best others='' time path
  read -r best _ <<<"${speeds[0]}"
  for path in "${speeds[@]}"; do
    read -r time path <<<"$path"
    if [[ $path == "$python" ]]; then best=$time; else others+=", $(version "$path") $time s"; fi
  done
  echo "version = \"$(version "$python")\""
  "$python" - <<'PYTHON'
import platform, re, sysconfig
telling = r"--(?:enable-optimizations|enable-shared|with-lto[=a-z]*|disable-gil)"
options = re.findall(telling, sysconfig.get_config_var("CONFIG_ARGS") or "")
print(f'build = "{" ".join([platform.python_compiler(), *options])}"')
PYTHON
  echo "calibration = \"$best s for a loop${others:+; not taken:${others#,}}\""
}

# What the environment is made from: the pins, the Python that it runs, and those that it was chosen from.
made_from() { cat "$REQUIREMENTS" && "$VENV/bin/python" -V && printf '%s\n' "${found[@]}"; }
ready() { [[ -f $STAMP ]] && [[ $(made_from 2>/dev/null | sha256sum) == "$(<"$STAMP")" ]]; }

mapfile -t found < <(interpreters)
((${#found[@]})) ||
  die "this needs Python 3.11 or newer, here is $(python3 -V 2>/dev/null || echo none): install python3 with your package manager"
ready && exit

mkdir -p target
exec 9>>target/python.lock
flock 9 # another setup may be at it
! ready || exit 0

mapfile -t speeds < <(by_speed)
has_venv "${speeds[0]#* }" || scripts/setup.sh python || true
python=''
for line in "${speeds[@]}"; do
  ! has_venv "${line#* }" || { python=${line#* } && break; }
done
[[ $python ]] || die "$(version "${speeds[0]#* }") has no venv module: install python3-venv with your package manager"

echo "setup: installing the Python packages into $VENV, with Python $(version "$python") (a minute)"
rm -rf "$VENV"
log=target/python.log
if ! { "$python" -m venv "$VENV" && "$VENV/bin/python" -m pip install -r "$REQUIREMENTS"; } >"$log" 2>&1; then
  die "no Python packages: $(grep -i error "$log" | tail -1). Is the package index within reach (PIP_INDEX_URL)? See $log"
fi
facts >"$VENV/facts.toml"
made_from | sha256sum >"$STAMP"
