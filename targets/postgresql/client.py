"""Clients of PostgreSQL: each has a session with its node, and one with the primary that this node follows."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from splitbrain.targets.servers.access import CONNECT_SECONDS, PLAIN, Access
from splitbrain.targets.servers.errors import NO_ANSWER, ServerError
from splitbrain.targets.sql.client import SqlClient, SqlSession

PRIMARY = "SELECT CASE WHEN pg_is_in_recovery() THEN coalesce((SELECT sender_host FROM pg_stat_wal_receiver), '') END"

ROLLED_BACK = "25P02"


class PostgreSQLSession(SqlSession):
    """A session by asyncpg, which repeats nothing.

    Pitfall: a COMMIT after a statement that failed is answered with ROLLBACK, and that is no error.
    """

    def __init__(self, driver: Any) -> None:
        self.driver = driver

    @classmethod
    async def connect(cls, address: str, port: int, access: Access = PLAIN) -> "PostgreSQLSession":
        """A session with a node that answers. ConnectionRefusedError if there is none: nothing was sent."""
        import asyncpg

        host, number, secure = access.host_and_port(address, port)
        try:
            with translated():
                driver = await asyncpg.connect(
                    host=host,
                    port=number,
                    user=access.user or "postgres",
                    password=access.password or None,
                    database="postgres",
                    ssl=access.context if secure else False,
                    timeout=CONNECT_SECONDS,
                )
        except NO_ANSWER as error:
            raise ConnectionRefusedError(f"no session: {error or type(error).__name__}") from error
        return cls(driver)

    async def rows(self, statement: str, *words: str) -> Sequence[Sequence[Any]]:
        with translated():
            found: Sequence[Sequence[Any]] = await self.driver.fetch(statement, *words)
        return found

    async def change(self, statement: str, *words: str) -> int:
        with translated():
            said = await self.driver.execute(statement, *words)
        if statement == "COMMIT" and said != statement:
            raise ServerError(f"COMMIT was answered with {said}", ROLLED_BACK)
        count = said.rpartition(" ")[2]
        return int(count) if count.isdigit() else 0

    @property
    def closed(self) -> bool:
        return bool(self.driver.is_closed())

    def close(self) -> None:
        self.driver.terminate()


@contextmanager
def translated() -> Iterator[None]:
    """Errors of the driver as the server's, with their SQLSTATE, or the connection's."""
    import asyncpg

    try:
        yield
    except asyncpg.PostgresError as error:
        raise ServerError(str(error), error.sqlstate) from error
    except (asyncpg.InterfaceError, asyncpg.InternalClientError) as error:
        raise ConnectionResetError(str(error)) from error


class PostgreSQLClient(SqlClient):
    """One logical client, of the node at an address."""

    _near: PostgreSQLSession | None = None

    async def open(self) -> None:
        """Begin the sessions. ConnectionRefusedError if the node follows nobody."""
        self.opening = (f"BEGIN ISOLATION LEVEL {self.server.word('isolation').replace('-', ' ')}",)
        self._near = await PostgreSQLSession.connect(self.address, self.server.port, self.server.access)
        self.connection = await self.connected()

    async def connected(self) -> PostgreSQLSession:
        """The session with the primary."""
        assert self._near is not None
        ((primary,),) = await self._near.rows(PRIMARY)
        if primary is None:
            return self._near
        if not primary:
            raise ConnectionRefusedError("a standby that does not know of a primary")
        port, access = self.server.port, self.server.access
        own, _, _ = access.host_and_port(self.address, port)
        return await PostgreSQLSession.connect(self.address.replace(own, primary), port, access)

    @property
    def reader(self) -> SqlSession:
        return self._near if self._near and self.server.word("reads") == "node" else self.session

    async def close(self) -> None:
        near, self._near = self._near, None
        if near is not None:
            near.close()
        await super().close()
