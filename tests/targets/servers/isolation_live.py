"""Fixed interleavings of two transactions on each server with SQL, played inside the namespaces of `--env local` by
test_isolation.py."""

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

import pytest

from splitbrain.harness.environments.local import Local
from splitbrain.harness.node import Node
from splitbrain.harness.operation import EventType, Operation
from splitbrain.targets.sql.client import SqlClient

from .test_isolation import CASES, IsolationCase, made


class Two:
    """Two clients, of which each is in a transaction until it is refused."""

    def __init__(self, one: SqlClient, two: SqlClient) -> None:
        self.clients = {"a": one, "b": two}
        self.refused: set[str] = set()

    async def __call__(self, who: str, *steps: str) -> str | None:
        """Steps of a transaction: "r x", "w x 1", "begin", "commit", "rollback"; the last value that was read."""
        client, value = self.clients[who], None
        for step in steps:
            if who in self.refused:
                return None
            word, *rest = step.split()
            try:
                if word in ("r", "w"):
                    _, _, value = await client._step(word, rest[0], int(rest[1]) if word == "w" else None)
                else:
                    for statement in client.opening if word == "begin" else [word.upper()]:
                        await client.session.change(statement)
            except Exception as error:  # noqa: BLE001 - the table is looked at
                kind, definite = client.server.errors.classify(error)
                assert definite, f"{step}: {kind} {error!r}"
                self.refused.add(who)
                await client._undo(client.session)
        return None if value is None else str(value)


async def dirty(two: Two) -> bool:
    """Whether what was not committed is read."""
    await two("a", "begin", "w x 9")
    seen = await two("b", "begin", "r x", "commit")
    await two("a", "rollback")
    return seen == "9"


async def lost(two: Two) -> bool:
    """Whether both may write what both read before."""
    await two("a", "begin", "r x")
    await two("b", "begin", "r x", "w x 1", "commit")
    await two("a", "w x 2", "commit")
    return not two.refused


async def skew(two: Two) -> bool:
    """Whether each may write what the other one read."""
    await two("a", "begin", "r x", "r y")
    await two("b", "begin", "r x", "r y")
    await two("a", "w x 1", "commit")
    await two("b", "w y 1", "commit")
    return not two.refused


SCHEDULES: Mapping[str, Callable[[Two], Awaitable[bool]]] = {"dirty read": dirty, "lost update": lost, "skew": skew}


async def opened(kind: type, options: Mapping[str, str], node: Node) -> SqlClient:
    client: SqlClient = made(kind, **options).client(node)  # type: ignore[assignment]
    await client.open()
    return client


async def kinds(client: SqlClient) -> None:
    """Objects of every kind, read as what they are."""
    for f, key, value in (("write", "r", 7), ("append", "l", 1), ("append", "l", 2), ("add", "s", 2), ("add", None, 3)):
        assert (await client.invoke(Operation(f, value, key))).type is EventType.OK
    assert (await client.invoke(Operation("add", 1, "s"))).type is EventType.OK
    assert (await client.invoke(Operation("add", 1, "s"))).type is EventType.OK
    for pair, kind in (((7, 7), EventType.OK), ((7, 8), EventType.OK), ((7, 9), EventType.FAIL)):
        assert (await client.invoke(Operation("cas", pair, "r"))).type is kind
    transfers = [{"from": "a", "to": "b", "amount": amount} for amount in (60, 60)]
    ended = [(await client.invoke(Operation("transfer", value))).type for value in transfers]
    ended += [(await client.invoke(Operation("insert", row, "k"))).type for row in ((1, None), (None, 2))]
    assert ended == [EventType.OK, EventType.FAIL] * 2
    assert (await client.invoke(Operation("read", ("a", "b", "c")))).value == {"a": 40, "b": 160, "c": 100}
    seen = [(await client.invoke(Operation("read", None, key))).value for key in ("r", "l", "s", None, "none")]
    assert seen == [8, (1, 2), (1, 2), (3,), None]


async def play(case: IsolationCase, environment: Local, folder: Path) -> None:
    deployment = next(one for one in made(case.kind, **case.options).deployments if one.environment == "local")
    cluster = await environment.up(deployment, ("n1",), folder)
    try:
        (node,) = cluster.nodes
        first = await opened(case.kind, case.options, node)
        await first.setup()
        await kinds(first)
        for level, expected in case.levels.items():
            allowed = set()
            for name, schedule in SCHEDULES.items():
                for key in ("x", "y"):
                    await first.session.change(first.dialect.write, key, "0")
                options = {**case.options, **({"isolation": level} if level else {})}
                clients = [await opened(case.kind, options, node) for _ in range(2)]
                if await schedule(Two(*clients)):
                    allowed.add(name)
                for client in clients:
                    await client.close()
            assert allowed == expected, level
        await first.close()
    finally:
        await cluster.down()


@pytest.mark.parametrize("case", CASES, ids=str)
def test_levels(case: IsolationCase, tmp_path: Path) -> None:
    environment = Local()
    environment.run(lambda: play(case, environment, tmp_path))
