"""Options together: levels, claims, operations; and those that make no sense."""

import pytest

from splitbrain.harness.errors import UsageError
from splitbrain.harness.options import settle
from splitbrain.targets.cassandra import client_settings
from splitbrain.targets.cassandra.client_settings import OPTIONS, CassandraSettings


def behaving(**options: str) -> CassandraSettings:
    return CassandraSettings(settle(OPTIONS, options, "cassandra"))


@pytest.mark.parametrize(
    ("options", "read", "write"),
    [
        ({}, "QUORUM", "QUORUM"),
        ({"cl": "ONE"}, "ONE", "ONE"),
        ({"write": "QUORUM", "read": "ONE"}, "ONE", "QUORUM"),
        ({"cl": "ALL", "read": "SERIAL"}, "SERIAL", "ALL"),
        ({"lwt": "on"}, "SERIAL", "QUORUM"),
        ({"lwt": "on", "serial": "LOCAL_SERIAL", "strategy": "network"}, "LOCAL_SERIAL", "QUORUM"),
        ({"lwt": "on", "read": "QUORUM"}, "QUORUM", "QUORUM"),
    ],
)
def test_reads_and_writes_have_levels_of_their_own(options: dict[str, str], read: str, write: str) -> None:
    found = behaving(**options)
    assert (found.read, found.write) == (read, write)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"write": "SERIAL"}, "option write is one of ONE, QUORUM, LOCAL_QUORUM, ALL, not 'SERIAL'"),
        ({"cl": "SERIAL"}, "option cl is one of"),
        ({"cl": "LOCAL_QUORUM"}, "strategy=network"),
        ({"read": "LOCAL_SERIAL"}, "strategy=network"),
        ({"lwt": "on", "serial": "LOCAL_SERIAL"}, "strategy=network"),
        ({"rf": "0"}, "rf is a whole number of at least 1"),
        ({"gc_grace_seconds": "-1"}, "at least 0"),
        ({"lwt": "on", "timestamps": "client"}, "plain writes"),
        ({"lwt": "on", "retry_timeouts": "on"}, "counters"),
        ({"repaired": "on", "read_repair": "none"}, "they mend nothing"),
    ],
)
def test_wrong_options_are_said_at_once(options: dict[str, str], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        behaving(**options)


@pytest.mark.parametrize(
    ("options", "claims"),
    [
        ({"lwt": "on"}, ("linearizable", "CP")),
        ({"lwt": "on", "read": "QUORUM"}, ()),
        ({}, ("regular", "monotonic-reads")),
        ({"read_repair": "none"}, ("regular",)),
        ({"read": "ONE", "write": "ALL"}, ("regular",)),
        ({"read": "ALL", "write": "ONE"}, ("regular", "monotonic-reads")),
        ({"read": "ONE"}, ()),
        ({"cl": "ONE"}, ()),
        ({"read": "ONE", "repaired": "on"}, ("convergence",)),
        ({"cl": "ONE", "repaired": "on"}, ("convergence", "AP")),
        ({"cl": "ONE", "rf": "1"}, ("regular", "monotonic-reads")),
    ],
)
def test_what_is_claimed(options: dict[str, str], claims: tuple[str, ...]) -> None:
    assert client_settings.claims(behaving(**options)) == claims


def test_what_has_no_condition_is_not_offered_among_transactions_and_the_reverse() -> None:
    assert "cas" not in client_settings.operations(behaving()) and "increment" in client_settings.operations(behaving())
    assert "cas" in client_settings.operations(behaving(lwt="on"))
    assert "increment" not in client_settings.operations(behaving(lwt="on"))
