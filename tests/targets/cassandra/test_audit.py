"""Findings of the audit: replicas that differ, and timestamps that are ahead."""

import asyncio
import struct

import pytest

from splitbrain.harness.environments.external import ExternalNode
from splitbrain.harness.options import settle
from splitbrain.harness.verdict import Validity
from splitbrain.targets.cassandra import audit, target
from splitbrain.targets.cassandra.audit import ahead, judged
from splitbrain.targets.cassandra.client_settings import OPTIONS, CassandraSettings
from splitbrain.targets.cassandra.cql import ALL, ONE, Row
from splitbrain.targets.cassandra.schema import REGISTERS
from splitbrain.targets.cassandra.target import Cassandra

ROWS = frozenset({(b"t", b"k1", b"1"), (b"t", b"k2", b"2")})


def behaving(read_repair: str) -> CassandraSettings:
    return CassandraSettings(settle(OPTIONS, {"read_repair": read_repair}, "cassandra"))


@pytest.mark.parametrize("repair", ["blocking", "none"])
def test_replicas_that_agree(repair: str) -> None:
    verdict = judged((ROWS, {}), behaving(repair), 3)
    assert (verdict.value, verdict.reason) == (Validity.VALID, "all 3 nodes hold the same 2 rows")


def test_what_is_said_of_stamps_is_said_of_registers_that_have_one() -> None:
    registers = {(REGISTERS.encode(), b"k", b"1", *stamps(2**62)), (REGISTERS.encode(), b"gone", None, None)}
    verdict = judged((ROWS | registers, {}), behaving("blocking"), 3)
    assert "the same 4 rows; 1 of 1 registers are stamped up to" in verdict.reason


def test_replicas_that_go_on_to_differ_though_reads_mend_them() -> None:
    verdict = judged((ROWS, {"n2": 1}), behaving("blocking"), 3)
    assert verdict.value is Validity.INVALID and verdict.witness is not None
    assert "n2 in 1" in verdict.reason


def test_replicas_that_nothing_mends_may_differ_and_it_is_told() -> None:
    verdict = judged((ROWS, {"n2": 1, "n3": 2}), behaving("none"), 3)
    assert verdict.value is Validity.VALID
    assert "n2 in 1, n3 in 2; nothing mends them" in verdict.reason


@pytest.mark.parametrize("repaired", ["off", "on"])
def test_once_nothing_is_kept_for_others_all_data_is_read_at_all_if_that_is_wished(
    repaired: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, str, int]] = []

    async def ask(
        address: str, question: str, seconds: float = 0, consistency: int = ONE, access: object = None
    ) -> list[Row]:
        asked.append((address, question, consistency))
        return []

    for module in (audit, target):
        monkeypatch.setattr(module, "ask", ask)
    made = Cassandra(settle(Cassandra.options, {"repaired": repaired}, "cassandra"))
    asyncio.run(made.settle([ExternalNode("n1", "a"), ExternalNode("n2", "b")]))
    tables = {question.split()[-1] for address, question, level in asked if (address, level) == ("a", ALL)}
    assert (REGISTERS in tables) is (repaired == "on")
    assert [question for _, question, _ in asked].count("SELECT host_id FROM system_views.pending_hints") == 2


def stamps(*microseconds: int) -> list[bytes]:
    return [struct.pack(">q", stamp) for stamp in microseconds]


def test_stamps_ahead_of_true_time_are_told() -> None:
    now = 10**15
    assert ahead(stamps(now, now + 400_000, now - 10**9), now) == ""
    words = ahead(stamps(now, now + 2_000_000, now + 43_200_000), now)
    assert words == "; 2 of 3 registers are stamped up to 43.2 s ahead of now"
