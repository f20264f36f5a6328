"""Sessions that clients share with their node, and that the last of them closes."""

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any

import pytest

from splitbrain.harness.environments.external import ExternalNode
from splitbrain.harness.operation import Operation
from splitbrain.harness.options import settle
from splitbrain.targets.cassandra import Cassandra
from splitbrain.targets.cassandra.client import CassandraClient
from splitbrain.targets.cassandra.session import CassandraSession
from splitbrain.targets.servers.driver import SharedSessions

from .fake_node import CUT, FakeCqlNode, node

WRITE = Operation("write", 1, "k")
A_SESSION = 2
"""Connections of a session: one for requests, one for the driver's own questions."""


def cassandra() -> Cassandra:
    return Cassandra(settle(Cassandra.options, {}, "cassandra"))


async def opened(target: Cassandra, fake: FakeCqlNode) -> CassandraClient:
    client = target.client(ExternalNode("n1", fake.address))
    await client.open()
    return client


def run(work: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(asyncio.wait_for(work, 60))


def drivers_threads() -> list[str]:
    """Threads that a session has; the event loop of the driver stays, and ends with the process."""
    return [thread.name for thread in threading.enumerate() if thread.name.startswith(("Task Scheduler", "ThreadPool"))]


def test_clients_of_a_node_share_one_session_which_the_last_one_closes() -> None:
    async def scene() -> None:
        async with node() as fake, node() as other:
            target = cassandra()
            clients = [await opened(target, fake) for _ in range(5)]
            stranger = await opened(target, other)
            assert fake.connections == A_SESSION
            for client in clients[:4]:
                await client.close()
            await clients[4].invoke(WRITE)
            assert len(fake.executed) == 1 and not other.executed
            await clients[4].close()
            await stranger.close()
            assert drivers_threads() == []
            again = await opened(target, fake)
            assert fake.connections == 2 * A_SESSION
            await again.close()

    run(scene())


def test_many_clients_one_after_the_other_leave_no_thread() -> None:
    async def scene() -> None:
        async with node() as fake:
            target = cassandra()
            for _ in range(20):
                client = await opened(target, fake)
                await client.invoke(WRITE)
                await client.close()
            assert drivers_threads() == []
            assert len(fake.executed) == 20

    run(scene())


def test_who_comes_after_a_broken_connection_gets_a_new_one_while_others_still_hold_on() -> None:
    async def scene() -> None:
        async with node() as fake:
            target = cassandra()
            holding, breaking = await opened(target, fake), await opened(target, fake)
            fake.answers = [CUT, []]
            with pytest.raises(Exception, match="closed"):
                await breaking.invoke(WRITE)
            await breaking.close()
            fresh = await opened(target, fake)
            await fresh.invoke(WRITE)
            assert fake.connections >= A_SESSION + A_SESSION
            await holding.close()
            await fresh.close()
            assert drivers_threads() == []

    run(scene())


class Slow:
    """A stand-in for the driver: it connects when told to."""

    def __init__(self) -> None:
        self.go, self.closed = threading.Event(), 0

    def __call__(self, address: str) -> CassandraSession:
        assert self.go.wait(10)
        return CassandraSession(self, None)

    def shutdown(self) -> None:
        self.closed += 1


def test_a_session_that_nobody_waits_for_any_more_is_closed_when_it_is_there() -> None:
    async def scene() -> None:
        slow = Slow()
        sessions = SharedSessions(slow)
        line = sessions.join("a")
        waiting = asyncio.ensure_future(line.session())
        await asyncio.sleep(0)
        waiting.cancel()
        leaving = asyncio.ensure_future(sessions.leave(line))
        await asyncio.sleep(0.01)
        leaving.cancel()
        await asyncio.sleep(0.01)
        assert slow.closed == 0
        slow.go.set()
        while not slow.closed:
            await asyncio.sleep(0.01)
        assert slow.closed == 1
        assert sessions.join("a") is not line

    run(scene())


def test_a_session_that_failed_is_not_offered_to_the_next() -> None:
    def refused(address: str) -> CassandraSession:
        raise ConnectionRefusedError(address)

    async def scene() -> None:
        sessions = SharedSessions(refused)
        line = sessions.join("a")
        with pytest.raises(ConnectionRefusedError):
            await line.session()
        assert line.useless
        assert sessions.join("a") is not line
        await sessions.leave(line)

    run(scene())
