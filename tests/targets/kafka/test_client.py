"""Clients of Kafka against the cluster that librdkafka plays, and what Kafka's errors mean."""

import asyncio
from collections.abc import Iterator
from contextlib import closing

import pytest

from splitbrain.harness.environments.external import ExternalNode
from splitbrain.harness.errors import UsageError
from splitbrain.harness.operation import EventType, Operation, Outcome
from splitbrain.harness.options import settle
from splitbrain.targets.kafka import Kafka
from splitbrain.targets.kafka.session import KafkaSession, leader, members, producing, told
from splitbrain.targets.servers.errors import ServerError

from .mock_cluster import END_TRANSACTION, PRODUCE, MockCluster, loaded, mock_cluster

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


@pytest.fixture
def cluster() -> Iterator[MockCluster]:
    """Three brokers that the driver plays, which fail when they are told to."""
    try:
        loaded()
    except FileNotFoundError as error:
        pytest.skip(str(error))
    with mock_cluster(3) as played:
        yield played


def carried_out(url: str, *operations: Operation, **options: str) -> list[Outcome]:
    """The outcomes of operations of one client, one after the other."""

    async def scene() -> list[Outcome]:
        client = kafka(endpoints=url, **options).client(ExternalNode("n1", url))
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


def test_messages_of_a_batch_stand_one_after_the_other(broker: str) -> None:
    batch = Operation("send-batch", (1, 2, 3), "log0")
    sent, polled = carried_out(broker, batch, POLL, in_flight="5")
    assert sent.value == polled.value == ((0, 1), (1, 2), (2, 3))


@pytest.mark.parametrize("answers", [(19, 0, 0), (0, 0, 6)])
def test_a_batch_of_which_a_part_is_acknowledged_is_of_unknown_end(
    cluster: MockCluster, answers: tuple[int, ...]
) -> None:
    with closing(session(cluster, in_flight="5")) as client:
        cluster.fail(PRODUCE, *answers)
        with pytest.raises(ServerError, match="of 3 messages were acknowledged") as part:
            client.sent("log0", [b"1", b"2", b"3"])
    assert not kafka().errors.classify(part.value)[1]


@pytest.mark.parametrize(("answers", "definite"), [((19, 19, 19), True), ((19, 7, 19), False)])
def test_a_batch_has_failed_if_each_message_has(cluster: MockCluster, answers: tuple[int, ...], definite: bool) -> None:
    with closing(session(cluster, in_flight="5")) as client:
        cluster.fail(PRODUCE, *answers)
        with pytest.raises(ServerError) as error:
            client.sent("log0", [b"1", b"2", b"3"])
    assert kafka().errors.classify(error.value)[1] is definite


def test_a_transaction_is_committed_or_aborted(cluster: MockCluster) -> None:
    with closing(session(cluster, transactions="on")) as client:
        before = cluster.requests(END_TRANSACTION)
        assert len(client.sent("log0", [b"1", b"2"])) == 2
        client.aborted("log0", [b"3"])
        assert cluster.requests(END_TRANSACTION) == before + 2


def test_a_transaction_whose_messages_are_refused_is_aborted_and_a_later_one_is_not(cluster: MockCluster) -> None:
    server = kafka(transactions="on")
    with closing(session(cluster, transactions="on")) as client:
        cluster.fail(PRODUCE, 10)  # MSG_SIZE_TOO_LARGE
        with pytest.raises(ServerError, match="aborted") as error:
            client.sent("log0", [b"1"])
        assert server.errors.classify(error.value)[1]
        assert None in (failure(client), failure(client))  # the driver may purge the next one with the first


def test_a_commit_that_fails_is_of_unknown_end(cluster: MockCluster) -> None:
    with closing(session(cluster, transactions="on")) as client:
        cluster.fail(END_TRANSACTION, 47)  # INVALID_PRODUCER_EPOCH
        with pytest.raises(ServerError) as error:
            client.sent("log0", [b"1"])
    assert not kafka(transactions="on").errors.classify(error.value)[1]


def test_the_name_of_a_session_that_has_left_is_taken_again(cluster: MockCluster) -> None:
    server = kafka(endpoints=cluster.urls[0], transactions="on")
    first, second = KafkaSession(server, cluster.urls[0]), KafkaSession(server, cluster.urls[0])
    first.make("log0")
    first.close()
    third = KafkaSession(server, cluster.urls[0])
    third.make("log0")
    assert failure(third) is None
    second.close()
    third.close()
    assert {server.names.take(), server.names.take(), server.names.take()} == {f"splitbrain-{i}" for i in (1, 2, 3)}


def test_an_aborted_batch_has_failed(broker: str) -> None:
    aborted = Operation("send-aborted", (1, 2), "log0")
    batch = Operation("send-batch", (3, 4), "log0")
    failed, sent = carried_out(broker, aborted, batch, transactions="on")
    assert (failed.type, sent.type) == (EventType.FAIL, EventType.OK)


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
        (5, {}, EventType.INFO),  # the driver asks who leads, which may be after it has sent
        (-190, {}, EventType.INFO),  # the driver's, of a message that was sent before the log was forgotten
        (-188, {}, EventType.INFO),
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


@pytest.mark.parametrize(
    ("errors", "code"),
    [
        ((6, 19), -192),  # it may be in the log after the 6, and would be once more, or be taken for refused
        ((3, 19), -192),
        ((5, 19), -192),
        ((-195, 19), -195),  # the connection breaks
        ((19, 0), 19),
    ],
)
def test_a_message_is_sent_once(cluster: MockCluster, errors: tuple[int, ...], code: int) -> None:
    assert sent_amid(cluster, *errors) == (code, 1)


@pytest.mark.parametrize("options", [{"retries": "5"}, {"idempotence": "on"}])
def test_a_message_is_sent_again_if_the_options_say_so(cluster: MockCluster, options: dict[str, str]) -> None:
    assert sent_amid(cluster, 6, **options) == (None, 2)


def test_who_leads_is_asked_again_soon(cluster: MockCluster) -> None:
    with closing(session(cluster)) as client:
        for broker in (2, 3, 1):
            cluster.lead("log0", broker)
            assert None in (failure(client), failure(client))


def session(cluster: MockCluster, **options: str) -> KafkaSession:
    """A session that has sent a message."""
    client = KafkaSession(kafka(endpoints=cluster.urls[0], **options), cluster.urls[0])
    client.make("log0")
    assert failure(client) is None
    return client


def failure(client: KafkaSession) -> int | str | None:
    """The code of the error that a send meets."""
    try:
        client.sent("log0", [b"1"])
    except ServerError as error:
        return error.code
    return None


def sent_amid(cluster: MockCluster, *errors: int, **options: str) -> tuple[int | str | None, int]:
    """The code of the error that a send met, and how often it was sent, when brokers answer so."""
    with closing(session(cluster, **options)) as client:
        before = cluster.requests(PRODUCE)
        cluster.fail(PRODUCE, *errors)
        return failure(client), cluster.requests(PRODUCE) - before


def test_what_is_not_there_cannot_be_polled(broker: str) -> None:
    poll = Operation("poll", None, "never-sent")
    with pytest.raises(ServerError) as nothing:
        carried_out(broker, poll)
    assert kafka().errors.knows(nothing.value)
    assert kafka().errors.outcome(poll, nothing.value, effects=False).type is EventType.FAIL


def test_a_producer_tries_once_unless_it_is_told_otherwise() -> None:
    assert producing(kafka())["retries"] == 0
    assert producing(kafka(retries="4"))["retries"] == 4
    assert "retries" not in producing(kafka(idempotence="on"))
    with pytest.raises(UsageError, match="idempotence=on takes acks=all"):
        kafka(idempotence="on", acks="1")
    with pytest.raises(UsageError, match="transactions=on takes in_flight up to 5"):
        kafka(transactions="on", in_flight="6")


def test_what_is_claimed() -> None:
    assert kafka(in_flight="5").claims == kafka(transactions="on").claims == ("ordered-log",)
    assert kafka(idempotence="on", in_flight="5").claims == ("ordered-log",)
    assert kafka(retries="5", in_flight="5").claims == ()
    assert kafka(transactions="on", isolation="read-uncommitted").claims == ()
