"""Errors of Cassandra and what they mean for an operation. Checked on a socket: cut, refused, silent, late, and every
error that a node sends; and each request is sent once."""

import asyncio
import struct
from collections.abc import Coroutine
from typing import Any

import pytest

from splitbrain.harness.controller import Test, run_test
from splitbrain.harness.deployment import External
from splitbrain.harness.environments.external import Existing, ExternalNode
from splitbrain.harness.generator import Generator, on_threads, once, sequence
from splitbrain.harness.histories.recorder import Recorder
from splitbrain.harness.history import Event
from splitbrain.harness.operation import ErrorKind, Operation
from splitbrain.harness.options import settle
from splitbrain.targets.cassandra import Cassandra
from splitbrain.targets.cassandra.errors import ERRORS, translate_error

from .fake_node import (
    CUT,
    SILENT,
    Answer,
    Failing,
    FakeCqlNode,
    Late,
    node,
    read_failure,
    read_timeout,
    unavailable,
    write_failure,
    write_timeout,
)

WRITE, READ, CAS = Operation("write", 1, "k"), Operation("read", None, "k"), Operation("cas", (1, 2), "k")
CAS_UNKNOWN = Failing(0x1700, struct.pack(">Hii", 4, 1, 2))
OVERLOADED, SERVER_ERROR, INVALID = Failing(0x1001), Failing(0x0000), Failing(0x2200)


class Unaudited:
    """Cassandra, of which nothing is asked but what clients ask: a fake tells no more."""

    def __init__(self, **options: str) -> None:
        whole = Cassandra(settle(Cassandra.options, {"rf": "1", **options}, "cassandra"))
        self.name, self.summary, self.options, self.settings = whole.name, whole.summary, whole.options, whole.settings
        self.claims, self.deployments = whole.claims, whole.deployments
        self.operations, self.errors = whole.operations, whole.errors
        self.client, self.roles = whole.client, whole.roles


async def conducted(fake: FakeCqlNode, *operations: Operation, timeout: float = 2.0, **options: str) -> list[Event]:
    """Ends of the operations of a whole test, one after the other, as they stand in the history."""
    environment, recorder = Existing(), Recorder(None, Existing().now)
    main: Generator = on_threads([0], sequence(operations)) if len(operations) > 1 else once(operations[0])
    deployment = External((fake.address,))
    test = Test(Unaudited(**options), deployment, environment, ("n1",), main, concurrency=1, timeout=timeout, rate=0)  # type: ignore[arg-type]
    await run_test(test, recorder)
    return [event for event in recorder.history if event.type != "invoke"]


def run(work: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(asyncio.wait_for(work, 60))


def ended(answer: Answer, operation: Operation, **options: str) -> tuple[str, Any]:
    """(type, error kind) of an operation to which the node answers so. It is sent once."""

    async def scene() -> tuple[str, Any]:
        async with node() as fake:
            fake.answers = [answer]
            (event,) = await conducted(fake, operation, **options)  # type: ignore[arg-type]
            assert len(fake.executed) == 1, "no hidden retry"
            return event.type, event.error and event.error[0]

    found: tuple[str, Any] = run(scene())
    return found


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (CUT, ErrorKind.CONNECTION),
        (SILENT, ErrorKind.TIMEOUT),
        *((write_timeout(write_type), ErrorKind.TIMEOUT) for write_type in ("SIMPLE", "BATCH_LOG", "COUNTER")),
        (write_failure(), ErrorKind.UNAVAILABLE),
        (OVERLOADED, ErrorKind.UNAVAILABLE),
        (SERVER_ERROR, ErrorKind.OTHER),
    ],
)
def test_a_plain_write_that_breaks_after_it_was_sent_is_sent_once_and_nobody_knows(answer: Answer, kind: str) -> None:
    assert ended(answer, WRITE) == ("info", kind)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (unavailable(), ErrorKind.UNAVAILABLE),
        (write_timeout("CAS"), ErrorKind.TIMEOUT),
        (write_timeout("SIMPLE"), ErrorKind.TIMEOUT),
        (write_failure(), ErrorKind.UNAVAILABLE),
        (read_timeout(), ErrorKind.TIMEOUT),
        (read_failure(), ErrorKind.UNAVAILABLE),
        (CAS_UNKNOWN, ErrorKind.UNAVAILABLE),
        (OVERLOADED, ErrorKind.UNAVAILABLE),
        (CUT, ErrorKind.CONNECTION),
        (SILENT, ErrorKind.TIMEOUT),
    ],
)
@pytest.mark.parametrize("operation", [WRITE, CAS], ids=["write", "cas"])
def test_whatever_happens_to_a_lightweight_transaction_nobody_knows(
    answer: Answer, kind: str, operation: Operation
) -> None:
    assert ended(answer, operation, lwt="on") == ("info", kind)


def test_unavailable_comes_before_a_plain_write_is_sent_on() -> None:
    assert ended(unavailable(), WRITE) == ("fail", ErrorKind.UNAVAILABLE)
    assert ended(unavailable(), Operation("add", 1), sets="rows") == ("fail", ErrorKind.UNAVAILABLE)


def test_what_is_wrong_is_refused_before_it_is_begun() -> None:
    assert ended(INVALID, WRITE) == ("fail", ErrorKind.OTHER)
    assert ended(INVALID, CAS, lwt="on") == ("fail", ErrorKind.OTHER)


@pytest.mark.parametrize("answer", [CUT, SILENT, read_timeout(), read_failure(), unavailable(), SERVER_ERROR])
@pytest.mark.parametrize("lwt", ["on", "off"])
def test_a_read_that_breaks_has_failed(answer: Answer, lwt: str) -> None:
    assert ended(answer, READ, lwt=lwt)[0] == "fail"


def test_a_write_that_timed_out_is_in_doubt_whatever_was_written() -> None:
    import cassandra

    for write_type in cassandra.WriteType.value_to_name:
        error = cassandra.WriteTimeout("late", write_type=write_type)
        assert ERRORS.classify(translate_error(error, conditional=False)) == (ErrorKind.TIMEOUT, False)


def test_unavailable_is_definite_only_where_it_was_told_of_a_plain_write() -> None:
    import cassandra

    for conditional, definite in ((True, False), (False, True)):
        error = translate_error(cassandra.Unavailable("too few"), conditional=conditional)
        assert ERRORS.classify(error) == (ErrorKind.UNAVAILABLE, definite)
    assert ERRORS.classify(cassandra.Unavailable("of who knows what")) == (ErrorKind.UNAVAILABLE, False)


def test_a_late_answer_is_not_that_of_the_next_request() -> None:
    async def scene() -> None:
        async with node() as fake:
            fake.answers = [Late(1.5, [('"late"', 1)]), SILENT, [('"right"', 2)]]
            first, second, third = await conducted(fake, READ, READ, READ, timeout=1.0)
            assert (first.type, second.type, third.type) == ("fail", "fail", "ok")
            assert third.value == "right"

    run(scene())


def test_nothing_was_sent_to_a_node_that_accepts_connections_and_answers_nothing() -> None:
    async def scene() -> None:
        async with node() as fake:
            target = Unaudited()
            client = target.client(ExternalNode("n1", fake.address))
            fake.deaf = True
            with pytest.raises(OSError):
                await client.open()
            await client.close()
            assert fake.executed == []

    run(scene())


def test_after_a_broken_connection_there_is_a_new_one() -> None:
    async def scene() -> None:
        async with node() as fake:
            fake.answers = [CUT, []]
            broken, whole = await conducted(fake, WRITE, WRITE)
            assert (broken.type, whole.type) == ("info", "ok")
            assert [statement[:6] for statement, _ in fake.executed] == ["UPDATE", "UPDATE"]

    run(scene())


def test_nobody_listens() -> None:
    async def scene() -> None:
        client = Unaudited().client(ExternalNode("n1", "127.99.99.99"))
        with pytest.raises(ConnectionRefusedError):
            await client.open()
        await client.close()

    run(scene())
