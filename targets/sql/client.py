"""Objects, accounts and transactions in SQL, for any server that speaks it.

An object is a row whose value is JSON text, a set's elements are rows of their own. Statements have their words as $1,
$2, …; a dialect replaces those that it says otherwise.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from splitbrain.harness.operation import ErrorKind, EventType, Operation, Outcome
from splitbrain.targets.operations import shapes
from splitbrain.targets.procedures import Procedure, Refusal, balances, insert, steps, transfer
from splitbrain.targets.servers.client import ServerClient
from splitbrain.targets.servers.errors import NO_ANSWER, ServerError
from splitbrain.targets.values import frozen, in_order, packed, unpacked

REJECTED = "the comparison was false"
NOT_OPEN = "no transaction is open: it was rolled back"
SQL_OPERATIONS = shapes("txn", "begin", "commit", "read", "write", "cas", "add", "append", "transfer", "insert")
"""The operations of `SqlClient`."""
EVERYTHING = (
    "SELECT 'object', name, value FROM splitbrain_objects "
    "UNION ALL SELECT 'element', name, element FROM splitbrain_elements"
)


@dataclass(frozen=True)
class SqlDialect:
    """The statements of a server. make: one after the other, once; drop: likewise, on a cluster that stays.

    no_table: whether an error says that a table is not there.
    """

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
    no_table: Callable[[ServerError], bool] = lambda error: error.code == "42P01"


class SqlSession(ABC):
    """A session with a server. After a statement that was given up or broke it is closed: nothing more is sent. Raises
    ServerError for what the server says, OSError for what becomes of the connection, and nothing else."""

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


async def contents(session: SqlSession) -> str:
    """All rows of a node."""
    return repr(sorted(tuple(row) for row in await session.rows(EVERYTHING)))


class SqlClient(ServerClient):
    """A client whose `connection` is a session. `open` is the subclass's.

    Tables are made before a run's first operation. So a server that says that there is none has lost what it had, or
    has seen nothing of it yet, and a read of it finds nothing.
    """

    dialect = SqlDialect()
    opening: Sequence[str] = ("BEGIN",)
    """The statements that begin a transaction."""
    connection: SqlSession | None
    _held: SqlSession | None = None
    """The session whose transaction is open between `begin` and `commit`."""

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
        """Carry out an operation; in a new session if the last one is closed, or met anything but a conflict."""
        if self.connection is None or self.connection.closed:
            await self.close()
            await self.open()
        held, self._held = self._held, None
        if operation.f == "commit" and held is not self.connection:
            return Outcome.fail(ErrorKind.CONFLICT, NOT_OPEN, operation.value)
        if operation.f != "commit" and held is not None and held is self.connection:
            await self._undo(held)
        try:
            return await super().invoke(operation)
        except BaseException as error:
            if self.server.errors.classify(error) != (ErrorKind.CONFLICT, True):
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
            return await self._transaction(operation, balances(operation.value))
        try:
            rows = await self.reader.rows(self.dialect.either, _name(operation.key))
        except ServerError as error:
            if not self.dialect.no_table(error):
                raise
            rows = ()
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
        return await self._transaction(operation, steps(operation.value))

    async def begin(self, operation: Operation) -> Outcome:
        """Begin a transaction and carry out micro-operations; it stays open. Only `commit` goes on with it: before any
        other operation it is rolled back."""
        outcome = await self._transaction(operation, steps(operation.value), ends=False)
        self._held = self.session if outcome.type is EventType.OK else None
        return outcome

    async def commit(self, operation: Operation) -> Outcome:
        """Carry out micro-operations in the transaction that is open, and commit it."""
        return await self._transaction(operation, steps(operation.value), begins=False)

    async def transfer(self, operation: Operation) -> Outcome:
        """Move an amount from one account to another, if it is there."""
        asked = operation.value
        return await self._transaction(operation, transfer(asked["from"], asked["to"], asked["amount"]))

    async def insert(self, operation: Operation) -> Outcome:
        """Insert a row into table a or b, if neither has one with this key. value: (row, None) or (None, row)."""
        return await self._transaction(operation, insert(operation.key, operation.value))

    async def _transaction(
        self, operation: Operation, procedure: Procedure, *, begins: bool = True, ends: bool = True
    ) -> Outcome:
        """Begin, take the steps of a procedure, COMMIT; what fails before that is not committed. Ok with the answer, or
        the operation's value if there is none. An error that is no server's is a mistake of ours, and raised.
        begins, ends: whether these two belong to it."""
        session, committing = self.session, False
        try:
            for statement in self.opening if begins else ():
                await session.change(statement)
            answer = await self._carried_out(procedure)
            committing = ends
            if ends:
                await session.change("COMMIT")
        except (Refusal, *NO_ANSWER) as error:
            await self._undo(session)
            if committing:
                raise
            if _reads_alone(operation) and isinstance(error, ServerError) and self.dialect.no_table(error):
                return Outcome.ok(tuple((f, key, None) for f, key, _ in operation.value))
            if isinstance(error, Refusal):
                return Outcome.fail(ErrorKind.PRECONDITION, str(error), operation.value)
            kind, _ = self.server.errors.classify(error)
            return Outcome.fail(kind, f"before COMMIT: {error or type(error).__name__}", operation.value)
        return Outcome.ok(operation.value if answer is None else frozen(answer))

    async def _carried_out(self, procedure: Procedure) -> Any:
        """The answer of a procedure, each of whose steps is a statement."""
        seen = None
        while True:
            try:
                step = procedure.send(seen)
            except StopIteration as end:
                return end.value
            _, _, seen = await self._step(*step)

    async def _undo(self, session: SqlSession) -> None:
        """Roll back what goes on, if a transaction does; a session that cannot is closed, which does it, too."""
        try:
            if not session.closed:
                await session.change("ROLLBACK")
        except NO_ANSWER:
            session.close()

    async def _step(self, f: str, key: Any, value: Any) -> tuple[str, Any, Any]:
        if f == "r":
            rows = await self.session.rows(self.dialect.read, _name(key))
            return f, key, unpacked(rows[0][0]) if rows else None
        await self.session.change(self.dialect.write if f == "w" else self.dialect.append, _name(key), packed(value))
        return f, key, value


def _reads_alone(operation: Operation) -> bool:
    return operation.f == "txn" and all(f == "r" for f, _, _ in operation.value)


def _name(key: Any) -> str:
    return "" if key is None else str(key)
