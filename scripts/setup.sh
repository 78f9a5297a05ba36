#!/usr/bin/env bash
# Installs what the bench needs and the machine lacks. A second run installs nothing.
# Needs Rust, a C compiler and make. hyperfine goes into target/tools; the package manager brings
# GNU time, strace and shellcheck where root or passwordless sudo allows.
set -euo pipefail
cd "$(dirname "$0")/.."

HYPERFINE=1.20.0 # 2.x needs a newer compiler, older ones lack options
export PATH="$PWD/target/tools/bin:$PATH"

have_hyperfine() { [[ $(hyperfine --version 2>/dev/null) == "hyperfine $HYPERFINE" ]]; }
have_time() { [[ $(/usr/bin/time --version 2>&1) == *GNU* ]]; }
have() { command -v "$1" >/dev/null; }

# The missing ones of the three tools, as package names: alike in all five package managers but for ShellCheck.
missing() {
  have_time || echo time
  have strace || echo strace
  have shellcheck || if have dnf || have zypper; then echo ShellCheck; else echo shellcheck; fi
}

as_root() {
  if [[ $(id -u) == 0 ]]; then "$@"; else sudo -n "$@"; fi
}

install_packages() {
  [[ $(id -u) == 0 ]] || sudo -n true 2>/dev/null || return 1
  if have apt-get; then
    as_root apt-get update -qq || echo "setup: apt-get update failed, trying with the package lists at hand" >&2
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@"
  elif have dnf; then
    as_root dnf install -y -q "$@"
  elif have pacman; then
    as_root pacman -S --noconfirm --needed "$@"
  elif have zypper; then
    as_root zypper --non-interactive --quiet install "$@"
  elif have apk; then
    as_root apk add --quiet "$@"
  else
    return 1
  fi
}

if ! have cargo || ! have cc || ! have make; then
  echo "setup: this needs Rust (https://rustup.rs), a C compiler and make; install the missing one" >&2
  exit 2
fi

mapfile -t packages < <(missing)
if ((${#packages[@]})); then
  echo "setup: installing ${packages[*]}"
  install_packages "${packages[@]}" >/dev/null ||
    echo "setup: could not install ${packages[*]}: install by hand with your package manager" >&2
fi
have strace || echo "setup: no strace: the bench leaves out the counts of system calls" >&2
have shellcheck || echo "setup: no shellcheck: needed by make test only" >&2
if ! have_time; then
  echo "setup: no GNU time at /usr/bin/time: install the package time" >&2
  exit 2
fi

if ! have_hyperfine; then
  echo "setup: building hyperfine $HYPERFINE into target/tools (a minute or two)"
  cargo install --quiet --locked --version "$HYPERFINE" --root target/tools hyperfine
fi
