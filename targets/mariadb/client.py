"""Clients of MariaDB. Operations: those of `sql.client`."""

import asyncio
import re
from collections.abc import Sequence
from typing import Any

from splitbrain.targets.servers.access import CONNECT_SECONDS, PLAIN, Access
from splitbrain.targets.servers.errors import ServerError
from splitbrain.targets.sql.client import SqlClient, SqlDialect, SqlSession

FOUND_ROWS = 2
"""Of the protocol: a change counts the rows that were found, also where their value stays."""
TEXT = "CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"
DIALECT = SqlDialect(
    make=(
        f"CREATE TABLE IF NOT EXISTS splitbrain_objects (name varchar(200) {TEXT} PRIMARY KEY, value text {TEXT})",
        f"CREATE TABLE IF NOT EXISTS splitbrain_elements (name varchar(200) {TEXT}, element varchar(200) {TEXT}, "
        "PRIMARY KEY (name, element))",
    ),
    add="INSERT IGNORE INTO splitbrain_elements VALUES ($1, $2)",
    create="INSERT IGNORE INTO splitbrain_objects VALUES ($1, $2)",
    write="INSERT INTO splitbrain_objects VALUES ($1, $2) ON DUPLICATE KEY UPDATE value = $2",
    append="INSERT INTO splitbrain_objects VALUES ($1, CONCAT('[', $2, ']')) "
    "ON DUPLICATE KEY UPDATE value = CONCAT(LEFT(value, CHAR_LENGTH(value) - 1), ',', $2, ']')",
    no_table=lambda error: error.code == 1146,
)


class MariaDBSession(SqlSession):
    """A session by aiomysql, which repeats nothing."""

    def __init__(self, driver: Any) -> None:
        self.driver = driver

    @classmethod
    async def connect(cls, address: str, port: int, access: Access = PLAIN) -> "MariaDBSession":
        """A session with a node that answers. ConnectionRefusedError if there is none: nothing was sent."""
        import aiomysql

        host, number, secure = access.host_and_port(address, port)
        try:
            async with asyncio.timeout(CONNECT_SECONDS):  # the driver does not bound the wait for a greeting
                driver = await aiomysql.connect(
                    host=host,
                    port=number,
                    user=access.user or "root",
                    password=access.password,
                    db="splitbrain",
                    ssl=access.context if secure else None,
                    autocommit=True,
                    client_flag=FOUND_ROWS,
                )
        except (OSError, aiomysql.MySQLError) as error:
            raise ConnectionRefusedError(f"no session: {error or type(error).__name__}") from error
        return cls(driver)

    async def rows(self, statement: str, *words: str) -> Sequence[Sequence[Any]]:
        return (await self._done(statement, words))[0]

    async def change(self, statement: str, *words: str) -> int:
        return (await self._done(statement, words))[1]

    async def _done(self, statement: str, words: Sequence[str]) -> tuple[Sequence[Sequence[Any]], int]:
        import aiomysql

        named = {f"word{number}": word for number, word in enumerate(words, 1)}
        try:
            async with self.driver.cursor() as cursor:
                count = await cursor.execute(re.sub(r"\$(\d)", r"%(word\1)s", statement), named or None)
                return await cursor.fetchall(), int(count or 0)
        except aiomysql.MySQLError as error:
            raise ServerError(str(error), error.args[0] if error.args else None) from error

    @property
    def closed(self) -> bool:
        return bool(self.driver.closed)

    def close(self) -> None:
        self.driver.close()


class MariaDBClient(SqlClient):
    """One logical client."""

    dialect = DIALECT

    async def open(self) -> None:
        self.connection = await MariaDBSession.connect(self.address, self.server.port, self.server.access)
        level = self.server.word("isolation").replace("-", " ")
        await self.session.change(f"SET SESSION TRANSACTION ISOLATION LEVEL {level}")
