"""HBase on a stand-in for its gateway, which may tell nothing of what it has; its claims and its configuration."""

from pathlib import Path

import pytest

from splitbrain.harness.deployment import Place
from splitbrain.harness.operation import EventType, Operation
from splitbrain.harness.options import settle
from splitbrain.targets.hbase import HBase, HBaseClient

from .servers.wire import OK
from .test_named_texts import carried_out

pytest.importorskip("httpx2")


def made(**options: str) -> HBase:
    return HBase(settle(HBase.options, options, "hbase"))


@pytest.mark.parametrize(
    ("key", "type"), [("k", EventType.OK), ("x", EventType.OK), ("lost", EventType.INFO), ("bare", EventType.INFO)]
)
def test_an_object_is_absent_only_where_its_row_has_the_mark(key: str, type: EventType) -> None:
    outcome = carried_out(HBase, Operation("read", None, key), OK)
    assert (outcome.type, outcome.value) == (type, 7 if key == "k" else None)


def test_a_cas_of_what_is_not_there() -> None:
    assert carried_out(HBase, Operation("cas", (None, 8), "x"), OK).type is EventType.OK
    assert carried_out(HBase, Operation("cas", (None, 8), "lost"), OK).type is EventType.INFO


def test_a_false_comparison_tells_something_where_the_gateway_is_ours() -> None:
    """The gateway's client alone: a master's that does not try again ends it, where regions are not open yet."""
    files = made().files(Place("n1", "127.0.0.1", Path("/nowhere"), {"n1": "127.0.0.1"}))
    never = "<name>hbase.client.retries.number</name><value>0</value>"
    assert [never in str(files[f"{one}/hbase-site.xml"]) for one in ("gateway", "conf")] == [True, False]
    assert not HBaseClient("127.0.0.1", made()).tries_again
    assert HBaseClient("127.0.0.1", made(endpoints="http://127.0.0.1:1")).tries_again


@pytest.mark.parametrize(("durability", "claims"), [("sync", ("linearizable",)), ("async", ())])
def test_only_what_waits_for_the_log_is_claimed(durability: str, claims: tuple[str, ...]) -> None:
    assert made(durability=durability).claims == claims
