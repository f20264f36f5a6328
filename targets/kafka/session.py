"""A session with Kafka through librdkafka, which blocks: a producer, a consumer, and questions about who leads.

A message is sent once, unless the options say otherwise. The driver learns who leads a log from the node of its client
alone, each second and when a leader says that it is none: a node that is cut off goes on naming itself.

Pitfall: `retries=0` is not enough. The driver, `rd_kafka_handle_Produce_error` in its source, does not count as a retry
what follows an answer after which it asks who leads, NOT_LEADER_OR_FOLLOWER for one, though the message may be in the
log. It waits for `retry.backoff.ms` first, which is why a message that is to be sent once expires before that.
"""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from splitbrain.targets.kafka.errors import ABORTED, PARTLY
from splitbrain.targets.servers.errors import ServerError
from splitbrain.targets.values import unpacked

ASK_SECONDS, SEND_SECONDS, STEP_SECONDS = 2.0, 3.0, 0.05
NEVER = 300_000
"""Milliseconds that no message lives, and the longest backoff that the driver takes."""
SILENT = logging.Logger("silent", logging.CRITICAL + 1)
"""A logger for the driver, which would tell of a producer that is fenced on the terminal, too."""
TOPIC_EXISTS, TIMED_OUT, PARTITION_EOF = 36, -185, -191


class KafkaSession:
    """A producer and a consumer for one client. Every method blocks for seconds at most, and raises ServerError."""

    def __init__(self, server: Any, address: str) -> None:
        from confluent_kafka import Consumer

        self._server = server
        self._common = common(server, address)
        self._name = server.names.take() if server.transactional else None
        self._producer: Any = None
        self._consumer: Any = Consumer({**self._common, **consuming(server)})
        self._known: set[str] = set()
        self._position: dict[str, int] = {}

    def make(self, log: str) -> None:
        """See that a log is there, or make it; and a producer, which ends what the last one of its name left open."""
        from confluent_kafka import Producer
        from confluent_kafka.admin import AdminClient
        from confluent_kafka.cimpl import NewTopic

        if self._producer is None:
            producer = Producer({**self._common, **producing(self._server), **named(self._name)})
            if self._name is not None:
                answered(lambda: producer.init_transactions(SEND_SECONDS))
            self._producer = producer
        if log in self._known:
            return
        admin = AdminClient(self._common)  # kept until it has answered, or it gives up
        if answered(lambda: admin.list_topics(log, timeout=ASK_SECONDS)).topics[log].error is not None:
            new = admin.create_topics([NewTopic(log, 1)], request_timeout=ASK_SECONDS)
            try:
                answered(lambda: new[log].result(ASK_SECONDS))
            except ServerError as error:
                if error.code != TOPIC_EXISTS:
                    raise
        self._known.add(log)

    def sent(self, log: str, messages: Sequence[bytes]) -> list[int | None]:
        """The offsets at which messages stand that are sent one after the other; None where the leader does not say."""
        if self._name is None:
            return self._delivered(log, messages)
        answered(self._producer.begin_transaction)
        try:
            offsets = self._delivered(log, messages)
        except ServerError as error:
            self._abort()
            raise ServerError(f"aborted, because of {error}", ABORTED) from error
        answered(lambda: self._producer.commit_transaction(ASK_SECONDS))
        return offsets

    def aborted(self, log: str, messages: Sequence[bytes]) -> None:
        """Send messages in a transaction, and abort it."""
        answered(self._producer.begin_transaction)
        try:
            self._delivered(log, messages)
        finally:
            self._abort()

    def _abort(self) -> None:
        answered(lambda: self._producer.abort_transaction(ASK_SECONDS))

    def _delivered(self, log: str, messages: Sequence[bytes]) -> list[int | None]:
        """The offsets of messages that are sent. ServerError if not all of them are acknowledged, and a definite one
        only if that of each is."""
        ends: dict[int, tuple[Any, Any]] = {}

        def ended(number: int) -> Callable[[Any, Any], object]:
            return lambda error, there: ends.setdefault(number, (error, there))

        for number, message in enumerate(messages):
            answered(partial(self._producer.produce, log, message, partition=0, on_delivery=ended(number)))
        until = time.monotonic() + 2 * SEND_SECONDS
        while len(ends) < len(messages) and time.monotonic() < until:
            self._producer.poll(STEP_SECONDS)
        if len(ends) < len(messages):
            raise ServerError("the driver does not say what became of the message", TIMED_OUT)
        errors = [told(error) for error, _ in ends.values() if error is not None]
        if errors:
            worst = next((error for error in errors if not self._server.errors.classify(error)[1]), errors[0])
            some = f"{len(messages) - len(errors)} of {len(messages)} messages were acknowledged; {worst}"
            raise worst if len(errors) == len(messages) else ServerError(some, PARTLY)
        offsets = [ends[number][1].offset() for number in range(len(messages))]
        return [offset if offset >= 0 else None for offset in offsets]

    def polled(self, log: str, whole: bool) -> list[tuple[int, Any]]:
        """The messages that are there to be read, each with its offset: all, or those that follow the last poll."""
        from confluent_kafka import TopicPartition

        first, end = answered(lambda: self._consumer.get_watermark_offsets(TopicPartition(log, 0), ASK_SECONDS))
        position = first if whole else self._position.get(log, first)
        found: list[tuple[int, Any]] = []
        if position < end:
            self._consumer.assign([TopicPartition(log, 0, position)])
            found, position = self._read(position, end)
            self._consumer.unassign()
        self._position[log] = position
        return found

    def close(self) -> None:
        """Leave; what was not sent is not sent."""
        if self._producer is not None:
            self._producer.purge()
        self._consumer.close()
        if self._name is not None:
            self._server.names.give(self._name)

    def _read(self, position: int, end: int) -> tuple[list[tuple[int, Any]], int]:
        """The messages from a position on, and the position behind them: markers of transactions have offsets, too."""
        found: list[tuple[int, Any]] = []
        until = time.monotonic() + ASK_SECONDS
        while position < end:
            if time.monotonic() > until:
                raise ServerError(f"only {len(found)} messages came of those before offset {end}", TIMED_OUT)
            for message in self._consumer.consume(500, STEP_SECONDS):
                if message.error() is None:
                    found.append((message.offset(), unpacked(message.value())))
                    position = message.offset() + 1
                elif message.error().code() == PARTITION_EOF:
                    position = max(position, message.offset())
                else:
                    raise told(message.error())
        return found, position


class TransactionalIds:
    """The names of transactional producers. One is taken again as soon as its session has left: the next producer of a
    name fences the last one, and ends its transaction."""

    def __init__(self) -> None:
        self._free: list[str] = []
        self._made = 0

    def take(self) -> str:
        """A name that no session has."""
        if self._free:
            return self._free.pop()
        self._made += 1
        return f"splitbrain-{self._made}"

    def give(self, name: str) -> None:
        """Let another session have a name."""
        self._free.append(name)


def consuming(server: Any) -> Mapping[str, Any]:
    """The driver's settings for a consumer that is told where to begin, and has no part in a group."""
    return {
        "group.id": "splitbrain",
        "enable.auto.commit": False,
        "enable.partition.eof": True,
        "auto.offset.reset": "error",
        "isolation.level": server.word("isolation").replace("-", "_"),
        "fetch.wait.max.ms": 100,
    }


def named(name: str | None) -> Mapping[str, Any]:
    """The driver's settings for a producer with such a name: it sends in transactions."""
    return {} if name is None else {"transactional.id": name, "transaction.timeout.ms": int(2 * SEND_SECONDS * 1000)}


def producing(server: Any) -> Mapping[str, Any]:
    """The driver's settings for a producer: at once, each message by itself, as often as the options say."""
    often: dict[str, Any] = {} if server.idempotent else {"retries": server.number("retries")}
    if server.once:
        often |= {"retry.backoff.ms": NEVER, "retry.backoff.max.ms": NEVER}
    return {
        "acks": server.word("acks"),
        "enable.idempotence": server.idempotent,
        "linger.ms": 0,
        "batch.num.messages": 1,
        "max.in.flight.requests.per.connection": server.number("in_flight"),
        "message.timeout.ms": int(SEND_SECONDS * 1000),
        "request.timeout.ms": int(ASK_SECONDS * 1000),
        **often,
    }


def common(server: Any, address: str) -> dict[str, Any]:
    """The driver's settings for everything: the node at an address is asked who leads."""
    access, words = server.access, {}
    host, port, secure = access.host_and_port(address, server.port)
    if access.user:
        words = {"sasl.mechanism": "PLAIN", "sasl.username": access.user, "sasl.password": access.password}
    if secure:
        words |= {"ssl.ca.location": access.ca, "ssl.certificate.location": access.cert, "ssl.key.location": access.key}
    return {
        "bootstrap.servers": f"{host}:{port}",
        "security.protocol": ("SASL_" if access.user else "") + ("SSL" if secure else "PLAINTEXT"),
        "log_level": 0,
        "logger": SILENT,
        "socket.timeout.ms": int(ASK_SECONDS * 1000),
        "reconnect.backoff.ms": 50,
        "reconnect.backoff.max.ms": 500,
        "topic.metadata.refresh.interval.ms": 1000,
        **{name: word for name, word in words.items() if word},
    }


def members(server: Any, address: str) -> set[int]:
    """The numbers of the brokers that the one at an address knows."""
    return set(_metadata(server, address).brokers)


def leader(server: Any, address: str, log: str) -> str | None:
    """The address of a log's leader, as the broker at an address sees it; None if there is none."""
    seen = _metadata(server, address, log)
    partition = seen.topics[log].partitions.get(0)
    broker = partition and seen.brokers.get(partition.leader)
    return broker.host if broker else None


def _metadata(server: Any, address: str, *log: str) -> Any:
    from confluent_kafka.admin import AdminClient

    return answered(lambda: AdminClient(common(server, address)).list_topics(*log, timeout=ASK_SECONDS))


def told(error: Any) -> ServerError:
    """The driver's error as one of ours, with its code."""
    return ServerError(f"{error.name()}: {error.str()}", error.code())


def answered(question: Callable[[], Any]) -> Any:
    """The answer to a question. ServerError in place of the driver's own exception."""
    from confluent_kafka import KafkaException

    try:
        return question()
    except KafkaException as error:
        raise told(error.args[0]) from error
