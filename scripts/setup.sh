#!/usr/bin/env bash
# Installs what is missing here, and says what before it does. A second run installs nothing.
#
#   scripts/setup.sh [bench|test|mariadb|python]
#
# bench    GNU time, strace, and hyperfine in target/tools (the default)
# test     those and shellcheck
# mariadb  the MariaDB server, for DATABASE=mariadb and the tests
# python   Python's module venv, which Debian keeps apart from python3
#
# The package manager does it where root or passwordless sudo allows, else one line says what to run as root.
# Rust, a C compiler and make have to be there.
set -euo pipefail
cd "$(dirname "$0")/.."

HYPERFINE=1.20.0 # the newest that the compiler here builds: 1.21.0 needs Rust 1.97
export PATH="$PWD/target/tools/bin:$PATH:/usr/sbin:/usr/local/sbin:/usr/libexec"

have() { command -v "$1" >/dev/null; }
have_time() { [[ $(/usr/bin/time --version 2>&1) == *GNU* ]]; }
have_hyperfine() { [[ $(hyperfine --version 2>/dev/null) == "hyperfine $HYPERFINE" ]]; }

fail() {
  echo "setup: $1" >&2
  exit 2
}

# Package managers: how each installs, and what is not called alike everywhere.
shellcheck=shellcheck server=(mariadb-server) manager=() update=(true)
if have apt-get; then
  manager=(env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends)
  update=(apt-get update -qq)
elif have dnf; then
  manager=(dnf install -y -q) shellcheck=ShellCheck
elif have pacman; then
  manager=(pacman -S --noconfirm --needed) server=(mariadb)
elif have zypper; then
  manager=(zypper --non-interactive --quiet install) shellcheck=ShellCheck server=(mariadb)
elif have apk; then
  manager=(apk add --quiet) server=(mariadb setpriv)
fi

# Installs packages. Where it cannot, it fails, and one line says what to run and what follows from their absence.
install() {
  local without=$1 root=()
  shift
  [[ $(id -u) == 0 ]] || root=(sudo -n)
  if ((${#manager[@]} == 0)); then
    echo "setup: no package manager that is known here, install by hand: $*$without" >&2
    return 1
  elif "${root[@]}" true 2>/dev/null; then
    echo "setup: installing $*"
    "${root[@]}" "${update[@]}" >/dev/null 2>&1 || true # the lists at hand may do
    "${root[@]}" "${manager[@]}" "$@" >/dev/null && return
    echo "setup: that failed; try as root: ${manager[*]} $*$without" >&2
    return 1
  else
    echo "setup: run as root: ${manager[*]} $*$without" >&2
    return 1
  fi
}

install_tools() {
  local missing=() without=''
  if ! have cargo || ! have cc || ! have make; then
    fail "this needs Rust (https://rustup.rs), a C compiler and make; install the missing one"
  fi
  have_time || missing+=(time)
  have strace || missing+=(strace) without+="; without strace the counts of system calls are left out"
  if [[ $1 == test ]] && ! have shellcheck; then
    missing+=("$shellcheck") without+="; without shellcheck the scripts are not checked"
  fi
  ((${#missing[@]} == 0)) || install "$without" "${missing[@]}" || true
  have_time || fail "no GNU time at /usr/bin/time, which everything is measured with"
  have_hyperfine && return
  echo "setup: building hyperfine $HYPERFINE into target/tools (a minute)"
  # What it measures does not run in it: the quick build will do.
  CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 CARGO_PROFILE_RELEASE_OPT_LEVEL=1 \
    cargo install --quiet --locked --version "$HYPERFINE" --root target/tools hyperfine
}

install_server() {
  have mariadbd && have my_print_defaults && return
  # Debian and Ubuntu have the server without a service; older releases have the version in its name.
  if have apt-get; then
    server=("$(apt-cache search --names-only '^mariadb-server-core' | awk '{print $1}' | sort -V | tail -n 1)")
    [[ ${server[0]} ]] || server=(mariadb-server-core)
    server+=("${server[0]/server/client}") # has my_print_defaults, which mariadb-install-db calls
  fi
  install "" "${server[@]}" || exit 2
  have mariadbd || fail "there is no mariadbd in ${server[*]}"
}

case ${1-bench} in
  bench | test) install_tools "${1-bench}" ;;
  mariadb) install_server ;;
  python) ! have apt-get || install "" python3-venv ;;
  *) fail "usage: scripts/setup.sh [bench|test|mariadb|python]" ;;
esac
