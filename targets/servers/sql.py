"""Objects, accounts and transactions in SQL, for any server that speaks it.

An object is a row whose value is JSON text, a set's elements are rows of their own. Statements have their words as $1,
$2, …; a dialect replaces those that it says otherwise.
"""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from splitbrain.harness.operation import ErrorKind, Operation, Outcome
from splitbrain.targets.operations import shapes
from splitbrain.targets.servers.client import ServerClient
from splitbrain.targets.servers.values import in_order, packed, unpacked

REJECTED = "the comparison was false"
OPENING = 100
"""The balance of an account before the first transfer."""
SQL_OPERATIONS = shapes("txn", "read", "write", "cas", "add", "append", "transfer", "insert")
"""The operations of `SqlClient`."""


class RefusalError(Exception):
    """A transaction that is rolled back because its condition was false."""


@dataclass(frozen=True)
class SqlDialect:
    """The statements of a server. make: one after the other, once; drop: likewise, on a cluster that stays."""

    make: Sequence[str] = (
        "CREATE TABLE IF NOT EXISTS splitbrain_objects (name varchar(200) PRIMARY KEY, value text NOT NULL)",
        "CREATE TABLE IF NOT EXISTS splitbrain_elements (name varchar(200), element varchar(200), "
        "PRIMARY KEY (name, element))",
    )
    drop: Sequence[str] = ("DROP TABLE splitbrain_objects", "DROP TABLE splitbrain_elements")
    read: str = "SELECT value FROM splitbrain_objects WHERE name = $1"
    either: str = (
        "SELECT 0, value FROM splitbrain_objects WHERE name = $1 "
        "UNION ALL SELECT 1, element FROM splitbrain_elements WHERE name = $1"
    )
    add: str = "INSERT INTO splitbrain_elements VALUES ($1, $2) ON CONFLICT DO NOTHING"
    create: str = "INSERT INTO splitbrain_objects VALUES ($1, $2) ON CONFLICT DO NOTHING"
    swap: str = "UPDATE splitbrain_objects SET value = $3 WHERE name = $1 AND value = $2"
    write: str = (
        "INSERT INTO splitbrain_objects VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value"
    )
    append: str = (
        "INSERT INTO splitbrain_objects AS o VALUES ($1, '[' || $2 || ']') "
        "ON CONFLICT (name) DO UPDATE SET value = substr(o.value, 1, length(o.value) - 1) || ',' || $2 || ']'"
    )


class SqlSession(ABC):
    """A session with a server. After a statement that was given up or broke it is closed: nothing more is sent."""

    @abstractmethod
    async def rows(self, statement: str, *words: str) -> Sequence[Sequence[Any]]:
        """The rows that a query finds."""

    @abstractmethod
    async def change(self, statement: str, *words: str) -> int:
        """Carry out any other statement; the number of rows that it changed, where that makes sense."""

    @property
    @abstractmethod
    def closed(self) -> bool:
        """Whether it can be used no more."""

    @abstractmethod
    def close(self) -> None:
        """Close it without a word: a server that is paused does not answer."""


class SqlClient(ServerClient):
    """A client whose `connection` is a session. `open` is the subclass's."""

    dialect = SqlDialect()
    begin: Sequence[str] = ("BEGIN",)
    """The statements that begin a transaction."""
    connection: SqlSession | None
    harmless: Sequence[str] = ()
    """The codes of errors after which a session goes on."""

    async def setup(self) -> None:
        """Make the tables."""
        for statement in self.dialect.make:
            await self.session.change(statement)

    async def teardown(self) -> None:
        if self.server.endpoints:
            for statement in self.dialect.drop:
                await self.session.change(statement)

    @property
    def session(self) -> SqlSession:
        """The session of changes and transactions."""
        assert self.connection is not None
        return self.connection

    @property
    def reader(self) -> SqlSession:
        """The session of the operation `read`."""
        return self.session

    async def invoke(self, operation: Operation) -> Outcome:
        """Carry out an operation; in a new session if the last one is closed."""
        if self.connection is None or self.connection.closed:
            await self.close()
            await self.open()
        try:
            return await super().invoke(operation)
        except BaseException as error:
            if str(getattr(error, "sqlstate", getattr(error, "code", None))) not in self.harmless:
                await self.close()
            raise

    async def close(self) -> None:
        session, self.connection = self.connection, None
        if session is not None:
            session.close()

    async def read(self, operation: Operation) -> Outcome:
        """Read an object of any kind; None if there is none, () if its key is None. With accounts as its value: the
        balance of each."""
        if operation.value is not None:
            return await self._balances(operation)
        rows = await self.reader.rows(self.dialect.either, _name(operation.key))
        if operation.key is None or (rows and rows[0][0] == 1):
            return Outcome.ok(in_order(text for _, text in rows))
        return Outcome.ok(unpacked(rows[0][1]) if rows else None)

    async def write(self, operation: Operation) -> Outcome:
        await self.session.change(self.dialect.write, _name(operation.key), packed(operation.value))
        return Outcome.ok(operation.value)

    async def append(self, operation: Operation) -> Outcome:
        await self.session.change(self.dialect.append, _name(operation.key), packed(operation.value))
        return Outcome.ok(operation.value)

    async def add(self, operation: Operation) -> Outcome:
        await self.session.change(self.dialect.add, _name(operation.key), packed(operation.value))
        return Outcome.ok(operation.value)

    async def cas(self, operation: Operation) -> Outcome:
        """Set the new value if the old one stands there, compared and set by one statement."""
        old, new = operation.value
        if old is None:
            changed = await self.session.change(self.dialect.create, _name(operation.key), packed(new))
        else:
            changed = await self.session.change(self.dialect.swap, _name(operation.key), packed(old), packed(new))
        return (
            Outcome.ok(operation.value) if changed else Outcome.fail(ErrorKind.PRECONDITION, REJECTED, operation.value)
        )

    async def txn(self, operation: Operation) -> Outcome:
        """A transaction: a statement a micro-operation."""

        async def steps() -> Any:
            return tuple([await self._step(*step) for step in operation.value])

        return await self._transaction(operation, steps)

    async def transfer(self, operation: Operation) -> Outcome:
        """Move an amount from one account to another, if it is there."""
        asked = operation.value

        async def move() -> Any:
            there, here = await self._balance(asked["from"]), await self._balance(asked["to"])
            if there < asked["amount"]:
                raise RefusalError(f"{asked['from']} has {there}")
            await self._step("w", asked["from"], there - asked["amount"])
            await self._step("w", asked["to"], here + asked["amount"])
            return asked

        return await self._transaction(operation, move)

    async def insert(self, operation: Operation) -> Outcome:
        """Insert a row into table a or b, if neither has one with this key. value: (row, None) or (None, row)."""
        tables = [f"{table}/{operation.key}" for table in "ab"]

        async def place() -> Any:
            for table in tables:
                if (await self._step("r", table, None))[2]:
                    raise RefusalError(f"there is a row with this key in {table}")
            number = 0 if operation.value[0] is not None else 1
            await self._step("append", tables[number], operation.value[number])
            return operation.value

        return await self._transaction(operation, place)

    async def _balances(self, operation: Operation) -> Outcome:
        async def look() -> Any:
            return {account: await self._balance(account) for account in operation.value}

        return await self._transaction(operation, look)

    async def _balance(self, account: Any) -> int:
        held = (await self._step("r", account, None))[2]
        return OPENING if held is None else int(held)

    async def _transaction(self, operation: Operation, work: Callable[[], Awaitable[Any]]) -> Outcome:
        """Begin, do this work, COMMIT; what fails before that is not committed. Ok with the value of the work."""
        session = self.session
        try:
            for statement in self.begin:
                await session.change(statement)
            value = await work()
        except Exception as error:  # noqa: BLE001 - whatever it is, nothing was committed
            await self._undo(session)
            if isinstance(error, RefusalError):
                return Outcome.fail(ErrorKind.PRECONDITION, str(error), operation.value)
            kind, _ = self.server.errors.classify(error)
            return Outcome.fail(kind, f"before COMMIT: {error or type(error).__name__}", operation.value)
        try:
            await session.change("COMMIT")
        except Exception:
            await self._undo(session)
            raise
        return Outcome.ok(value)

    async def _undo(self, session: SqlSession) -> None:
        """Roll back what goes on, if a transaction does; a session that cannot is closed, which does it, too."""
        try:
            if not session.closed:
                await session.change("ROLLBACK")
        except Exception:  # noqa: BLE001 - its transaction ends with it
            session.close()

    async def _step(self, f: str, key: Any, value: Any) -> tuple[str, Any, Any]:
        if f == "r":
            rows = await self.session.rows(self.dialect.read, _name(key))
            return f, key, unpacked(rows[0][0]) if rows else None
        await self.session.change(self.dialect.write if f == "w" else self.dialect.append, _name(key), packed(value))
        return f, key, value


def _name(key: Any) -> str:
    return "" if key is None else str(key)
