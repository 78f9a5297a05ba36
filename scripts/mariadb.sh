#!/usr/bin/env bash
# A private MariaDB on loopback, in place of bench-lab's MySQL hosts. scripts/setup.sh mariadb installs the server.
#
#   scripts/mariadb.sh [--auth=PLUGIN] DIR [HOSTS] [--SERVER-OPTION…]
#
# Like bench-lab it writes DIR/db.urls (one mysql:// URL for each host, one per line), prints `ready`, and ends
# on SIGTERM or SIGINT, and when its standard input closes, if that is a pipe. Besides: DIR/admin.url, through which
# bench-observe reads the server's status, and DIR/pid. All data is new, and gone afterwards.
#
# PLUGIN checks the passwords, such as mysql_native_password or ed25519; by default
# the server's own choice. Further options go to the server as they are: --max-connections=10.
#
# Exit code: 0 when told to end, 1 when the server died, 2 when it cannot start.
set -euo pipefail
umask 077
PATH+=:/usr/sbin:/usr/local/sbin:/usr/libexec # where servers are, for users who are not root

fail() {
  echo "mariadb.sh: $1" >&2
  exit "${2:-2}"
}

have() { command -v "$1" >/dev/null; }

# Everything of the server's, which its user must reach: DIR/mariadb, or a folder elsewhere that it links to.
make_home() {
  home=$dir/mariadb
  mkdir "$home"
  [[ $(id -u) == 0 ]] || return 0
  # The server never is root.
  local user=nobody
  ! id mysql >/dev/null 2>&1 || user=mysql
  as_user+=("--reuid=$(id -u "$user")" "--regid=$(id -g "$user")" --clear-groups)
  chmod o+x "$dir"
  chown "$user:$(id -g "$user")" "$home"
  "${as_user[@]}" test -w "$home" && return
  rmdir "$home"
  home=$(mktemp -d "${TMPDIR:-/tmp}/mariadb-private.XXXXXX")
  ln -s "$home" "$dir/mariadb"
  chown "$user:$(id -g "$user")" "$home"
  "${as_user[@]}" test -w "$home" || fail "$user cannot write to $home: set TMPDIR to a folder where it can"
}

# Becomes a command of the server's user, whose output goes to the log.
run() { exec "${as_user[@]}" "$@" </dev/null >>"$log" 2>&1; }

died() {
  local line
  line=$(grep -o 'ERROR.*' "$log" | grep -v Aborting | tail -n 1) || true
  fail "$1${line:+: $line}" "$2"
}

# The system tables.
first_start() {
  local command=(mariadb-install-db)
  have "${command[0]}" || command=(mysql_install_db)
  command+=(--no-defaults "${common[@]}" --skip-test-db --skip-name-resolve)
  command+=(--auth-root-authentication-method=socket)
  (run "${command[@]}") || died "cannot make the system tables" 2
}

random() { od -An -N16 -tx1 /dev/urandom | tr -d ' \n'; }

# The SQL that makes our accounts. The passwords are on no command line.
accounts() {
  local by="by '$password'"
  [[ -z $auth ]] || by="via $auth using password('$password')"
  # Those that the first start made have no password.
  echo "delete from mysql.global_priv where user <> 'mariadb.sys';"
  echo "flush privileges;"
  echo "create user bench@'127.%' identified $by;"
  echo "grant select on bench.* to bench@'127.%';"
  echo "create user admin@'127.%' identified by '$admin_password';"
  echo "grant reload, process on *.* to admin@'127.%';"
  # Shows that it came so far: the server stops at the first error, and says nothing.
  echo "create database bench;"
}

# Writes standard input to a file in DIR: whoever sees it sees all of it.
write() {
  cat >"$dir/$1.new"
  mv "$dir/$1.new" "$dir/$1"
}

# Starts the server, and waits until it answers. Fails where the port was lost to somebody else.
listen() {
  while true; do
    port=$((10000 + RANDOM % 20000)) # below those that the kernel gives to clients
    grep -qs "$(printf ':%04X 0*:0000 0A' "$port")" /proc/net/tcp /proc/net/tcp6 || break
  done
  : >"$log"
  run mariadbd --no-defaults "${common[@]}" --init-file="$home/init.sql" \
    --socket=socket --pid-file="$home/pid" --port="$port" --bind-address="$(IFS=, && echo "${addresses[*]}")" \
    --skip-networking=0 --skip-name-resolve --max-connections="$((hosts > 1900 ? hosts + 100 : 2000))" \
    --back-log=4096 --max-connect-errors=1000000 ${options[@]+"${options[@]}"} &
  pid=$!
  echo "$pid" | write pid
  until grep -q 'ready for connections' "$log"; do
    if ! kill -0 "$pid" 2>/dev/null; then
      ! grep -qi 'address already in use' "$log" || return 1
      died "the server does not start" 2
    fi
    sleep 0.05
  done
}

# Makes everything, says so, and waits for the server's end.
serve() {
  local try i code=0
  dir=$1 hosts=$2 auth=$3 options=("${@:4}")
  as_user=("${mortal[@]}")
  make_home
  data=$home/data log=$home/log

  # A server that starts removes the temporary tables of others in a common tmpdir. Small files, never
  # synced: nobody stores anything. With io_uring for them a start takes up to a second longer.
  common=(--datadir="$data" --tmpdir="$home" --innodb-buffer-pool-size=16M --innodb-flush-log-at-trx-commit=0)
  common+=(--innodb-use-native-aio=0)
  common+=(--innodb-log-file-size=4M --innodb-temp-data-file-path=ibtmp1:2M:autoextend --debug-no-sync)
  [[ $auth != ed25519 && $auth != parsec ]] || options+=(--plugin-load-add="auth_$auth")
  first_start

  password=$(random) admin_password=$(random)
  accounts >"$home/init.sql"
  [[ $(id -u) != 0 ]] || chown --reference="$home" "$home/init.sql"
  # 127.0.1.1 … 127.0.1.250, 127.0.2.1 …, as bench-lab.
  addresses=()
  for ((i = 0; i < hosts; i++)); do addresses+=("127.0.$((i / 250 + 1)).$((i % 250 + 1))"); done
  ulimit -n "$(ulimit -Hn)"
  for try in {1..10}; do
    ! listen || break
    ((try < 10)) || fail "found no free port in $try tries"
  done
  [[ -d $data/bench ]] || died "the server does not make its accounts${auth:+ with the plugin $auth}" 2
  rm "$home/init.sql"
  printf "mysql://bench:$password@%s:$port/bench\n" "${addresses[@]}" | write db.urls
  echo "mysql://admin:$admin_password@${addresses[0]}:$port/" | write admin.url
  echo ready
  { wait "$pid" || code=$?; } 2>/dev/null # bash would report that it was killed, in its own way
  died "the server died with exit code $code" 1
}

# Away with what this or a killed start left.
clean() {
  local elsewhere
  elsewhere=$(readlink "$dir/mariadb") || true
  [[ $elsewhere != */mariadb-private.* ]] || rm -rf "$elsewhere"
  rm -rf "$dir"/{mariadb,db.urls,admin.url,pid}{,.new}
}

# Ends what runs at once: nothing of its data is worth saving.
# shellcheck disable=SC2317 # the trap runs it
stop() {
  trap '' HUP INT TERM
  kill "$reader" || true
  kill -KILL -- "-$serving" || true
  wait "$serving" || true
  # The lock is free once all are gone, those too that are no children of ours.
  exec 9<"$dir"
  ! flock -w 3 9 || clean
} 2>/dev/null

main() {
  local argument auth='' hosts=500 options=() code=0
  dir=''
  for argument; do
    case $argument in
      --auth=*) auth=${argument#*=} ;;
      --*) options+=("$argument") ;;
      *) if [[ -z $dir ]]; then dir=$argument; else hosts=$argument; fi ;;
    esac
  done
  [[ -n $dir ]] || fail "usage: scripts/mariadb.sh [--auth=PLUGIN] DIR [HOSTS] [--SERVER-OPTION…]"
  [[ $hosts =~ ^[1-9][0-9]{0,3}$ ]] || fail "HOSTS must be a number from 1 to 9999, not $hosts"
  [[ -z $auth || $auth =~ ^[a-z0-9_]+$ ]] || fail "--auth=$auth cannot be the name of a plugin"
  have mariadbd || fail "no MariaDB server here: scripts/setup.sh mariadb"
  "${mortal[@]}" true 2>/dev/null || fail "no setpriv --pdeathsig here: install util-linux"

  mkdir -p "$dir" || exit 2
  dir=$(cd "$dir" && pwd)
  # The server inherits the lock: it is free when nobody is left in there.
  exec 9<"$dir"
  flock -n 9 || fail "a server still runs in $dir: pid $(cat "$dir/pid" 2>/dev/null || echo unknown); end it first"
  clean

  # Another process does the work: bash 5.2 stumbles over a signal while it expands $(…), so this one only
  # waits. In a process group (set -m), which can be ended as a whole.
  set -m
  "${mortal[@]}" "$BASH" "$0" --serve "$dir" "$hosts" "$auth" ${options[@]+"${options[@]}"} </dev/null &
  serving=$!
  set +m
  exec 3<&0
  # Only a pipe: who reads a terminal in the background is stopped (SIGTTIN).
  if [[ -p /dev/fd/3 ]]; then
    "${mortal[@]}" cat <&3 >/dev/null 9<&- &
  else
    "${mortal[@]}" sleep infinity 3<&- 9<&- &
  fi
  reader=$!
  trap stop EXIT
  trap 'exit 0' INT TERM
  trap 'exit 129' HUP
  { wait -n "$serving" "$reader" || code=$?; } 2>/dev/null
  # The end of our input is a good end.
  ! kill -0 "$serving" 2>/dev/null || code=0
  exit "$code"
}

mortal=(setpriv --pdeathsig KILL) # what it runs dies with this script, whatever ends it
case ${1-} in
  --serve) serve "${@:2}" ;;
  *) main "$@" ;;
esac
