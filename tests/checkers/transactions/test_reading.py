"""Reading of transactional histories: EDN and JSON as Elle has them, refusals, and what is not judged."""

from pathlib import Path

import pytest

from splitbrain.checkers.transactions.check import ENTRIES, TransactionCheck, transactional
from splitbrain.harness.budget import Budget
from splitbrain.harness.errors import UsageError
from splitbrain.harness.histories import read
from splitbrain.harness.history import Event, History
from splitbrain.harness.verdict import Validity, Verdict

EDN = """
{:index 0 :type :invoke :process 0 :f :txn :value [[:append :x 1] [:r :y nil]]}
{:index 1 :type :ok     :process 0 :f :txn :value [[:append :x 1] [:r :y [2]]]}
{:index 2 :type :invoke :process 1 :f :txn :value [[:append :y 2] [:r :x nil]]}
{:index 3 :type :ok     :process 1 :f :txn :value [[:append :y 2] [:r :x [1]]]}
"""
ELLE_CLI = """[
{"index":0,"type":"invoke","process":0,"f":"txn","value":[["w",0,1],["r",1,null]]},
{"index":1,"type":"ok","process":0,"f":"txn","value":[["w",0,1],["r",1,null]]},
{"index":2,"type":"invoke","process":1,"f":"txn","value":[["w",1,1],["r",0,null]]},
{"index":3,"type":"ok","process":1,"f":"txn","value":[["w",1,1],["r",0,null]]}]
"""


def txns(*rows: tuple[int, str, object]) -> History:
    """A history of these events: process, type, value."""
    events = [
        Event(index=at, time=at, process=process, type=kind, f="txn", value=value)
        for at, (process, kind, value) in enumerate(rows)
    ]
    return History.of(events)


def check(workload: str, history: History, consistency: str = "strict-serializable") -> Verdict:
    return TransactionCheck(workload, consistency).check(history, Budget())


def test_edn_of_elle(tmp_path: Path) -> None:
    (tmp_path / "h.edn").write_text(EDN)
    history = read(tmp_path / "h.edn")
    verdict = check("list-append", history)
    assert transactional(history) == "list-append"
    assert verdict.details["anomalies"] == ["G1c"]
    assert verdict.witness is not None
    assert verdict.witness.words[0] == "G1c: T0 read y = [2], the last of which T2 appended, so T0 came after T2"


def test_a_register_may_hold_a_list() -> None:
    history = txns(*[(0, kind, [["r", "x", [1]]]) for kind in ("invoke", "ok")])
    assert transactional(history) == "list-append"
    written = txns(*[(0, kind, [["r", "x", [1]], ["w", "x", [2]]]) for kind in ("invoke", "ok")])
    assert transactional(written) == "rw-register"


def test_json_of_elle_cli(tmp_path: Path) -> None:
    (tmp_path / "h.json").write_text(ELLE_CLI)
    history = read(tmp_path / "h.json")
    assert transactional(history) == "rw-register"
    verdict = check("rw-register", history)
    assert verdict.details["anomalies"] == ["G2-item", "G-single-realtime"]
    assert check("rw-register", history, "snapshot-isolation").value is Validity.VALID


@pytest.mark.parametrize("end", ["info", "fail"])
def test_a_read_that_was_not_answered_needs_no_place_for_the_answer(end: str) -> None:
    """The form of `rwregister-fail.edn` of elle-cli, `[:r x]`."""
    asked, told = (("r", "x"),), (("r", "x", 1),)
    history = txns((0, "invoke", (("w", "x", 1),)), (0, "ok", (("w", "x", 1),)), (1, "invoke", asked), (1, end, asked),
                   (2, "invoke", asked), (2, "ok", told), (3, "invoke", asked))  # fmt: skip
    assert check("rw-register", history).value is Validity.VALID


def test_a_read_that_was_answered_has_its_answer() -> None:
    asked = (("r", "x"),)
    with pytest.raises(UsageError, match="what-was-read"):
        check("rw-register", txns((0, "invoke", asked), (0, "ok", asked)))


def test_a_value_written_twice_is_not_judged() -> None:
    history = txns((0, "invoke", [["w", "x", 1]]), (0, "fail", [["w", "x", 1]]), (1, "invoke", [["w", "x", 1]]))
    verdict = check("rw-register", history)
    assert verdict.value is Validity.UNKNOWN
    assert verdict.reason == (
        "not judged: event 2 writes 1 to key x, and so does event 0: each value may be written to a key once"
    )


def test_values_of_different_types_are_different() -> None:
    history = txns(
        (0, "invoke", [["append", "x", 1], ["append", "x", "1"], ["append", "x", True], ["append", 1, 1]]),
        (0, "ok", [["append", "x", 1], ["append", "x", "1"], ["append", "x", True], ["append", 1, 1]]),
        (1, "invoke", [["r", "x", None]]),
        (1, "ok", [["r", "x", [1, "1", True]]]),
    )
    assert check("list-append", history).value is Validity.VALID


@pytest.mark.parametrize(
    ("workload", "value", "words"),
    [
        ("list-append", [["w", "x", 1]], "lists of [append key value] and [r key what-was-read], not [w x 1]"),
        ("rw-register", [["w", "x"]], "lists of [w key value] and [r key what-was-read], not [w x]"),
        ("list-append", 5, "not 5 as of event 0"),
    ],
)
def test_other_operations_are_refused(workload: str, value: object, words: str) -> None:
    with pytest.raises(UsageError, match="is about") as refused:
        check(workload, txns((0, "invoke", value)))
    assert words in str(refused.value)


def test_a_read_of_no_list_is_refused() -> None:
    history = txns((0, "invoke", [["r", "x", None]]), (0, "ok", [["r", "x", 5]]))
    with pytest.raises(UsageError, match="event 1 read 5, which is no list"):
        check("list-append", history)


APART = [
    (0, "invoke", [["append", "y", 1]]), (0, "ok", [["append", "y", 1]]),
    (1, "invoke", [["r", "x", None]]), (1, "ok", [["r", "x", []]]),
]  # fmt: skip
"""A key that is written, and another one that is read."""


@pytest.mark.parametrize(
    "rows", [[], [(0, "invoke", [["append", "x", 1]])], [(0, "invoke", [["r", "x", None]])], APART]
)
def test_what_could_refute_nothing_is_unknown(rows: list[tuple[int, str, object]]) -> None:
    assert check("list-append", txns(*rows)).value is Validity.UNKNOWN


def test_the_level_is_a_name_of_the_lattice() -> None:
    entry = ENTRIES[0]
    assert entry.make({"consistency": "PL-SI"}).consistency == "snapshot-isolation"
    for wrong in ("snapshot", "linearizable"):
        with pytest.raises(UsageError, match="option consistency is an isolation level"):
            entry.make({"consistency": wrong})


def test_what_clients_cannot_see_is_not_judged() -> None:
    history = read(Path(__file__).resolve().parents[2] / "data" / "transactions" / "berenson-h5-write-skew.jsonl")
    verdict = check("rw-register", history, "update-serializable")
    assert verdict.value is Validity.UNKNOWN
    assert "update-serializable" in verdict.details["not_judged"]


def test_what_failed_and_was_read_is_in_the_order_of_its_session() -> None:
    history = txns(
        (2, "invoke", [["append", 0, 1]]), (2, "fail", [["append", 0, 1]]),
        (2, "invoke", [["append", 0, 2]]), (2, "ok", [["append", 0, 2]]),
        (1, "invoke", [["r", 0, None]]), (1, "ok", [["r", 0, [2, 1]]]),
    )  # fmt: skip
    found = check("list-append", history).details
    assert found["allowed"] == ["read-uncommitted"]
    assert found["anomalies"] == ["G1a", "G0-process"]


@pytest.mark.parametrize("read, watched", [("k0", True), ("other", False)])
def test_one_read_far_behind_is_seen(read: str, watched: bool) -> None:
    rows: list[tuple[int, str, object]] = []
    for number in range(5000):
        rows += [(0, kind, [["w", f"k{number % 50}", number]]) for kind in ("invoke", "ok")]
    rows += [(0, "invoke", [["r", read, None]]), (0, "ok", [["r", read, 4950 if watched else None]])]
    verdict = check("rw-register", txns(*rows))
    assert verdict.value is (Validity.VALID if watched else Validity.UNKNOWN), verdict.reason


def test_the_witness_against_a_level_is_no_cycle_that_a_stronger_level_permits() -> None:
    skew = [(0, [["r", "a", []], ["append", "b", 1]]), (1, [["r", "b", []], ["append", "a", 1]])]
    blind_to_itself = [(2, [["append", "x", 1]]), (2, [["r", "x", []]]), (3, [["r", "x", [1]]])]
    rows = [(process, kind, did) for process, did in (*skew, *blind_to_itself) for kind in ("invoke", "ok")]
    for level in ("causal", "read-atomic", "strong-session-prefix", "strong-session-snapshot-isolation"):
        verdict = check("list-append", txns(*rows), level)
        assert verdict.value is Validity.INVALID
        assert verdict.reason.startswith(f"not {level}: G-single-process: T6 read x = [], so T4"), verdict.reason
        assert verdict.witness is not None and verdict.witness.events == (4, 5, 6, 7)
    assert check("list-append", txns(*rows), "serializable").reason.startswith("not serializable: G2-item")
