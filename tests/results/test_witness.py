"""Witnesses on the page: what an operation carried stands in its bar, and no sentence repeats a row of the table."""

from splitbrain.harness.history import Event, History
from splitbrain.harness.operation import EventType
from splitbrain.harness.verdict import Validity, Verdict, Witness
from splitbrain.results import format
from splitbrain.results.report.witness import Shown, shown


def shown_of(words: tuple[str, ...], *rows: tuple[int, str, str, object, dict[str, object]]) -> Shown:
    events = [
        Event(index=at, time=0, process=process, type=kind, f=f, value=value, **more)  # type: ignore[arg-type]
        for at, (process, kind, f, value, more) in enumerate(rows)
    ]
    witness = Witness(tuple(range(len(rows))), words)
    verdict = Verdict(Validity.INVALID, "wrong", "porcupine", "register", witness=witness)
    history = History.of(events)
    history.process_names = {8: "Ann"}
    return shown(history, [verdict], witness)


def test_a_row_of_a_history_without_nodes_is_no_sentence_too() -> None:
    words = (
        "event 0 to event 1: process 0 put 1 (revision 2)",
        "event 2 to ?: process 1 put 2 (unknown end)",
        "event 20 to event 21: process 0 put 1 (revision 2)",
        "put 2 of process 1 cannot be placed",
    )
    found = shown_of(
        words,
        (0, "invoke", "put", 1, {}),
        (0, "ok", "put", 1, {"revision": 2}),
        (1, "invoke", "put", 2, {}),
        (1, "info", "put", 2, {}),
    )
    assert found.words == words[2:]
    assert found.about == "register (by porcupine)"


def test_a_bar_has_the_token_and_the_revision_that_came_back() -> None:
    found = shown_of(
        (),
        (8, "invoke", "acquire", None, {}),
        (8, "ok", "acquire", None, {"token": 34}),
        (9, "invoke", "get", None, {}),
        (9, "ok", "get", None, {"revision": 0}),
    )
    assert [bar.text for bar in found.bars] == ["acquire (token 34)", "get → nil (revision 0)"]
    assert [bar.process for bar in found.bars] == ["Ann", "9"]


def test_a_transaction_is_shown_once() -> None:
    asked, done = (("r", 1, None), ("append", 2, 5)), (("r", 1, (4,)), ("append", 2, 5))
    assert format.operation("txn", asked, done, EventType.OK) == "txn [[r 1 [4]] [append 2 5]]"
    assert format.operation("txn", asked, None, EventType.INFO) == "txn [[r 1 nil] [append 2 5]]"
    assert format.operation("cas", (1, 2), (1, 3), EventType.OK) == "cas 1 → 2"
    assert format.operation("add", 3, (1, 2, 3), EventType.OK) == "add 3 → [1 2 3]"


def test_a_read_of_keys_and_an_error_are_as_short_as_can_be() -> None:
    assert format.operation("read", ("a", "b"), {"a": 1, "b": 2}, EventType.OK) == "read → {a 1, b 2}"
    assert format.operation("read", ("a", "b"), {"a": 1}, EventType.OK) == "read [a b] → {a 1}"
    assert format.operation("use", None, None, EventType.OK) == "use"
    assert format.error(("conflict", "the lease lapsed")) == "conflict: the lease lapsed"
    assert format.error("gone") == "gone"


def test_a_row_that_failed_or_was_cut_is_no_sentence_too() -> None:
    seen = tuple(range(20))
    words = (
        "event 0 to event 1: process 0 write 1 (failed)",
        "event 2 to event 3: process 1 read → [0 1 2 3 4 5 6 7 8 9 10 11 … and 8 more]",
        "event 2 to event 3: process 1 read → [0 1 2 9 … and 8 more]",
    )
    found = shown_of(
        words,
        (0, "invoke", "write", 1, {}),
        (0, "fail", "write", 1, {}),
        (1, "invoke", "read", None, {}),
        (1, "ok", "read", seen, {}),
    )
    assert found.words == words[2:]
