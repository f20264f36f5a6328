"""dqlite as a system under test: SQLite as a library, whose log Raft replicates, in a program of ours around it.

Operations, each on an object K (K None: a set): read, write, cas (old None: absent), add to a set, append to a list,
each of which is one SQL statement. A client speaks HTTP to its node alone, which carries statements out at the leader.
"""

import shutil
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from splitbrain.harness.announce import Say
from splitbrain.harness.deployment import Place
from splitbrain.targets.commands import carry_out
from splitbrain.targets.dqlite_errors import ERRORS
from splitbrain.targets.operations import shapes
from splitbrain.targets.packages import DebianTree, get_module
from splitbrain.targets.servers.access import PLAIN, Access
from splitbrain.targets.servers.errors import ServerError
from splitbrain.targets.servers.http import HttpConnection
from splitbrain.targets.servers.server import Server, ServerProgram, server_options
from splitbrain.targets.servers.software import Software
from splitbrain.targets.sql.client import SqlClient, SqlSession

VERSION, DRIVER = "1.11.1", "github.com/canonical/go-dqlite@v1.11.5"
LIBRARIES = ("libdqlite0", "libdqlite-dev", "libraft2", "libraft-dev", "libsqlite3-0", "libsqlite3-dev")
ALSO = ("libuv1", "libuv1-dev", "liblz4-1")
SOURCE = Path(__file__).with_name("dqlite_node.go")
LINKED, NODE = "usr/lib/x86_64-linux-gnu", "bin/dqlite-node"
PORT, RAFT_PORT = 8001, 9001


@dataclass(frozen=True)
class DqliteBuild(DebianTree):
    """Debian's libraries, and the program that Go and gcc build around them."""

    tools = (*DebianTree.tools, "go", "gcc")

    def fetch(self, name: str, version: str, folder: Path, say: Say) -> Path:
        tree = super().fetch(name, version, folder, say)
        say(f"building {name} {version} with Go, once; it takes about a minute")
        (tree / NODE).parent.mkdir()
        shutil.copy(SOURCE, folder / "main.go")
        (folder / "go.mod").write_text("module splitbrain.invalid/server\n\ngo 1.21\n")
        get_module(DRIVER, folder)
        carry_out(
            ["go", "build", "-trimpath", "-ldflags", "-s -w", "-tags", "libsqlite3", "-o", str(tree / NODE), "."],
            folder,
            **{"GOFLAGS": "-mod=mod", "CGO_ENABLED": "1", "CGO_CFLAGS": f"-I{tree}/usr/include"},
            **{"CGO_LDFLAGS": f"-L{tree}/{LINKED} -Wl,-rpath-link,{tree}/{LINKED}", "CGO_LDFLAGS_ALLOW": "-Wl,.*"},
        )
        return tree


def told(folder: Path) -> str | None:
    """The version of a folder; None if the program is not in there."""
    return VERSION if (folder / NODE).exists() else None


SOFTWARE = Software(
    name="dqlite",
    sources=(DqliteBuild((*LIBRARIES, *ALSO), version=VERSION),),
    described=f"{VERSION}, libraries of this system's Debian and a program that Go and gcc build",
    told=told,
    preferred=(VERSION,),
    releases=VERSION.replace(".", r"\."),
    advice=lambda version: "it takes Debian 12 on x86-64 with apt-get, Go 1.24 or newer and gcc",
)


class DqliteSession(SqlSession):
    """Statements over HTTP, each on a connection of the node's own."""

    def __init__(self, address: str, access: Access = PLAIN) -> None:
        self.http = DqliteConnection(address, access)

    async def rows(self, statement: str, *words: str) -> Sequence[Sequence[Any]]:
        rows: Sequence[Sequence[Any]] = (await self.http.carried_out("/query", statement, words))["Rows"] or ()
        return [[int(row[0]), *row[1:]] if len(row) > 1 else row for row in rows]

    async def change(self, statement: str, *words: str) -> int:
        return int((await self.http.carried_out("/execute", statement, words))["Changed"])

    @property
    def closed(self) -> bool:
        return self.http.http.is_closed

    def close(self) -> None:
        """Nothing: `DqliteClient.close` does it, which may wait."""


class DqliteConnection(HttpConnection):
    """Connections to one node."""

    port = PORT

    async def carried_out(self, path: str, statement: str, words: Sequence[str]) -> Any:
        """The result of one statement. ServerError if it fails."""
        result = await self.post(path, {"Statement": statement.replace("$", "?"), "Words": words})
        if result["Error"]:
            raise ServerError(result["Error"])
        return result


class DqliteClient(SqlClient):
    """One logical client."""

    async def open(self) -> None:
        """Ask something that takes no leader."""
        self.connection = session = DqliteSession(self.address, self.server.access)
        await session.http.respond("GET", "/", but=(400,))

    async def close(self) -> None:
        session, self.connection = self.connection, None
        if isinstance(session, DqliteSession):
            await session.http.aclose()


class Dqlite(Server):
    """dqlite with the given settings."""

    name, summary = (
        "dqlite",
        "dqlite, SQLite replicated by Raft, a library in a program of ours: processes, containers",
    )
    software, port, schemes, library, folder = SOFTWARE, PORT, ("http", "https"), "httpx2", True
    operations, errors, client_class = shapes("read", "write", "cas", "add", "append"), ERRORS, DqliteClient
    options, ready_seconds, tools = server_options(SOFTWARE), 60.0, ("env",)

    claims_source = 'dqlite\'s documentation, "Consistency model": serializable, and not linearizable'

    @property
    def claims(self) -> Sequence[str]:
        """See `claims_source`."""
        return ("convergence",)

    def command(self, place: Place, program: ServerProgram, version: str) -> Sequence[str]:
        first, *_ = members = list(place.members.values())
        others = () if place.address == first else [f"{address}:{RAFT_PORT}" for address in members]
        libraries = f"LD_LIBRARY_PATH={program.path}/{LINKED}"
        return ["env", libraries, f"{program.path}/{NODE}", place.address, str(place.folder), *others]

    async def ready(self, place: Place) -> bool:
        async with aclosing(DqliteConnection(place.address)) as connection:
            await connection.carried_out("/query", "SELECT '1'", ())
        return True
