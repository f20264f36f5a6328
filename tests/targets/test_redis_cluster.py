"""Clients of a Redis Cluster on two stand-ins, and what its nodes know at first."""

import asyncio

import pytest

from splitbrain.harness.environments.external import ExternalNode
from splitbrain.harness.operation import ErrorKind, EventType, Operation, Outcome
from splitbrain.harness.options import settle
from splitbrain.targets.redis import HOPS, Redis
from splitbrain.targets.redis_cluster import SLOTS, nodes_file

from .servers.fakes import FAKES
from .servers.wire import CUT, OK, Answer

WRITE = Operation("write", 1, "k")


def sent_on(answer: Answer) -> tuple[Outcome, int, int]:
    """The outcome of a write that one node sends on to another, and how many came to each."""

    async def scene() -> tuple[Outcome, int, int]:
        async with FAKES["redis"]() as near, FAKES["redis"]() as far:
            near.answer(f"MOVED 7 {far.endpoint.rpartition('/')[2]}".encode())
            far.answer(f"MOVED 7 {near.endpoint.rpartition('/')[2]}".encode() if answer == "back" else answer)
            server = Redis(settle(Redis.options, {"endpoints": near.endpoint}, "redis"))
            client = server.client(ExternalNode("n1", near.endpoint))
            await client.open()
            try:
                outcome = await client.invoke(WRITE)
            except Exception as error:  # noqa: BLE001 - the table is looked at
                outcome = server.errors.outcome(WRITE, error, effects=True)
            finally:
                await client.close()
            return outcome, near.writes, far.writes

    return asyncio.run(asyncio.wait_for(scene(), 20))


@pytest.mark.parametrize(
    ("answer", "type", "error"),
    [
        (OK, EventType.OK, None),
        (CUT, EventType.INFO, ErrorKind.CONNECTION),
        (b"CLUSTERDOWN The cluster is down", EventType.FAIL, ErrorKind.UNAVAILABLE),
    ],
)
def test_a_client_goes_where_it_is_sent(answer: Answer, type: EventType, error: ErrorKind | None) -> None:
    outcome, near, far = sent_on(answer)
    assert (outcome.type, outcome.error and outcome.error.kind) == (type, error)
    assert (near, far) == (1, 1)


def test_a_client_that_is_sent_to_and_fro_gives_up() -> None:
    outcome, near, far = sent_on("back")
    assert (outcome.type, near + far) == (EventType.FAIL, HOPS)


@pytest.mark.parametrize(("count", "owners"), [(1, 1), (3, 3), (5, 5), (6, 3), (7, 3)])
def test_every_slot_has_one_primary(count: int, owners: int) -> None:
    addresses = [f"198.18.0.{10 + number}" for number in range(count)]
    lines = [line.split() for line in nodes_file(addresses[0], addresses).splitlines()[:-1]]
    slots = [slot for line in lines for slot in _slots(line[8:])]
    assert sorted(slots) == list(range(SLOTS)) and len(lines) == count
    masters = {line[0] for line in lines if "master" in line[2]}
    assert len(masters) == owners and {line[3] for line in lines if "slave" in line[2]} <= masters
    assert [line[1].partition(":")[0] for line in lines if "myself" in line[2]] == addresses[:1]


def _slots(words: list[str]) -> list[int]:
    return [slot for first, last in (word.split("-") for word in words) for slot in range(int(first), int(last) + 1)]
