"""Three real nodes of each server, played inside the namespaces of `--env local` by test_contract.py."""

import asyncio
from pathlib import Path

import pytest

from splitbrain.harness.environments.linux import processes
from splitbrain.harness.environments.local import Local
from splitbrain.harness.injection import Kill
from splitbrain.harness.node import Node
from splitbrain.harness.operation import EventType, Operation, Outcome
from splitbrain.targets.servers.server import Server

from .test_contract import SERVERS, ended, made

NAMES = ("n1", "n2", "n3")


def change(server: Server, value: int) -> Operation:
    """An operation that leaves a value."""
    f = next(f for f in ("write", "send", "enqueue") if f in server.operations)
    return Operation(f, value, "log0" if f == "send" else "k")


def look(server: Server) -> Operation:
    """An operation that sees it."""
    f = next(f for f in ("read", "poll", "drain") if f in server.operations)
    return Operation("poll", "start", "log0") if f == "poll" else Operation(f, None, "k")


def latest(seen: object) -> object:
    """The value that was left last; of a log, its last message; of a queue, its last element."""
    last = seen[-1] if isinstance(seen, tuple) else seen
    return last[1] if isinstance(last, tuple) else last


async def done(server: Server, node: Node, operation: Operation) -> Outcome:
    """An operation that succeeds in the end, each time by a new client: an election may go on."""
    last: object = None
    for _ in range(400):
        client = server.client(node)
        try:
            async with asyncio.timeout(5):
                await client.open()
                await client.setup()
            last = await ended(server, client, operation)
            if last.type is EventType.OK:
                return last
        except Exception as error:  # noqa: BLE001 - told if it goes on
            last = error
        finally:
            await client.close()
        await asyncio.sleep(0.2)
    raise AssertionError(f"{operation} on {node.name}: {last}")


async def killed_and_healed(server: Server, environment: Local, folder: Path) -> None:
    deployment = next(one for one in server.deployments if one.environment == "local")
    cluster = await environment.up(deployment, NAMES, folder)
    try:
        first, second, third = cluster.nodes
        await done(server, first, change(server, 1))
        roles = await server.roles(cluster.nodes)
        assert set(roles) in (set(NAMES), set()), "all tell, where there are roles"
        killed = await cluster.inject(Kill(("n2",)))
        assert not second.running
        await done(server, third, change(server, 2))
        assert (await killed.heal())["processes_killed"] >= 1
        assert latest((await done(server, second, look(server))).value) == 2
        pids = [pid for node in cluster.nodes for pid in node.pids()]
        assert len(pids) >= 3
    finally:
        await cluster.down()
    assert not any(processes.alive(pid) for pid in pids), "nothing is left"


@pytest.mark.parametrize("kind", SERVERS, ids=lambda kind: kind.name)
def test_kill_and_heal(kind: type[Server], tmp_path: Path) -> None:
    environment = Local()
    server = made(kind)
    environment.run(lambda: killed_and_healed(server, environment, tmp_path))
