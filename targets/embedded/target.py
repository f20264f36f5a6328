"""SQLite and DuckDB as systems under test: one node, which is killed, paused, loses its power or its time."""

import json
import sys
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from splitbrain.harness.announce import Say
from splitbrain.harness.deployment import Deployment, Place, Process
from splitbrain.harness.node import Node
from splitbrain.harness.options import Option, Setting
from splitbrain.targets.embedded.client import ERRORS, EmbeddedClient, asked
from splitbrain.targets.forward import forwarded
from splitbrain.targets.servers.server import require
from splitbrain.targets.sql.client import SQL_OPERATIONS

PORT = 7400
LEVELS, ISOLATION = ("off", "normal", "full", "extra"), ("serializable", "read-uncommitted")
BEGINS = ("deferred", "immediate", "exclusive")


class Embedded:
    """A library with a server of ours around it; see `harness.target.Target`. The first node holds the file, others
    pass sessions on to it."""

    name: ClassVar[str]
    summary: ClassVar[str]
    options: ClassVar[Sequence[Option]]
    library: ClassVar[str] = ""
    default_workload = "list-append"
    one_copy = one_server = True
    port = PORT
    endpoints = ()
    operations = SQL_OPERATIONS
    errors = ERRORS
    checkpoint: Sequence[str] = ()
    """Statements that move what is in the journal to the file."""

    def __init__(self, settings: Mapping[str, Setting]) -> None:
        self.settings = settings

    @property
    def opening(self) -> Sequence[str]:
        """The statements that begin a transaction."""
        return ("BEGIN TRANSACTION",)

    @abstractmethod
    def engine(self) -> Mapping[str, Any]:
        """The settings of the engine, see `server`."""

    @property
    def deployments(self) -> Sequence[Deployment]:
        """One process a node."""
        return (Process(argv=self.command, ready=lambda place: asked(place.address, PORT), port=PORT),)

    def command(self, place: Place) -> Sequence[str]:
        """The command of a node."""
        own = (self.name, str(place.folder / "data.db"), place.address, str(PORT), json.dumps(self.engine()))
        return forwarded(place, PORT) or [sys.executable, "-m", f"{__package__}.server", *own]

    def provide(self, deployment: Deployment, say: Say) -> None:
        """See `harness.target.Provided`."""
        require(self.name, self.library)

    def notices(self) -> Sequence[str]:
        """See `harness.target.Provided`."""
        return ()

    def client(self, node: Node) -> EmbeddedClient:
        """A new client, not yet open."""
        return EmbeddedClient(node.address, self)

    async def roles(self, nodes: Sequence[Node]) -> Mapping[str, str]:
        """None: there is one node."""
        return {}


class SQLite(Embedded):
    """SQLite, Python's own."""

    name = "sqlite"
    checkpoint = ("PRAGMA wal_checkpoint(TRUNCATE)",)
    summary = "SQLite, a library: one node with a server of ours around it"
    options: ClassVar[Sequence[Option]] = (
        Option("journal", "wal", "journal_mode", ("wal", "delete")),
        Option("synchronous", "full", "when the journal is synced; with wal, normal only at checkpoints", LEVELS),
        Option("isolation", "serializable", "read-uncommitted: sessions share a cache, and see into it", ISOLATION),
        Option("begin", "deferred", "when a transaction takes its lock: at its first statement, or at once", BEGINS),
        Option("busy_seconds", 1.0, "how long a statement waits for a lock"),
    )

    @property
    def opening(self) -> Sequence[str]:
        return (f"BEGIN {self.settings['begin']}",)

    claims_source = (
        "sqlite.org/isolation.html: serializable, except with PRAGMA read_uncommitted; and with synchronous=FULL (in "
        "WAL mode) or EXTRA what was committed survives a power loss (pragma.html)"
    )

    @property
    def claims(self) -> Sequence[str]:
        """See `claims_source`."""
        if self.settings["isolation"] != "serializable":
            return ("read-uncommitted",)
        enough = ("full", "extra") if self.settings["journal"] == "wal" else ("extra",)
        return ("strict-serializable", "linearizable") if self.settings["synchronous"] in enough else ()

    def engine(self) -> Mapping[str, Any]:
        pragmas = [f"journal_mode={self.settings['journal']}", f"synchronous={self.settings['synchronous']}"]
        shared = self.settings["isolation"] == "read-uncommitted"
        if shared:
            pragmas.append("read_uncommitted=1")
        return {"pragmas": pragmas, "shared": shared, "busy_seconds": self.settings["busy_seconds"]}


class DuckDB(Embedded):
    """DuckDB, as its Python package brings it."""

    name = "duckdb"
    summary = "DuckDB, a library for analyses: one node with a server of ours around it"
    library = "duckdb"
    options: ClassVar[Sequence[Option]] = ()

    claims_source = "duckdb.org/docs/stable/sql/statements/transactions and connect/concurrency: snapshots, optimistic"

    @property
    def claims(self) -> Sequence[str]:
        """See `claims_source`."""
        return ("snapshot-isolation", "linearizable")

    def engine(self) -> Mapping[str, Any]:
        return {"config": {"threads": 1}}
