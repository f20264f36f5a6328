"""Clients of Kafka against the cluster that librdkafka plays, and what Kafka's errors mean."""

import asyncio
from collections.abc import Iterator

import pytest

from splitbrain.harness.environments.external import ExternalNode
from splitbrain.harness.errors import UsageError
from splitbrain.harness.operation import EventType, Operation, Outcome
from splitbrain.harness.options import settle
from splitbrain.targets.kafka import Kafka
from splitbrain.targets.kafka.session import leader, members, producing, told
from splitbrain.targets.servers.errors import ServerError

confluent_kafka = pytest.importorskip("confluent_kafka")
SEND, POLL = Operation("send", 1, "log0"), Operation("poll", None, "log0")


def kafka(**options: str) -> Kafka:
    return Kafka(settle(Kafka.options, options, "kafka"))


@pytest.fixture
def broker() -> Iterator[str]:
    """The URL of a broker that the driver plays."""
    played = confluent_kafka.Producer({"test.mock.num.brokers": 1, "bootstrap.servers": "played", "log_level": 0})
    (there,) = played.list_topics(timeout=10).brokers.values()
    yield f"kafka://{there.host}:{there.port}"
    del played


def carried_out(url: str, *operations: Operation) -> list[Outcome]:
    """The outcomes of operations of one client, one after the other."""

    async def scene() -> list[Outcome]:
        client = kafka(endpoints=url).client(ExternalNode("n1", url))
        await client.open()
        try:
            return [await client.invoke(operation) for operation in operations]
        finally:
            await client.close()

    return asyncio.run(asyncio.wait_for(scene(), 60))


def test_polls_go_on_where_the_client_stopped(broker: str) -> None:
    start = Operation("poll", "start", "log0")
    first, second, polled, nothing, whole = carried_out(broker, SEND, Operation("send", 2, "log0"), POLL, POLL, start)
    assert (first.revision, second.revision) == (0, 1)
    assert polled.value == whole.value == ((0, 1), (1, 2))
    assert nothing.value == ()
    (fresh,) = carried_out(broker, POLL)
    assert fresh.value == polled.value


def test_a_broker_says_who_is_there_and_who_leads(broker: str) -> None:
    server = kafka(endpoints=broker)
    assert members(server, broker) == {1}
    carried_out(broker, SEND)
    assert leader(server, broker, "log0") == "127.0.0.1"


@pytest.mark.parametrize(
    ("number", "options", "type"),
    [
        (19, {}, EventType.FAIL),  # said before the leader appends
        (6, {}, EventType.INFO),  # said of a message that waits for its copies, too
        (20, {}, EventType.INFO),
        (7, {}, EventType.INFO),
        (-192, {}, EventType.INFO),
        (-1, {}, EventType.INFO),  # UNKNOWN_SERVER_ERROR
        (19, {"retries": "3"}, EventType.INFO),  # an earlier try may have succeeded
        (19, {"idempotence": "on"}, EventType.INFO),
    ],
)
def test_what_an_error_means(number: int, options: dict[str, str], type: EventType) -> None:
    error = told(confluent_kafka.KafkaError(number))
    assert kafka(**options).errors.outcome(SEND, error, effects=True).type is type


def test_what_is_not_there_certainly_did_not_happen(broker: str) -> None:
    with pytest.raises(ServerError) as nothing:
        carried_out(broker, Operation("poll", None, "never-sent"))
    assert kafka().errors.classify(nothing.value)[1]


def test_a_producer_tries_once_unless_it_is_told_otherwise() -> None:
    assert producing(kafka())["retries"] == 0
    assert producing(kafka(retries="4"))["retries"] == 4
    assert "retries" not in producing(kafka(idempotence="on"))
    with pytest.raises(UsageError, match="idempotence=on takes acks=all"):
        kafka(idempotence="on", acks="1")
