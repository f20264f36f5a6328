"""Every operation of the clients on three real nodes: a scenario for `nodes`."""

import asyncio
import threading
import time
from collections.abc import Callable, Coroutine
from typing import Any

from cassandra import DriverException
from cassandra.protocol import ErrorMessage

from splitbrain.harness.environments.real.cluster import RealCluster
from splitbrain.harness.injection import Pause
from splitbrain.harness.node import Node
from splitbrain.harness.operation import ErrorKind, EventType, Operation, Outcome
from splitbrain.harness.options import settle
from splitbrain.harness.verdict import Validity
from splitbrain.targets.cassandra import Cassandra
from splitbrain.targets.cassandra.client import CassandraClient

Part = Callable[..., Coroutine[Any, Any, None]]
TRIES = 5


def cassandra(**options: str) -> Cassandra:
    return Cassandra(settle(Cassandra.options, options, "cassandra"))


async def opened(target: Cassandra, node: Node, *, first: bool = False) -> CassandraClient:
    client = target.client(node)
    await client.open()
    if first:
        await client.setup()
    return client


async def values(client: CassandraClient, *operations: tuple[str, Any, Any]) -> list[Any]:
    """The values of operations that all succeed."""
    outcomes = [await client.invoke(Operation(f, value, key)) for f, value, key in operations]
    assert all(outcome.type is EventType.OK for outcome in outcomes), outcomes
    return [outcome.value for outcome in outcomes]


async def plain(cluster: RealCluster, key: str, **options: str) -> None:
    target = cassandra(**options)
    one = await opened(target, cluster.nodes[0], first=True)
    two = await opened(target, cluster.nodes[1])
    before = time.time_ns() // 1000
    assert await one.invoke(Operation("read", None, key)) == Outcome.ok(None, 0)
    await values(one, ("write", 7, key), ("append", 1, f"{key}-list"), ("append", 2, f"{key}-list"))
    read = await two.invoke(Operation("read", None, key))
    assert read.value == 7 and read.revision is not None and read.revision >= before - 10**6
    assert await values(two, ("read", None, f"{key}-list")) == [(1, 2)]
    await sets(one, two, key)
    await values(one, ("increment", 5, f"{key}-sum"), ("increment", -2, f"{key}-sum"))
    assert await values(two, ("read", None, f"{key}-sum")) == [3]
    await one.close()
    await two.close()


async def sets(one: CassandraClient, two: CassandraClient, key: str) -> None:
    await values(one, *(("add", element, f"{key}-set") for element in (10, 9, "a")), ("remove", 9, f"{key}-set"))
    assert await values(two, ("read", None, f"{key}-set")) == [(10, "a")]


async def conditional(cluster: RealCluster, key: str, **options: str) -> None:
    target = cassandra(lwt="on", **options)
    one = await opened(target, cluster.nodes[0], first=True)
    two = await opened(target, cluster.nodes[1])
    assert await values(one, ("read", None, key), ("write", 1, key), ("write", 2, key)) == [None, 1, 2]
    assert await values(two, ("cas", (2, 3), key), ("read", None, key)) == [(2, 3), 3]
    for wrong in ((2, 4), (None, 4)):
        refused = await one.invoke(Operation("cas", wrong, key))
        assert refused.error is not None
        assert (refused.type, refused.error.kind) == (EventType.FAIL, ErrorKind.PRECONDITION)
    appends = [client.invoke(Operation("append", n, f"{key}-list")) for n, client in enumerate((one, two, one))]
    ended = await asyncio.gather(*appends, return_exceptions=True)
    done = {outcome.value for outcome in ended if isinstance(outcome, Outcome) and outcome.type is EventType.OK}
    assert all(isinstance(end, Outcome | DriverException | ErrorMessage) for end in ended), (
        "rivals may leave each other in doubt"
    )
    (listed,) = await values(two, ("read", None, f"{key}-list"))
    assert done <= set(listed or ()) <= {0, 1, 2} and len(set(listed or ())) == len(listed or ())
    await sets(one, two, key)
    await one.close()
    await two.close()


async def tried(part: Part, cluster: RealCluster, key: str, **options: str) -> None:
    """A part of the scenario; once more on other objects where a busy machine made a request time out."""
    for number in range(TRIES):
        try:
            return await part(cluster, f"{key}{number}", **options)
        except (DriverException, ErrorMessage, ConnectionError) as error:
            if number == TRIES - 1:
                raise
            print(f"{part.__name__} again: {error}")
    return None


async def operated(cluster: RealCluster) -> None:
    """All operations, by plain writes and by transactions; then a node that is paused, and what the nodes say."""
    await tried(plain, cluster, "p")
    await tried(plain, cluster, "r", sets="rows", cl="LOCAL_QUORUM", strategy="network", timestamps="client")
    await tried(conditional, cluster, "c")
    await tried(conditional, cluster, "d", sets="rows", serial="LOCAL_SERIAL", strategy="network")
    target = cassandra()
    paused = await cluster.inject(Pause(("n3",)))
    client = target.client(cluster.nodes[2])
    try:
        async with asyncio.timeout(60):
            await client.open()
        raise AssertionError("a node that is paused answered")
    except ConnectionRefusedError:
        await client.close()
    await paused.heal()
    async with asyncio.timeout(90):
        await target.settle(cluster.nodes)
    verdict = await target.audit(cluster.nodes)
    assert verdict.value is Validity.VALID, verdict
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("Task Scheduler")]
