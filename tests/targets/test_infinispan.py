"""Clients of Infinispan on stand-ins: a comparison that was false, a read that is refused, and what its members see."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from splitbrain.harness.deployment import Place
from splitbrain.harness.environments.external import ExternalNode
from splitbrain.harness.operation import ErrorKind, EventType, Operation, Outcome
from splitbrain.harness.options import settle
from splitbrain.targets import infinispan
from splitbrain.targets.infinispan import Infinispan
from splitbrain.targets.memcached import Memcached
from splitbrain.targets.servers.server import Server

from .servers.fakes import FAKES
from .servers.wire import Wire, serving

READ = Operation("read", None, "k")


def made(kind: type[Server], **options: str) -> Server:
    return kind(settle(kind.options, options, kind.name))


async def outcomes(kind: type[Server], endpoint: str, operations: Sequence[Operation]) -> list[Outcome]:
    """The outcomes of one client's operations, as the harness records them."""
    server, found = made(kind, endpoints=endpoint), []
    client = server.client(ExternalNode("n1", endpoint))
    await client.open()
    for operation in operations:
        try:
            found.append(await client.invoke(operation))
        except Exception as error:  # noqa: BLE001 - the table is looked at
            found.append(server.errors.outcome(operation, error, effects=operation.f != "read"))
    await client.close()
    return found


def test_a_comparison_that_was_false_tells_nothing() -> None:
    async def scene() -> None:
        async with FAKES["infinispan"]() as node:
            node.answer(b"EXISTS")
            swap, other = Operation("cas", (7, 8), "k"), Operation("cas", (1, 8), "k")
            swapped, differed = await outcomes(Infinispan, node.endpoint, (swap, other))
        assert (swapped.type, swapped.error and swapped.error.kind) == (EventType.INFO, ErrorKind.CONFLICT)
        assert (differed.type, differed.error and differed.error.kind) == (EventType.FAIL, ErrorKind.PRECONDITION)

    asyncio.run(asyncio.wait_for(scene(), 20))


@pytest.mark.parametrize("kind", [Memcached, Infinispan])
def test_a_read_that_is_refused_leaves_its_connection_whole(kind: type[Server]) -> None:
    answers = iter([b"SERVER_ERROR Key 'k' is not available\r\n", b"VALUE k 0 1 5\r\n7\r\nEND\r\n"])

    async def talk(wire: Wire, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        writer.write(b"VERSION 1\r\n" if await reader.readuntil(b"\r\n") == b"version\r\n" else next(answers))
        return True

    async def scene() -> None:
        async with serving(talk, kind.schemes[0]) as wire:
            refused, answered = await outcomes(kind, wire.endpoint, (READ, READ))
        assert refused.type is EventType.FAIL and answered.value == 7

    asyncio.run(asyncio.wait_for(scene(), 20))


@pytest.mark.parametrize(("count", "ready"), [(1, False), (2, True), (3, True)])
def test_a_member_is_ready_among_more_than_half(count: int, ready: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    async def told(*_: Any) -> bytes:
        return b'HTTP/1.1 200 OK\r\n\r\n{"health_status":"HEALTHY","number_of_nodes":%d}' % count

    async def scene() -> None:
        async with FAKES["infinispan"]() as node:
            monkeypatch.setattr(infinispan, "told", told)
            monkeypatch.setattr(infinispan, "PORT", int(node.endpoint.rpartition(":")[2]))
            members = dict.fromkeys(("n1", "n2", "n3"), "127.0.0.1")
            place = Place("n1", "127.0.0.1", Path("/none"), members)
            assert await made(Infinispan).ready(place) == ready

    asyncio.run(asyncio.wait_for(scene(), 20))


def test_convergence_is_claimed_but_where_both_parts_go_on_and_nothing_is_merged() -> None:
    assert made(Infinispan).claims == ()
    assert made(Infinispan, split="deny").claims == made(Infinispan, merge="preferred").claims == ("convergence",)
