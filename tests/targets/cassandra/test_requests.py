"""Requests of clients, operation by operation. A stand-in for the session keeps every request."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from splitbrain.harness.operation import ErrorKind, EventType, Operation, Outcome
from splitbrain.harness.options import settle
from splitbrain.targets.cassandra.client_settings import OPTIONS, CassandraSettings
from splitbrain.targets.cassandra.errors import translate_error
from splitbrain.targets.cassandra.objects import AgreedRegisters, Collections, Counters, Elements, Registers
from splitbrain.targets.cassandra.schema import define, tables
from splitbrain.targets.cassandra.session import CassandraSession, CqlRequest, Rows
from splitbrain.targets.servers.client import APPEND_TRIES
from splitbrain.targets.servers.errors import ServerError
from splitbrain.targets.values import in_order

YES, NO = [(True,)], [(False,)]
cassandra = pytest.importorskip("cassandra")
TIMED_OUT = translate_error(cassandra.WriteTimeout("too late", write_type=3), conditional=False)
UNAVAILABLE = translate_error(cassandra.Unavailable("nobody there"), conditional=False)


class Asked(CassandraSession):
    """A session that answers in turn, rows or errors, and keeps what it was asked."""

    def __init__(self, *answers: Rows | Exception) -> None:
        self.answers = list(answers)
        self.requests: list[CqlRequest] = []
        self.defined: list[str] = []

    async def ask(self, request: CqlRequest) -> Rows:
        self.requests.append(request)
        answer = self.answers.pop(0) if self.answers else []
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def define(self, text: str) -> None:
        self.defined.append(text)

    @property
    def changes(self) -> list[CqlRequest]:
        return [request for request in self.requests if not request.text.startswith("SELECT")]


def behaving(**options: str) -> CassandraSettings:
    return CassandraSettings(settle(OPTIONS, options, "cassandra"))


def of(handler: Any, f: str, value: Any = None, key: Any = "k") -> Outcome:
    outcome: Outcome = asyncio.run(getattr(handler, f)(Operation(f, value, key)))
    return outcome


def test_plain_requests_are_at_their_levels() -> None:
    asked = Asked([], [("7", 1234)])
    registers = Registers(asked, behaving(cl="ONE", write="ALL"))
    assert of(registers, "write", 7) == Outcome.ok(7)
    assert of(registers, "read") == Outcome.ok(7, 1234)
    assert [(r.consistency, r.conditional) for r in asked.requests] == [("ALL", False), ("ONE", False)]
    assert asked.requests[0].values == ("7", '"k"')


def test_a_blind_append_writes_back_what_it_read() -> None:
    asked = Asked([("[1,2]", 5)], [])
    assert of(Registers(asked, behaving()), "append", 3) == Outcome.ok(3)
    assert asked.changes[0].values[0] == "[1,2,3]"
    failed = of(Registers(Asked(TIMED_OUT), behaving()), "append", 3)
    assert failed.type is EventType.FAIL, "it only read so far"


@pytest.mark.parametrize(
    ("answers", "conditions"),
    [
        ([YES], ["IF EXISTS"]),
        ([NO, YES], ["IF EXISTS", "IF NOT EXISTS"]),
        ([NO, NO, YES], ["IF EXISTS", "IF NOT EXISTS", "IF EXISTS"]),
    ],
)
def test_a_write_among_transactions_is_never_blind(answers: list[Rows], conditions: list[str]) -> None:
    asked = Asked(*answers)
    assert of(AgreedRegisters(asked, behaving(lwt="on")), "write", 7) == Outcome.ok(7)
    assert [request.text.partition(" IF ")[2] for request in asked.requests] == [c[3:] for c in conditions]
    assert all(request.conditional for request in asked.requests)
    assert all((r.consistency, r.serial) == ("QUORUM", "SERIAL") for r in asked.requests)


def test_a_compare_and_set_says_why_it_did_not_happen() -> None:
    agreed = AgreedRegisters(Asked(YES, [(False, "5")], YES), behaving(lwt="on"))
    assert of(agreed, "cas", (1, 2)).type is EventType.OK
    refused = of(agreed, "cas", (1, 2))
    assert refused.error and (refused.type, refused.error.kind) == (EventType.FAIL, ErrorKind.PRECONDITION)
    asked = Asked(YES)
    assert of(AgreedRegisters(asked, behaving(lwt="on")), "cas", (None, 2)).type is EventType.OK
    assert asked.requests[0].text.endswith("IF NOT EXISTS")


def test_transactions_read_serially() -> None:
    asked = Asked([("[1]", 9)])
    assert of(AgreedRegisters(asked, behaving(lwt="on")), "read") == Outcome.ok((1,), 9)
    assert asked.requests[0].consistency == "SERIAL"


def test_an_append_by_transaction_tries_again_only_after_a_false_condition() -> None:
    asked = Asked([], NO, [("[1]", 9)], YES)
    assert of(AgreedRegisters(asked, behaving(lwt="on")), "append", 2) == Outcome.ok(2)
    assert asked.changes[0].text.endswith("IF NOT EXISTS")
    assert asked.changes[1].values == ("[1,2]", '"k"', "[1]")
    with pytest.raises(cassandra.WriteTimeout):
        of(AgreedRegisters(Asked([], TIMED_OUT), behaving(lwt="on")), "append", 2)
    tired = of(AgreedRegisters(Asked(*[[], NO] * APPEND_TRIES), behaving(lwt="on")), "append", 2)
    assert tired.error and tired.error.kind is ErrorKind.CONFLICT


@pytest.mark.parametrize("kind", [Collections, Elements])
@pytest.mark.parametrize("lwt", ["on", "off"])
def test_a_set_is_changed_element_by_element(kind: type[Any], lwt: str) -> None:
    asked = Asked(YES, YES)
    sets = kind(asked, behaving(lwt=lwt))
    assert of(sets, "add", 5, None) == Outcome.ok(5)
    assert of(sets, "remove", 5, None) == Outcome.ok(5)
    for request in asked.requests:
        assert request.conditional == (lwt == "on") == (" IF " in request.text)
        assert "elements = ?" not in request.text and "{" not in request.text, "never written whole"
        assert "5" in request.values or {"5"} in request.values


def test_a_collection_changed_by_transactions_begins_with_a_row() -> None:
    asked = Asked(NO, YES, YES)
    assert of(Collections(asked, behaving(lwt="on")), "add", 5) == Outcome.ok(5)
    assert [request.text.partition(" IF ")[2] for request in asked.requests] == ["EXISTS", "NOT EXISTS", "EXISTS"]
    failed = of(Collections(Asked(NO, NO, NO), behaving(lwt="on")), "add", 5)
    assert failed.type is EventType.FAIL


def test_a_set_reads_as_its_elements_in_order() -> None:
    assert of(Elements(Asked([("10",), ("9",), ('"a"',)]), behaving()), "read", key=None).value == (9, 10, "a")
    assert of(Collections(Asked([({"10", "9"},)]), behaving()), "read", key=None).value == (9, 10)
    assert of(Collections(Asked([(None,)]), behaving()), "read", key=None).value == ()
    assert in_order(["[1,2]"]) == ((1, 2),)


def test_an_increment_is_sent_once() -> None:
    asked = Asked(TIMED_OUT)
    with pytest.raises(cassandra.WriteTimeout):
        of(Counters(asked, behaving()), "increment", 5)
    assert len(asked.requests) == 1


def again(*answers: Rows | Exception) -> tuple[Asked, Counters]:
    asked = Asked(*answers)
    return asked, Counters(asked, behaving(retry_timeouts="on"))


def test_an_increment_that_is_sent_again_counts_as_one() -> None:
    asked, counters = again(TIMED_OUT, TIMED_OUT, [])
    assert of(counters, "increment", 5) == Outcome.ok(5)
    assert len(asked.requests) == 3


@pytest.mark.parametrize("refused", [UNAVAILABLE, ConnectionRefusedError("gone")])
def test_a_refusal_after_a_time_out_does_not_make_it_certain(refused: Exception) -> None:
    _, counters = again(TIMED_OUT, refused)
    with pytest.raises(cassandra.WriteTimeout, match="too late"):
        of(counters, "increment", 5)
    _, counters = again(refused)
    with pytest.raises(type(refused)):
        of(counters, "increment", 5)


def test_tables_are_as_the_options_say() -> None:
    asked = Asked([("dc9",)], [("peer",), ("peer",)])
    asyncio.run(define(asked, behaving(strategy="network", read_repair="none", gc_grace_seconds="60")))
    keyspace, *rest = asked.defined
    assert "'NetworkTopologyStrategy', 'dc9': 3" in keyspace
    assert len(rest) == 3
    for text in rest:
        for words in ("read_repair = 'NONE'", "gc_grace_seconds = 60", "speculative_retry = 'NEVER'"):
            assert words in text
    few = Asked([("dc9",)], [("peer",)])
    with pytest.raises(ServerError, match="2 that are known"):
        asyncio.run(define(few, behaving()))
    assert few.defined == []


def names(**options: str) -> Sequence[str]:
    return [table.partition(".")[2] for table in tables(behaving(**options))]


def test_only_what_can_be_used_is_made() -> None:
    assert names() == ["registers", "collections", "counters"]
    assert names(lwt="on", sets="rows") == ["registers", "elements"]
