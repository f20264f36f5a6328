"""Clients of RabbitMQ on a stand-in for a node: what is in doubt, and what stays in the queue."""

import asyncio
import ssl
import struct
from collections.abc import Sequence
from pathlib import Path

import pytest

from splitbrain.harness.environments.external import ExternalNode
from splitbrain.harness.operation import ErrorKind, EventType, Operation, Outcome
from splitbrain.harness.options import settle
from splitbrain.targets import rabbitmq
from splitbrain.targets.rabbitmq import RabbitMQ

from .servers.fronts import front, self_signed
from .servers.wire import CUT, OK, SILENT, Answer, Wire, serving

pytest.importorskip("aiormq")
from pamqp import body, commands, frame, header

NACK = b"nack"
START = commands.Connection.Start(server_properties={"capabilities": {"publisher_confirms": True, "basic.nack": True}})
ANSWERS = {
    "Connection.StartOk": commands.Connection.Tune(channel_max=8, frame_max=131072, heartbeat=0),
    "Connection.Open": commands.Connection.OpenOk(),
    "Connection.Close": commands.Connection.CloseOk(),
    "Channel.Open": commands.Channel.OpenOk(),
    "Channel.Close": commands.Channel.CloseOk(),
    "Confirm.Select": commands.Confirm.SelectOk(),
    "Basic.Qos": commands.Basic.QosOk(),
    "Queue.Delete": commands.Queue.DeleteOk(0),
}


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("QUIET_SECONDS", "GET_SECONDS", "FAREWELL_SECONDS"):
        monkeypatch.setattr(rabbitmq, name, 0.3)


class Broker:
    """A node with one queue. acknowledged: the tag up to which a client said that it is done. published: the queues
    that were sent a message, asked: those that were asked for one, each in turn."""

    def __init__(self, *elements: bytes) -> None:
        self.elements = list(elements)
        self.acknowledged = self.tags = 0
        self.logins: set[str] = set()
        self.published: list[str] = []
        self.asked: list[str] = []
        self.deleted: list[str] = []
        self.writers: list[asyncio.StreamWriter] = []

    async def talk(self, wire: Wire, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """One frame, after a greeting. Publishing and getting are the requests that meet an answer."""
        if not hasattr(writer, "greeted"):
            await reader.readexactly(8)
            writer.greeted = True  # type: ignore[attr-defined]
            self.writers.append(writer)
            writer.write(frame.marshal(START, 0))
            return True
        head = await reader.readexactly(7)
        data = head + await reader.readexactly(struct.unpack(">I", head[3:])[0] + 1)
        _, channel, got = frame.unmarshal(data)
        if isinstance(got, commands.Connection.StartOk):
            self.logins.add(str(got.response))
        if isinstance(got, commands.Queue.Delete):
            self.deleted.append(got.queue)
        if got.name in ANSWERS:
            writer.write(frame.marshal(ANSWERS[got.name], channel))
        elif isinstance(got, commands.Queue.Declare):
            writer.write(frame.marshal(commands.Queue.DeclareOk(got.queue, 0, 0), channel))
        elif isinstance(got, commands.Basic.Ack):
            self.acknowledged = got.delivery_tag
        elif isinstance(got, commands.Basic.Nack):
            self.elements.append(b"put back")
        elif isinstance(got, commands.Basic.Publish):
            self.published.append(got.routing_key)
        elif isinstance(got, body.ContentBody):
            confirm = frame.marshal(commands.Basic.Ack(1, False), channel)
            return await wire.say(
                writer, confirm, lambda _: frame.marshal(commands.Basic.Nack(1, False, False), channel)
            )
        elif isinstance(got, commands.Basic.Get):
            self.asked.append(got.queue)
            return await wire.say(writer, self.next(channel), lambda _: b"")
        return True

    def next(self, channel: int) -> bytes:
        """The answer to a get: an element, or that there is none."""
        if not self.elements:
            return bytes(frame.marshal(commands.Basic.GetEmpty(), channel))
        data, self.tags = self.elements.pop(0), self.tags + 1
        frames = (
            commands.Basic.GetOk(self.tags, False, "", "q", 0),
            header.ContentHeader(0, len(data), commands.Basic.Properties()),
            body.ContentBody(data),
        )
        return b"".join(frame.marshal(one, channel) for one in frames)


def carried_out(broker: Broker, answers: Sequence[Answer], *operations: Operation) -> list[Outcome]:
    """The outcomes of operations of one client, as the harness records them."""

    async def scene() -> list[Outcome]:
        async with serving(broker.talk, "amqp") as wire:
            wire.answer(*answers)
            return await outcomes({"endpoints": wire.endpoint}, operations)

    return asyncio.run(asyncio.wait_for(scene(), 30))


async def outcomes(options: dict[str, str], operations: Sequence[Operation]) -> list[Outcome]:
    server = RabbitMQ(settle(RabbitMQ.options, options, "rabbitmq"))
    client = server.client(ExternalNode("n1", options["endpoints"]))
    await client.open()
    found = []
    for operation in operations:
        try:
            async with asyncio.timeout(1):
                found.append(await client.invoke(operation))
        except Exception as error:  # noqa: BLE001 - the table is looked at
            found.append(server.errors.outcome(operation, error, effects=True))
    await client.close()
    return found


PUT, TAKE, DRAIN = (Operation(f, 7 if f == "enqueue" else None, "q") for f in ("enqueue", "dequeue", "drain"))


@pytest.mark.parametrize(
    ("answer", "type", "error"),
    [
        (OK, EventType.OK, None),
        (CUT, EventType.INFO, ErrorKind.CONNECTION),
        (SILENT, EventType.INFO, ErrorKind.TIMEOUT),
        (NACK, EventType.INFO, ErrorKind.UNAVAILABLE),
    ],
)
def test_what_is_not_confirmed_may_be_in_the_queue(answer: Answer, type: EventType, error: ErrorKind | None) -> None:
    (outcome,) = carried_out(Broker(), [answer], PUT)
    assert (outcome.type, outcome.error and outcome.error.kind) == (type, error)


def test_what_came_out_is_acknowledged() -> None:
    broker = Broker(b"7")
    first, second = carried_out(broker, [OK], TAKE, TAKE)
    assert (first.value, second.value, broker.acknowledged) == (7, None, 1)


@pytest.mark.parametrize("answer", [CUT, SILENT])
def test_what_did_not_come_in_time_is_not_taken(answer: Answer) -> None:
    broker = Broker(b"7")
    lost, after = carried_out(broker, [answer, OK], TAKE, TAKE)
    assert lost.type is EventType.FAIL
    assert after.type is EventType.OK, "on a connection of its own"


def test_a_drain_takes_all_or_nothing() -> None:
    broker = Broker(b"1", b"2", b"3")
    assert carried_out(broker, [OK], DRAIN)[0].value == (1, 2, 3) and broker.acknowledged == 3
    broker = Broker(b"1", b"2", b"3")
    assert carried_out(broker, [OK, OK, CUT], DRAIN)[0].type is EventType.FAIL
    assert broker.acknowledged == 0, "they go back"


def test_tls_and_a_password(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("cryptography")
    certificate, key = self_signed(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    monkeypatch.setenv("HUSH", "hush/hush")
    broker = Broker()

    async def scene() -> None:
        async with serving(broker.talk, "amqp") as wire, front(wire.endpoint, "amqps", context) as made:
            options = {"endpoints": made.endpoint, "ca": str(certificate), "user": "me", "password_env": "HUSH"}
            (outcome,) = await outcomes(options, [PUT])
            assert outcome.type is EventType.OK

    asyncio.run(asyncio.wait_for(scene(), 30))
    assert broker.logins == {"\0me\0hush/hush"}
