"""Clients of SQL on a scripted session: what a transaction or statement that fails is, and what is left of it."""

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from splitbrain.harness.client import ErrorTable
from splitbrain.harness.operation import ErrorKind, EventType, Operation, Outcome
from splitbrain.targets.embedded import client as embedded
from splitbrain.targets.embedded.client import ERRORS as EMBEDDED
from splitbrain.targets.mariadb import client as mariadb
from splitbrain.targets.mariadb.errors import ERRORS as MARIADB
from splitbrain.targets.postgresql.errors import ERRORS as POSTGRESQL
from splitbrain.targets.servers.errors import ServerError
from splitbrain.targets.sql.client import SqlClient, SqlDialect, SqlSession

LOST = ConnectionResetError("the connection broke")
WRITE, TXN = Operation("write", 1, "k"), Operation("txn", (("r", "a", None), ("append", "l", 2)))


class ScriptedSession(SqlSession):
    """A session that fails statements whose first word is among `failing`, and holds objects by name."""

    def __init__(self, failing: Mapping[str, BaseException], objects: Mapping[str, str]) -> None:
        self.failing, self.objects = dict(failing), dict(objects)
        self.said: list[str] = []
        self.broken = False

    async def rows(self, statement: str, *words: str) -> Sequence[Sequence[Any]]:
        self._meet(statement)
        return [(self.objects[words[0]],)] if words and words[0] in self.objects else []

    async def change(self, statement: str, *words: str) -> int:
        self._meet(statement)
        if words:
            self.objects[words[0]] = words[1]
        return 1

    @property
    def closed(self) -> bool:
        return self.broken

    def close(self) -> None:
        self.broken = True

    def _meet(self, statement: str) -> None:
        word = statement.split(maxsplit=1)[0]
        self.said.append(word)
        if error := self.failing.get(word):
            raise error


class ScriptedClient(SqlClient):
    """A client whose sessions are scripted; `sessions` are all it ever had."""

    def __init__(self, errors: ErrorTable, failing: Mapping[str, BaseException]) -> None:
        super().__init__("n1", SimpleNamespace(errors=errors))
        self.failing = failing
        self.objects: Mapping[str, str] = {"a": "7"}
        self.sessions: list[ScriptedSession] = []

    async def open(self) -> None:
        self.sessions.append(ScriptedSession(self.failing, self.objects))
        self.connection = self.sessions[-1]


def run(work: Coroutine[Any, Any, Outcome]) -> Outcome:
    return asyncio.run(asyncio.wait_for(work, 60))


async def ended(client: ScriptedClient, operation: Operation) -> Outcome:
    """The outcome as the harness records it."""
    try:
        return await client.invoke(operation)
    except Exception as error:  # noqa: BLE001 - the table is looked at
        return client.server.errors.outcome(operation, error, effects=True)


LOSSES = [
    (WRITE, "INSERT", LOST, EventType.INFO),
    (TXN, "COMMIT", LOST, EventType.INFO),
    (TXN, "COMMIT", TimeoutError(), EventType.INFO),
    (TXN, "INSERT", LOST, EventType.FAIL),
    (TXN, "BEGIN", LOST, EventType.FAIL),
]


@pytest.mark.parametrize(("operation", "word", "error", "type"), LOSSES)
@pytest.mark.parametrize("errors", [POSTGRESQL, MARIADB, EMBEDDED], ids=["postgresql", "mariadb", "embedded"])
def test_a_lost_answer_is_unknown_only_where_it_may_have_been_carried_out(
    errors: ErrorTable, operation: Operation, word: str, error: BaseException, type: EventType
) -> None:
    client = ScriptedClient(errors, {word: error, "ROLLBACK": LOST})
    assert run(ended(client, operation)).type is type
    (session,) = client.sessions
    assert session.closed, "nothing more is sent on a session that broke"


@pytest.mark.parametrize(
    ("errors", "word", "code"),
    [
        # MariaDB rolls back the statement only, and the client the rest.
        (MARIADB, "INSERT", 1205),
        (MARIADB, "SELECT", 1213),
        # SQLite leaves the transaction open.
        (EMBEDDED, "COMMIT", "SQLITE_BUSY"),
        (POSTGRESQL, "COMMIT", "40001"),
        (POSTGRESQL, "COMMIT", "25P02"),
    ],
)
def test_a_refused_transaction_is_rolled_back_before_the_next_one(
    errors: ErrorTable, word: str, code: int | str
) -> None:
    client = ScriptedClient(errors, {word: ServerError("refused", code)})
    outcome = run(ended(client, TXN))
    assert (outcome.type, outcome.error and outcome.error.kind) == (EventType.FAIL, ErrorKind.CONFLICT)
    (session,) = client.sessions
    assert session.said[-1] == "ROLLBACK" and not session.closed


def test_a_session_that_cannot_roll_back_is_closed_and_another_one_begun() -> None:
    async def scene() -> Outcome:
        client = ScriptedClient(MARIADB, {"INSERT": ServerError("refused", 1205), "ROLLBACK": ServerError("no", 9999)})
        await ended(client, TXN)
        assert client.sessions[0].closed
        client.failing = {}
        outcome = await ended(client, TXN)
        assert client.sessions[1].said == ["BEGIN", "SELECT", "INSERT", "COMMIT"]
        return outcome

    assert run(scene()) == Outcome.ok((("r", "a", 7), ("append", "l", 2)))


@pytest.mark.parametrize("word", ["SELECT", "COMMIT"])
def test_a_mistake_of_ours_is_no_failed_operation(word: str) -> None:
    client = ScriptedClient(POSTGRESQL, {word: TypeError("ours")})
    with pytest.raises(TypeError, match="ours"):
        run(client.invoke(TXN))
    (session,) = client.sessions
    assert session.closed, "its transaction ends with it"


def test_a_transfer_to_the_same_account_makes_no_money() -> None:
    client = ScriptedClient(POSTGRESQL, {})
    same = {"from": "a", "to": "a", "amount": 5}
    assert run(client.invoke(Operation("transfer", same))) == Outcome.ok(same)
    (session,) = client.sessions
    assert session.objects == {"a": "7"} and session.said[-1] == "COMMIT"


def test_a_node_that_accepts_and_says_nothing_was_not_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("aiomysql")
    monkeypatch.setattr(mariadb, "CONNECT_SECONDS", 0.05)

    async def scene() -> None:
        async with await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0) as silent:
            with pytest.raises(ConnectionRefusedError):
                await mariadb.MariaDBSession.connect("127.0.0.1", silent.sockets[0].getsockname()[1])

    asyncio.run(asyncio.wait_for(scene(), 60))


BEGIN, COMMIT = Operation("begin", (("r", "a", None),)), Operation("commit", (("append", "l", 2),))


async def each(client: ScriptedClient, *operations: Operation) -> Outcome:
    """The outcome of the last one."""
    outcomes = [await ended(client, operation) for operation in operations]
    return outcomes[-1]


def test_a_transaction_stays_open_between_its_parts() -> None:
    client = ScriptedClient(POSTGRESQL, {})
    assert run(client.invoke(BEGIN)) == Outcome.ok((("r", "a", 7),))
    (session,) = client.sessions
    assert session.said == ["BEGIN", "SELECT"]
    assert run(client.invoke(COMMIT)) == Outcome.ok((("append", "l", 2),))
    assert session.said[2:] == ["INSERT", "COMMIT"]


@pytest.mark.parametrize("other", [TXN, WRITE, BEGIN])
def test_another_operation_rolls_back_what_is_open(other: Operation) -> None:
    client = ScriptedClient(POSTGRESQL, {})
    run(each(client, BEGIN, other))
    assert client.sessions[0].said[2] == "ROLLBACK"


def test_nothing_is_committed_where_nothing_is_open() -> None:
    client = ScriptedClient(POSTGRESQL, {"SELECT": ServerError("refused", "40001")})
    assert run(each(client, BEGIN, COMMIT)).type is EventType.FAIL
    client = ScriptedClient(POSTGRESQL, {})
    assert run(each(client, BEGIN, COMMIT, COMMIT)).type is EventType.FAIL
    client = ScriptedClient(POSTGRESQL, {})
    run(client.invoke(BEGIN))
    client.sessions[0].close()
    assert run(client.invoke(COMMIT)).type is EventType.FAIL
    assert client.sessions[1].said == []


@pytest.mark.parametrize(("word", "type"), [("INSERT", EventType.FAIL), ("COMMIT", EventType.INFO)])
def test_a_lost_commit_in_parts_is_unknown_once_it_was_sent(word: str, type: EventType) -> None:
    client = ScriptedClient(POSTGRESQL, {word: LOST})
    assert run(each(client, BEGIN, COMMIT)).type is type


NO_TABLES = [
    (SqlDialect(), POSTGRESQL, ServerError('relation "splitbrain_objects" does not exist', "42P01")),
    (mariadb.DIALECT, MARIADB, ServerError("Table 'splitbrain.splitbrain_objects' doesn't exist", 1146)),
    (embedded.DIALECT, EMBEDDED, ServerError("no such table: splitbrain_objects", "SQLITE_ERROR")),
    (embedded.DIALECT, EMBEDDED, ServerError("Catalog Error: Table with name splitbrain_objects does not exist!")),
]


@pytest.mark.parametrize(("dialect", "errors", "error"), NO_TABLES)
def test_a_server_that_has_lost_its_tables_has_nothing(
    dialect: SqlDialect, errors: ErrorTable, error: ServerError, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ScriptedClient, "dialect", dialect)
    client = ScriptedClient(errors, {"SELECT": error, "INSERT": error})
    assert run(ended(client, Operation("read", None, "k"))) == Outcome.ok(None)
    assert run(ended(client, Operation("read", None))) == Outcome.ok(())
    assert run(ended(client, Operation("txn", (("r", "a", None), ("r", "b", None))))).value == (
        ("r", "a", None),
        ("r", "b", None),
    )
    for change in (WRITE, TXN, Operation("add", 1)):
        assert run(ended(client, change)).type is EventType.FAIL
    other = ScriptedClient(errors, {"SELECT": ServerError("no memory", "XX000")})
    assert run(ended(other, Operation("read", None, "k"))).type is not EventType.OK
