"""A queue as a lock on a stand-in for a node: one message, its holder, and what a holder knows."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from splitbrain import registry
from splitbrain.harness.environments.external import ExternalNode
from splitbrain.harness.operation import ErrorKind, EventType, Operation, Outcome
from splitbrain.harness.options import settle
from splitbrain.targets import rabbitmq_lock
from splitbrain.targets.rabbitmq import RabbitMQ

from .servers.wire import CUT, OK, SILENT, Answer, Wire, serving

pytest.importorskip("aiormq")
from .test_rabbitmq import NACK, Broker

ACQUIRE, USE, RELEASE = (Operation(f, None, "lock0") for f in ("acquire", "use", "release"))
HOLD = Operation("hold", 20, "lock0")
Scene = Callable[[Broker, RabbitMQ, Wire, Callable[[Operation], Awaitable[Outcome]]], Awaitable[Any]]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("WAIT_SECONDS", "POLL_SECONDS", "GET_SECONDS", "MAKE_SECONDS", "TURN_SECONDS"):
        monkeypatch.setattr(rabbitmq_lock, name, 0.3)


def played(scene: Scene, *elements: bytes) -> Any:
    """The outcome of a scene with one client of a node with these messages."""

    async def play() -> Any:
        broker = Broker(*elements)
        async with serving(broker.talk, "amqp") as wire:
            server = RabbitMQ(settle(RabbitMQ.options, {"endpoints": wire.endpoint}, "rabbitmq"))
            client = server.client(ExternalNode("n1", wire.endpoint))
            await client.open()
            try:
                return await scene(broker, server, wire, client.invoke)
            finally:
                await client.close()

    return asyncio.run(asyncio.wait_for(play(), 30))


def kind(outcome: Outcome) -> ErrorKind | None:
    assert outcome.type is not EventType.INFO
    return outcome.error.kind if outcome.error else None


def test_a_lock_is_taken_and_put_back_on_the_same_channel() -> None:
    async def scene(broker: Broker, server: RabbitMQ, wire: Wire, invoke: Any) -> None:
        assert [kind(await invoke(one)) for one in (ACQUIRE, USE, Operation("hold", 0.01, "lock0"))] == [None] * 3
        assert broker.elements == [], "it is out"
        assert kind(await invoke(RELEASE)) is None
        assert (broker.elements, broker.acknowledged) == ([b"put back"], 0)
        assert broker.published == list(server.locks.names.values()) == broker.asked
        assert kind(await invoke(USE)) is ErrorKind.PRECONDITION

    played(scene, b"lock")


def test_a_lock_that_is_out_is_not_acquired() -> None:
    async def scene(broker: Broker, server: RabbitMQ, wire: Wire, invoke: Any) -> None:
        assert [kind(await invoke(one)) for one in (ACQUIRE, RELEASE)] == [ErrorKind.CONFLICT, ErrorKind.PRECONDITION]

    played(scene)


@pytest.mark.parametrize("answer", [CUT, SILENT, NACK])
def test_a_queue_whose_message_is_in_doubt_is_used_by_nobody(answer: Answer) -> None:
    async def scene(broker: Broker, server: RabbitMQ, wire: Wire, invoke: Any) -> None:
        wire.answer(answer, OK)
        failed = await invoke(ACQUIRE)
        assert failed.type is EventType.FAIL and not server.locks.names
        assert kind(await invoke(ACQUIRE)) is None
        first, second = broker.published
        assert first != second and set(broker.asked) == {second}

    played(scene, b"lock")


def test_two_who_ask_at_once_make_one_queue() -> None:
    async def scene(broker: Broker, server: RabbitMQ, wire: Wire, invoke: Any) -> None:
        other = server.client(ExternalNode("n2", wire.endpoint))
        kinds = {kind(one) for one in await asyncio.gather(invoke(ACQUIRE), other.invoke(ACQUIRE))}
        await other.close()
        assert kinds == {None, ErrorKind.CONFLICT} and len(broker.published) == 1

    played(scene, b"lock")


def test_a_holder_whose_connection_is_gone_has_lost_the_lock() -> None:
    async def scene(broker: Broker, server: RabbitMQ, wire: Wire, invoke: Any) -> None:
        assert kind(await invoke(ACQUIRE)) is None
        asyncio.get_running_loop().call_later(0.1, broker.writers[0].close)
        assert kind(await invoke(HOLD)) is ErrorKind.CONFLICT, "long before its time is up"
        assert [kind(await invoke(one)) for one in (USE, HOLD, RELEASE)] == [ErrorKind.PRECONDITION] * 3
        broker.elements.append(b"lock")
        assert kind(await invoke(ACQUIRE)) is None, "on a connection of its own"

    played(scene, b"lock")


def test_the_queues_of_locks_are_deleted_in_a_cluster_that_stays() -> None:
    async def scene(broker: Broker, server: RabbitMQ, wire: Wire, invoke: Any) -> None:
        await invoke(ACQUIRE)
        last = server.client(ExternalNode("n1", wire.endpoint))
        await last.open()
        await last.teardown()
        await last.close()
        assert broker.deleted == broker.published

    played(scene, b"lock")


def test_a_run_without_a_workload_is_of_queues() -> None:
    assert registry.target("rabbitmq").default_workload == "queue"  # type: ignore[attr-defined]
