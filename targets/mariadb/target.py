"""MariaDB as a system under test: one server with InnoDB; further nodes pass connections on to it."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from splitbrain.harness.deployment import Place
from splitbrain.harness.options import Option
from splitbrain.targets.forward import forwarded
from splitbrain.targets.mariadb.client import MariaDBClient, MariaDBSession
from splitbrain.targets.mariadb.errors import ERRORS
from splitbrain.targets.servers.server import Server, ServerProgram, server_options
from splitbrain.targets.servers.software import Software, says_version
from splitbrain.targets.servers.sources import OnPath
from splitbrain.targets.sql.client import SQL_OPERATIONS

told = says_version(r"Ver (\d+\.\d+\.\d+)-MariaDB")
SOFTWARE = Software(
    name="MariaDB",
    sources=(OnPath("mariadbd", told),),
    described="that of the mariadbd on the PATH, such as 10.11.19",
    told=told,
    preferred=("10.11.19",),
    advice=lambda version: "apt install mariadb-server-core, or name a server with mariadb:binary=PATH",
)
NODE = """set -eu
program=$1 common="--no-defaults --user=root --innodb-log-file-size=16M"
export TMPDIR="$PWD"
shift
if [ ! -d data/mysql ]; then
  rm -rf data new
  mkdir new
  printf "CREATE DATABASE mysql;\\nCREATE DATABASE splitbrain;\\n" |
    "$program" $common --datadir="$PWD/new" --bootstrap
  mv new data
  sync . data
fi
exec "$program" $common --datadir="$PWD/data" "$@"
"""


class MariaDB(Server):
    """MariaDB with the given settings."""

    name, summary = "mariadb", "MariaDB with InnoDB: one real process, container, or a server that exists"
    software, port, schemes, library = SOFTWARE, 3306, ("mysql", "mysqls"), "aiomysql"
    tools: ClassVar[Sequence[str]] = ("sh", "mkdir", "mv", "rm", "sync")
    operations, errors, client_class = SQL_OPERATIONS, ERRORS, MariaDBClient
    default_workload, ready_seconds = "list-append", 60.0
    one_copy = one_server = True
    options = server_options(
        SOFTWARE,
        Option(
            "isolation",
            "repeatable-read",
            "of transactions",
            ("read-uncommitted", "read-committed", "repeatable-read", "serializable"),
        ),
        Option("snapshot", False, "innodb_snapshot_isolation: a change of what changed since it was read is refused"),
        Option("flush", "1", "innodb_flush_log_at_trx_commit: 1 syncs before it answers", ("0", "1", "2")),
    )

    claims_source = "mariadb.com/kb/en/set-transaction and innodb-system-variables: each level by its name there"

    @property
    def claims(self) -> Sequence[str]:
        """See `claims_source`."""
        if self.word("flush") != "1":
            return ()
        snapshot = self.settings["snapshot"] and self.word("isolation") == "repeatable-read"
        level = "snapshot-isolation" if snapshot else self.word("isolation")
        return (level,) if level == "read-uncommitted" else (level, "linearizable")

    def files(self, place: Place) -> Mapping[str, str | bytes]:
        return {"node.sh": NODE}

    def command(self, place: Place, program: ServerProgram, version: str) -> Sequence[str]:
        words = {
            "bind-address": place.address,
            "port": self.port,
            "socket": "",
            "pid-file": place.folder / "pid",
            "innodb-buffer-pool-size": "32M",
            "innodb-flush-log-at-trx-commit": self.word("flush"),
            "innodb-lock-wait-timeout": 2,
            **({"innodb-snapshot-isolation": "ON"} if self.settings["snapshot"] else {}),
        }
        options = (
            "--skip-grant-tables",
            "--skip-name-resolve",
            *(f"--{name}={value}" for name, value in words.items()),
        )
        own = ["sh", str(place.folder / "node.sh"), program.path, *options]
        return forwarded(place, self.port) or own

    async def ready(self, place: Place) -> bool:
        (await MariaDBSession.connect(place.address, self.port)).close()
        return True
