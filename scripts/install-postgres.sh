#!/usr/bin/env bash
# Starts a throw-away PostgreSQL for the tests, on a free port of the loopback, with a password of its own. Installs it from
# Debian's packages if the machine has none (which takes root). Does nothing if it runs already. Needs no systemd.
#
#   scripts/install-postgres.sh [start|stop|status] [folder]      default: start var/postgres
#
# `start` prints the URL and writes it to <folder>/url, for TALKWIRE_TEST_POSTGRES.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
action=${1:-start}
folder=$(realpath -m "${2:-$root/var/postgres}")
data=$folder/data

# The newest that is there.
find_programs() {
  find /usr/lib/postgresql -mindepth 3 -maxdepth 3 -path '*/bin/initdb' 2>/dev/null | sort -V | tail -n 1 | xargs -r dirname
}

install_packages() {
  if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
    echo "There is no PostgreSQL in /usr/lib/postgresql, and only root on Debian can install it from here." >&2
    exit 1
  fi
  # The package would make a cluster of its own and start it.
  mkdir -p /etc/postgresql-common
  [ -e /etc/postgresql-common/createcluster.conf ] || echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.conf
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq >&2
  apt-get install -y -qq --no-install-recommends postgresql-15 >&2 || apt-get install -y -qq --no-install-recommends postgresql >&2
}

# PostgreSQL refuses to run as root.
unprivileged() {
  if [ "$(id -u)" -ne 0 ]; then "$@"; else runuser -u "$owner" -- "$@"; fi
}

is_running() {
  [ -n "$programs" ] && [ -s "$folder/url" ] && "$programs/psql" "$(cat "$folder/url")" -qtc 'select 1' >/dev/null 2>&1
}

free_port() {
  node -e 'const s = require("node:net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close(); })'
}

# A folder that the owner reaches: a checkout in a home directory may be closed to him.
make_folder() {
  mkdir -p "$folder"
  if [ "$(id -u)" -eq 0 ]; then chown "$owner" "$folder"; fi
  chmod 700 "$folder"
  if ! (cd / && unprivileged test -w "$folder"); then
    data=/tmp/talkwire-postgres-$(printf '%s' "$folder" | cksum | cut -d ' ' -f 1)/data
    mkdir -p "$(dirname "$data")"
    if [ "$(id -u)" -eq 0 ]; then chown "$owner" "$(dirname "$data")"; fi
    chmod 700 "$(dirname "$data")"
  fi
}

start() {
  if is_running; then
    cat "$folder/url"
    return
  fi
  if [ -z "$programs" ]; then
    install_packages
    programs=$(find_programs)
  fi
  make_folder
  cd /
  # What an earlier run left may be of another version, or half made.
  unprivileged "$programs/pg_ctl" -D "$data" stop -s -m immediate >/dev/null 2>&1 || true
  rm -rf "$data"
  local password port secret
  secret=$(dirname "$data")/password
  password=$(od -An -N 16 -tx1 /dev/urandom | tr -d ' \n')
  port=$(free_port)
  (umask 077 && echo "$password" | unprivileged tee "$secret" >/dev/null)
  unprivileged "$programs/initdb" -D "$data" -U talkwire -A scram-sha-256 --pwfile="$secret" \
    -E UTF8 --locale=C.UTF-8 >/dev/null
  rm "$secret"
  # Nothing here must outlive a loss of power, and every test has a database of its own to make and drop.
  unprivileged "$programs/pg_ctl" -D "$data" start -s -w -t 60 -l "$data/server.log" </dev/null -o \
    "-c listen_addresses=127.0.0.1 -c port=$port -c unix_socket_directories= -c fsync=off -c full_page_writes=off"
  (umask 077 && echo "postgres://talkwire:$password@127.0.0.1:$port/postgres" >"$folder/url")
  cat "$folder/url"
}

stop() {
  [ -n "$programs" ] && [ -e "$folder" ] || return 0
  make_folder
  cd /
  unprivileged "$programs/pg_ctl" -D "$data" stop -s -m fast || true
  rm -rf "$data" "$folder/url"
}

owner=$(id -un postgres 2>/dev/null || echo nobody)
programs=$(find_programs)
case $action in
  start) start ;;
  stop) stop ;;
  status) is_running ;;
  *) echo "start, stop or status" >&2; exit 2 ;;
esac
