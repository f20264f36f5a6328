"""rqlite as a system under test: SQLite whose statements are replicated by Raft.

Operations, each on an object K (K None: a set): read, write, cas (old None: absent), add to a set, append to a list,
each of which is one SQL statement. A client speaks to its node alone, which passes changes on to the leader.
"""

from collections.abc import Mapping, Sequence
from contextlib import aclosing
from typing import Any

from splitbrain.harness.deployment import Place
from splitbrain.harness.node import Node
from splitbrain.harness.options import Option
from splitbrain.harness.verdict import Verdict
from splitbrain.targets.copies import unmoved
from splitbrain.targets.operations import shapes
from splitbrain.targets.packages import GoProgram
from splitbrain.targets.rqlite_errors import ERRORS
from splitbrain.targets.servers.access import PLAIN, Access
from splitbrain.targets.servers.agreement import same_data
from splitbrain.targets.servers.errors import ServerError
from splitbrain.targets.servers.http import HttpConnection, Json, translated
from splitbrain.targets.servers.server import Server, ServerProgram, server_options
from splitbrain.targets.servers.software import Software, says_version
from splitbrain.targets.servers.sources import OnPath
from splitbrain.targets.sql.client import SqlClient, SqlSession, contents

MODULE = "github.com/rqlite/rqlite/v8/cmd"
REPLACED = {
    "github.com/armon/go-metrics": "github.com/hashicorp/go-metrics v0.5.1",
    "github.com/mattn/go-sqlite3": "github.com/rqlite/go-sqlite3 v1.40.0",
}
told = says_version(r"rqlited v?(\d+\.\d+\.\d+)")
SOFTWARE = Software(
    name="rqlite",
    sources=(
        OnPath("rqlited", told),
        GoProgram(f"{MODULE}/rqlited", r"8\.43\.4", replaced=REPLACED, stamp=f"{MODULE}.Version", cgo=True),
    ),
    described="8.43.4, which Go and gcc build, or the release of the rqlited on the PATH",
    told=told,
    preferred=("8.43.4",),
    advice=lambda version: "install Go 1.24 or newer and gcc, or name a server with rqlite:binary=PATH",
)
HTTP_PORT, RAFT_PORT = 4001, 4002
AUDIT_SECONDS = 20.0
LEVELS = ("none", "weak", "linearizable", "strong")


class RqliteSession(SqlSession):
    """Statements over HTTP. rqlite keeps no session, so one that failed may be used on."""

    def __init__(self, address: str, level: str, access: Access = PLAIN) -> None:
        self.http = RqliteConnection(address, access)
        self.level = level

    async def rows(self, statement: str, *words: str) -> Sequence[Sequence[Any]]:
        found = await self.http.carried_out(f"/db/query?level={self.level}", statement, words)
        rows: Sequence[Sequence[Any]] = found.get("values", ())
        return rows

    async def change(self, statement: str, *words: str) -> int:
        return int((await self.http.carried_out("/db/execute", statement, words)).get("rows_affected", 0))

    @property
    def closed(self) -> bool:
        return self.http.http.is_closed

    def close(self) -> None:
        """Nothing: `RqliteClient.close` does it, which may wait."""


class RqliteConnection(HttpConnection):
    """Connections to one node."""

    port = HTTP_PORT

    async def carried_out(self, path: str, statement: str, words: Sequence[str]) -> Json:
        """The result of one statement. ServerError if the node or SQLite refuses it."""
        body = await self.post(path, [[statement.replace("$", "?"), *words]])
        if "error" in body:
            raise ServerError(str(body["error"]))
        result: Json = body["results"][0]
        if "error" in result:
            raise ServerError(str(result["error"]))
        return result

    async def status(self, path: str) -> int:
        """The status of the answer to a GET."""
        with translated():
            return (await self.http.get(path)).status_code


class RqliteClient(SqlClient):
    """One logical client."""

    async def open(self) -> None:
        """Ask whether the node is there; it answers so without a leader, too."""
        self.connection = session = RqliteSession(self.address, self.server.word("reads"), self.server.access)
        await session.http.status("/readyz")

    async def close(self) -> None:
        session, self.connection = self.connection, None
        if isinstance(session, RqliteSession):
            await session.http.aclose()


class Rqlite(Server):
    """rqlite with the given settings."""

    name, summary = "rqlite", "rqlite, SQLite replicated by Raft: real processes, containers, or a cluster"
    software, port, schemes, library = SOFTWARE, HTTP_PORT, ("http", "https"), "httpx2"
    operations, errors, client_class = shapes("read", "write", "cas", "add", "append"), ERRORS, RqliteClient
    options = server_options(
        SOFTWARE,
        Option("reads", "linearizable", "the read consistency: which nodes answer, and what they check first", LEVELS),
        Option("election_ms", 1000, "a follower that hears nothing for so long begins an election", least=100),
    )

    claims_source = (
        "rqlite.io/docs/api/read-consistency: `weak` has a window in which a leader that was deposed answers, `none` "
        "is answered by any node from what it has"
    )

    @property
    def claims(self) -> Sequence[str]:
        """See `claims_source`."""
        return ("linearizable", "CP") if self.word("reads") in ("linearizable", "strong") else ("convergence",)

    def command(self, place: Place, program: ServerProgram, version: str) -> Sequence[str]:
        election = f"{self.word('election_ms')}ms"
        return [
            program.path,
            *("-node-id", place.name),
            *("-http-addr", f"{place.address}:{HTTP_PORT}", "-raft-addr", f"{place.address}:{RAFT_PORT}"),
            *("-raft-timeout", election, "-raft-election-timeout", election),
            *("-bootstrap-expect", str(len(place.members))),
            *("-join", ",".join(f"{address}:{RAFT_PORT}" for address in place.members.values())),
            str(place.folder / "data"),
        ]

    async def ready(self, place: Place) -> bool:
        async with aclosing(RqliteConnection(place.address)) as connection:
            return await connection.status("/readyz") == 200

    async def role(self, node: Node) -> str:
        async with aclosing(RqliteConnection(node.address, self.access)) as connection:
            state: Mapping[str, Any] = (await connection.get("/status"))["store"]["raft"]
        return str(state["state"]).lower()

    async def audit(self, nodes: Sequence[Node]) -> Verdict:
        """Whether nodes hold the same rows at the same index, each asked for its own, which has carried out its log."""

        async def copy(node: Node) -> tuple[str, str]:
            session = RqliteSession(node.address, "none", self.access)
            async with aclosing(session.http):
                return await unmoved(lambda: _applied(session.http), lambda: contents(session))

        return await same_data("replicas", nodes, copy, AUDIT_SECONDS)


async def _applied(connection: RqliteConnection) -> str:
    """The index up to which a node has a log, and has carried it out. ServerError if it has not yet."""
    store = (await connection.get("/status"))["store"]
    raft: Mapping[str, Any] = store["raft"]
    if raft["applied_index"] != raft["last_log_index"] or raft["fsm_pending"]:
        raise ServerError(f"it has carried out {raft['applied_index']} of {raft['last_log_index']}")
    return f"{raft['last_log_term']}:{raft['last_log_index']}:{store['fsm_index']}"
