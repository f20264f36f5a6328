"""Galera as a system under test: MariaDB servers that agree on the order of write sets, each of which takes writes.

Operations: those of `sql.client`, on the node of the client.
"""

from collections.abc import Mapping, Sequence
from contextlib import closing

from splitbrain.harness.deployment import Place
from splitbrain.harness.node import Node
from splitbrain.harness.operation import ErrorKind
from splitbrain.harness.options import Option
from splitbrain.harness.verdict import Verdict
from splitbrain.targets.copies import unmoved
from splitbrain.targets.mariadb import MariaDB
from splitbrain.targets.mariadb.client import MariaDBClient, MariaDBSession
from splitbrain.targets.mariadb.errors import ROWS
from splitbrain.targets.packages import DebianTree
from splitbrain.targets.servers.agreement import same_data
from splitbrain.targets.servers.errors import ServerError, code, table
from splitbrain.targets.servers.server import ServerProgram, server_options
from splitbrain.targets.servers.software import Software, says_version
from splitbrain.targets.sql.client import contents

PACKAGES = ("mariadb-server-core", "mariadb-server", "mariadb-client-core", "galera-4", "rsync", "libpopt0")
PROGRAM = "usr/sbin/mariadbd"
NEEDED = (
    "awk basename bash cat chmod chown cp cut date dirname env expr find grep head hostname id kill ls "
    "mkdir mktemp mv nproc ps rm sed setpriv sh sleep sort ss sync tail timeout touch tr uname unshare wc "
    "which xargs"
)
TOOLS = NEEDED.split()
"""Programs that a node's script and those that copy a state call."""
tells = says_version(r"Ver (\d+\.\d+\.\d+)-MariaDB")
SOFTWARE = Software(
    name="Galera",
    sources=(DebianTree(PACKAGES, version="10.11.19"),),
    described="10.11.19, that of Debian 12's mariadb-server",
    told=lambda tree: tells(tree / PROGRAM),
    preferred=("10.11.19",),
    advice=lambda version: "run it on Debian 12 with apt-get, which fetches its packages and installs none",
)
NODE = """set -eu
cd "${0%/*}"
tree=$1 first=$2
shift 2
export TMPDIR="$PWD" PATH="$tree/usr/bin:$tree/usr/sbin:$PATH"
export LD_LIBRARY_PATH="$tree/usr/lib/x86_64-linux-gnu"
program="$tree/usr/sbin/mariadbd"
# A whole state comes by rsync, whose daemon becomes nobody if it is root: so here it is not.
aside="unshare --user --map-user=1000 --map-group=1000"
if [ "$(id -u)" != 0 ]; then
  aside=""
elif ! $aside true 2>/dev/null; then  # in a container
  aside="setpriv --reuid=65534 --regid=65534 --clear-groups"
fi
common="--no-defaults --user=root --innodb-log-file-size=16M --basedir=$tree/usr"
common="$common --plugin-dir=$tree/usr/lib/mysql/plugin --lc-messages-dir=$tree/usr/share/mysql"
if [ ! -d data/mysql ]; then
  rm -rf data new
  mkdir new
  printf "CREATE DATABASE mysql;\\nCREATE DATABASE splitbrain;\\n" |
    "$program" $common --datadir="$PWD/new" --bootstrap
  mv new data
  sync . data
  if [ "$first" = first ]; then set -- --wsrep-new-cluster "$@"; fi
else
  # What mariadbd-safe does: where a node that was killed stands is asked of InnoDB.
  position=$("$program" $common --datadir="$PWD/data" --log-error= --wsrep-recover "$@" 2>&1 |
    sed -n 's/.*Recovered position: *//p' | tail -n 1)
  if [ -n "$position" ]; then set -- --wsrep-start-position="$position" "$@"; fi
fi
case "$aside" in setpriv*) chown -R 65534:65534 . ;; esac
exec $aside "$program" $common --datadir="$PWD/data" "$@"
"""
PROVIDER = (
    "gcache.size=64M;evs.keepalive_period=PT0.5S;evs.suspect_timeout=PT2S;evs.inactive_timeout=PT8S;"
    "evs.install_timeout=PT7S;pc.wait_prim_timeout=PT2M"
)
"""A node that is silent for two seconds is suspected. Nodes that meet have seven to agree on who they are: with two, as
it is by default where all else is this short, three that start at once on a busy machine part again and again. And who
finds no majority goes on looking, as long as we wait for it."""
POSITION = (
    "SHOW STATUS WHERE Variable_name IN ('wsrep_local_state_comment', 'wsrep_cluster_state_uuid', "
    "'wsrep_last_committed', 'wsrep_local_recv_queue')"
)
WAITS = "0", "1", "7"
WAIT_ALL = "7"
"""Bits of wsrep_sync_wait: 1 SELECT and BEGIN, 2 UPDATE and DELETE, 4 INSERT and REPLACE. What does not wait is
carried out on what the node has: a write of the value that is there already changes nothing, so nothing is certified,
and it is acknowledged."""
AUDIT_SECONDS = 60.0
ERRORS = table(
    # mariadb.com/kb/en/galera-cluster-system-variables, wsrep_on: a node without a quorum refuses a statement before it
    # begins.
    code(1047, ErrorKind.UNAVAILABLE, definite=True),
    # wsrep-lib, transaction.cpp: a deadlock is also told of a write set that was sent when the connection to the others
    # was lost meanwhile, and others may commit it. Before COMMIT nothing is sent: `SqlClient` knows that.
    code(1213, ErrorKind.CONFLICT),
    *ROWS,
)


class GaleraClient(MariaDBClient):
    """One logical client."""

    async def open(self) -> None:
        await super().open()
        await self.session.change(f"SET SESSION wsrep_sync_wait = {self.server.word('sync_wait')}")


class Galera(MariaDB):
    """MariaDB with Galera and the given settings."""

    name, summary = "galera", "Galera, MariaDB on several nodes: real processes, containers, or a cluster"
    software = SOFTWARE
    errors, client_class, folder, tools = ERRORS, GaleraClient, True, TOOLS
    one_copy = one_server = False
    recovery_seconds = 10.0
    options = server_options(
        SOFTWARE,
        *(option for option in MariaDB.options if option.name in ("isolation", "snapshot", "flush")),
        Option("sync_wait", "0", "wsrep_sync_wait: 1 waits before a read for what was committed, 7 always", WAITS),
    )

    claims_source = (
        "mariadb.com/kb/en/about-galera-replication: virtually synchronous, no transaction is lost; a node may answer "
        "before it has carried out what another one committed, unless wsrep_sync_wait says so of this kind of "
        "statement. Between nodes "
        'repeatable read is the most: galeracluster.com/library/documentation/isolation-levels.html, "SERIALIZABLE '
        'isolation level is honored only between transactions issued on the same node"'
    )

    @property
    def claims(self) -> Sequence[str]:
        """See `claims_source`."""
        level, *more = super().claims or ("",)
        if not level:
            return ()
        level = "repeatable-read" if level == "serializable" else level
        return (level, *more, "CP") if more and self.word("sync_wait") == WAIT_ALL else (level,)

    def files(self, place: Place) -> Mapping[str, str | bytes]:
        return {"node.sh": NODE}

    def command(self, place: Place, program: ServerProgram, version: str) -> Sequence[str]:
        words = {
            "bind-address": place.address,
            "port": self.port,
            "socket": place.folder / "socket",
            "pid-file": place.folder / "pid",
            "binlog-format": "ROW",
            "innodb-autoinc-lock-mode": 2,
            "innodb-buffer-pool-size": "32M",
            "innodb-flush-log-at-trx-commit": self.word("flush"),
            "innodb-lock-wait-timeout": 2,
            "wsrep-on": "ON",
            "wsrep-provider": f"{program.path}/usr/lib/galera/libgalera_smm.so",
            "wsrep-provider-options": PROVIDER,
            "wsrep-cluster-address": f"gcomm://{','.join(place.members.values())}",
            "wsrep-cluster-name": "splitbrain",
            "wsrep-node-address": place.address,
            "wsrep-node-name": place.name,
            "wsrep-sst-method": "rsync",
            **({"innodb-snapshot-isolation": "ON"} if self.settings["snapshot"] else {}),
        }
        options = (
            "--skip-grant-tables",
            "--skip-name-resolve",
            *(f"--{name}={value}" for name, value in words.items()),
        )
        first = "first" if place.number == 0 else "later"
        return ["sh", str(place.folder / "node.sh"), program.path, first, *options]

    async def ready(self, place: Place) -> bool:
        return await self._state(place.address) == "Synced"

    async def role(self, node: Node) -> str | None:
        """None: all take writes."""
        return None

    async def audit(self, nodes: Sequence[Node]) -> Verdict:
        """Whether nodes hold the same rows, once each has carried out the same write sets."""

        async def copy(node: Node) -> tuple[str, str]:
            with closing(await MariaDBSession.connect(node.address, self.port, self.access)) as session:
                await session.change("SET SESSION wsrep_sync_wait = 1")
                return await unmoved(lambda: _position(session), lambda: contents(session))

        return await same_data("replicas", nodes, copy, AUDIT_SECONDS)

    async def _state(self, address: str) -> str:
        with closing(await MariaDBSession.connect(address, self.port)) as session:
            rows = await session.rows("SHOW STATUS LIKE 'wsrep_local_state_comment'")
        return str(rows[0][1]) if rows else ""


async def _position(session: MariaDBSession) -> str:
    """The number of the last write set that a node has carried out. ServerError if it is not in step."""
    told = {str(name): str(value) for name, value in await session.rows(POSITION)}
    if told.get("wsrep_local_state_comment") != "Synced" or told.get("wsrep_local_recv_queue") != "0":
        raise ServerError(f"it is {told.get('wsrep_local_state_comment', 'no member')}, and has not all that came")
    return f"{told['wsrep_cluster_state_uuid']}:{told['wsrep_last_committed']}"
