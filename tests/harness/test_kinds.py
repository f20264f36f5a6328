"""Kinds of anomalies: named where a check names or counts what it found, accepted by name."""

import pytest

from splitbrain.harness.errors import UsageError
from splitbrain.harness.kinds import accepts, kinds, parse_known
from splitbrain.harness.verdict import Validity, Verdict


def refuted(checker, *children, **details):
    return Verdict(Validity.INVALID, "because", checker, children=children, details=details)


@pytest.mark.parametrize(
    ("check", "expected"),
    [
        (Verdict(Validity.VALID, "held", "set", details={"lost": 3}), ()),
        (Verdict(Validity.UNKNOWN, "gave up", "set", details={"lost": 3}), ()),
        (refuted("registers"), ("registers",)),
        (refuted("set", lost=2, unexpected=0, stale=1), ("set/lost", "set/stale")),
        (refuted("spectrum", anomalies=["stale read", "G0"]), ("spectrum/G0", "spectrum/stale-read")),
        (refuted("keys", refuted("key", anomaly="cyclic"), refuted("key", anomaly="cyclic")), ("keys/cyclic",)),
        (refuted("keys", Verdict(Validity.VALID, "held", "key", details={"anomaly": "x"})), ("keys",)),
        (refuted("invariants", breaches=[{"invariant": "one leader"}]), ("invariants/one-leader",)),
    ],
)
def test_kinds_of_a_check(check, expected):
    assert kinds(check) == expected


def test_a_check_accepts_all_of_its_anomalies_and_an_anomaly_only_itself():
    assert accepts(["set"], "set/lost") and accepts(["x", "set/lost"], "set/lost")
    assert not accepts(["set/stale"], "set/lost") and not accepts(["set/lost"], "set") and not accepts([], "set")
    assert not accepts(["se"], "set/lost")


def test_a_list_of_known_kinds():
    assert parse_known(None) == parse_known(" , ") == ()
    assert parse_known("set/lost, registers") == ("set/lost", "registers")
    with pytest.raises(UsageError, match="name of a check"):
        parse_known("local reads")
