"""Clients of a library's server: SQL over lines of JSON, and the table of what the libraries' errors mean."""

import json
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from typing import Any

from splitbrain.harness.operation import ErrorKind
from splitbrain.targets.servers.errors import ServerError, code, table, text
from splitbrain.targets.servers.tcp import TcpConnection
from splitbrain.targets.sql.client import SqlClient, SqlDialect, SqlSession

NO_TABLE = ("no such table", "Table with name splitbrain_")
"""Parts of what SQLite and DuckDB say where a table is not there."""
ERRORS = table(
    # sqlite.org/rescode.html: a lock was not had; a COMMIT that is refused so leaves the transaction open, and the
    # client rolls it back.
    code("SQLITE_BUSY", ErrorKind.CONFLICT, definite=True),
    code("SQLITE_BUSY_SNAPSHOT", ErrorKind.CONFLICT, definite=True),
    code("SQLITE_LOCKED", ErrorKind.CONFLICT, definite=True),
    code("SQLITE_LOCKED_SHAREDCACHE", ErrorKind.CONFLICT, definite=True),
    # Said before a statement is begun.
    *(text(part, ErrorKind.OTHER, definite=True) for part in NO_TABLE),
    # duckdb.org/docs/stable/connect/concurrency: an optimistic transaction that meets another one's change.
    text("Conflict on", ErrorKind.CONFLICT, definite=True),
    text("conflict on", ErrorKind.CONFLICT, definite=True),
    text("PRIMARY KEY or UNIQUE constraint violat", ErrorKind.CONFLICT, definite=True),
    text("Duplicate key", ErrorKind.CONFLICT, definite=True),
)
DIALECT = SqlDialect(no_table=lambda error: any(part in str(error) for part in NO_TABLE))


class EmbeddedSession(SqlSession):
    """A session of the library."""

    def __init__(self, connection: TcpConnection) -> None:
        self.connection = connection

    @classmethod
    async def connect(cls, address: str, port: int) -> "EmbeddedSession":
        """A session that answers. ConnectionRefusedError if there is none."""
        return cls(await TcpConnection.connect(address, port))

    async def rows(self, statement: str, *words: str) -> Sequence[Sequence[Any]]:
        found: Sequence[Sequence[Any]] = (await self._ask(statement, words))["rows"]
        return found

    async def change(self, statement: str, *words: str) -> int:
        return int((await self._ask(statement, words))["count"])

    @property
    def closed(self) -> bool:
        return self.connection.broken

    def close(self) -> None:
        self.connection.broken = True
        self.connection.writer.close()

    async def _ask(self, statement: str, words: Sequence[str]) -> Mapping[str, Any]:
        async with self.connection.exchange(json.dumps([statement, words]).encode() + b"\n") as reader:
            line = await reader.readuntil(b"\n")
        reply: Mapping[str, Any] = json.loads(line)
        if "error" in reply:
            raise ServerError(reply["text"], reply["error"])
        return reply


class EmbeddedClient(SqlClient):
    """One logical client."""

    dialect = DIALECT

    async def open(self) -> None:
        self.opening = self.server.opening
        self.connection = await EmbeddedSession.connect(self.address, self.server.port)
        await self.session.rows("SELECT 1")

    async def setup(self) -> None:
        """Make the tables, and have them in the file whatever becomes of the journal."""
        await super().setup()
        for statement in self.server.checkpoint:
            await self.session.rows(statement)

    async def teardown(self) -> None:
        """Nothing: the file goes away with the run."""


async def asked(address: str, port: int) -> bool:
    """Whether a node answers; OSError if it does not."""
    session = await EmbeddedSession.connect(address, port)
    async with aclosing(session.connection):
        return bool(await session.rows("SELECT 1"))
