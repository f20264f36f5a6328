"""Sessions and reads-from of registers: what is not known is never held against a history."""

import pytest

from splitbrain.checkers.catalogue import CATALOGUE
from splitbrain.checkers.common.per_key import UNOBSERVED
from splitbrain.harness.budget import Budget
from splitbrain.harness.errors import UsageError
from splitbrain.harness.history import Event, History
from splitbrain.harness.verdict import Validity

MODELS = (
    "causal-consistency", "causal-convergence", "causal-memory", "pram", "sequential", "per-key-sequential",
    "monotonic-reads", "monotonic-writes",
)  # fmt: skip


def event(process: int | str, type: str, f: str, value: int | None, session: str | None = None, time: int = 0) -> Event:
    if session is None:
        return Event(index=0, time=time, process=process, type=type, f=f, value=value)
    return Event(index=0, time=time, process=process, type=type, f=f, value=value, session=session)


def read_new_then_old() -> list[Event]:
    return [event(9, kind, "read", value) for value in (2, 1) for kind in ("invoke", "ok")]


@pytest.mark.parametrize("model", MODELS)
def test_operations_that_overlap_in_one_session_have_no_order(model: str) -> None:
    writes = [
        event(0, "invoke", "write", 1, "a"), event(1, "invoke", "write", 2, "a"),
        event(1, "ok", "write", 2, "a"), event(0, "ok", "write", 1, "a"),
    ]  # fmt: skip
    verdict = CATALOGUE[model].make().check(History.of([*writes, *read_new_then_old()]), Budget())
    assert verdict.value is not Validity.INVALID, verdict
    in_order = [writes[0], writes[3], *writes[1:3]]
    verdict = CATALOGUE[model].make().check(History.of([*in_order, *read_new_then_old()]), Budget())
    assert verdict.value is Validity.INVALID, verdict


def test_a_session_named_by_completions_alone_spans_processes() -> None:
    writes = [event(p, kind, "write", p, "a" if kind == "ok" else None) for p in (1, 2) for kind in ("invoke", "ok")]
    history = History.of([*writes, *read_new_then_old()])
    assert CATALOGUE["monotonic-writes"].make().check(history, Budget()).value is Validity.INVALID
    writes = [event(p, kind, "write", p) for p in (1, 2) for kind in ("invoke", "ok")]
    apart = History.of([*writes, *read_new_then_old()])
    found = CATALOGUE["monotonic-writes"].make().check(apart, Budget())
    assert UNOBSERVED in found.details, "a session of one write owes nothing"


@pytest.mark.parametrize("model", MODELS)
def test_a_write_of_unknown_outcome_may_come_after_what_its_session_did_next(model: str) -> None:
    writes = [
        event(0, "invoke", "write", 1, "a"), event(0, "info", "write", 1, "a"),
        event(1, "invoke", "write", 2, "a"), event(1, "ok", "write", 2, "a"),
    ]  # fmt: skip
    verdict = CATALOGUE[model].make().check(History.of([*writes, *read_new_then_old()]), Budget())
    assert verdict.value is not Validity.INVALID, verdict


@pytest.mark.parametrize("model", [*MODELS, "spectrum", "convergence", "regular", "safe", "k-atomicity"])
def test_what_saw_nothing_is_unknown_and_what_is_unknown_is_wrong_use(model: str) -> None:
    check = CATALOGUE[model].make()
    assert check.check(History.of([]), Budget()).value is Validity.UNKNOWN
    with pytest.raises(UsageError, match="does not know the operation `cas`"):
        check.check(History.of([event(0, "invoke", "cas", None)]), Budget())


def test_a_value_written_twice_leaves_open_what_was_read() -> None:
    twice = [event(p, kind, "write", 1) for p in (0, 1) for kind in ("invoke", "ok")]
    reads = [event(2, kind, "read", 1) for kind in ("invoke", "ok")]
    verdict = CATALOGUE["causal-consistency"].make().check(History.of(twice + reads), Budget())
    assert verdict.value is Validity.UNKNOWN
    assert "which write 1 reads saw is not forced" in verdict.reason


def test_a_session_guarantee_is_undecided_where_reads_are_not_forced_and_not_judged_without_any() -> None:
    def found(*ops: tuple[int, str, int | None]) -> tuple[str, list[str], str]:
        events = [event(process, kind, f, value) for process, f, value in ops for kind in ("invoke", "ok")]
        spectrum = CATALOGUE["spectrum"].make().check(History.of(events), Budget()).details
        alone = CATALOGUE["read-your-writes"].make().check(History.of(events), Budget())
        assert alone.value is Validity.UNKNOWN
        return str(spectrum["undecided"].get("read-your-writes")), spectrum["not_judged"], alone.reason

    undecided, not_judged, reason = found((0, "write", 1), (0, "write", 1), (0, "write", 2), (0, "read", 1))
    assert "which write 1 reads saw is not forced" in undecided and "is not forced" in reason
    assert "read-your-writes" not in not_judged
    undecided, not_judged, reason = found((0, "write", 1), (1, "read", 1), (1, "read", None))
    assert undecided == "None" and "read-your-writes" in not_judged
    assert reason == "none of 2 reads had anything to reflect: nothing could have refuted the model"


@pytest.mark.parametrize(
    ("model", "judged"),
    [("read-your-writes", 1), ("monotonic-reads", 3), ("monotonic-writes", 1), ("writes-follow-reads", 1)],
)
def test_a_rate_is_of_the_reads_that_had_something_to_reflect(model: str, judged: int) -> None:
    ops = [
        (0, "write", 1), (0, "write", 2), (0, "read", 2), (1, "read", 1), (1, "read", 2), (1, "read", 2),
        (1, "write", 3), (2, "read", 3), (2, "read", 3),
    ]  # fmt: skip
    events = [event(process, kind, f, value) for process, f, value in ops for kind in ("invoke", "ok")]
    assert CATALOGUE[model].make().check(History.of(events), Budget()).details["judged"] == judged


def test_convergence_waits_until_copies_had_time_to_settle() -> None:
    second = 1_000_000_000
    events = [event(0, kind, "write", 1) for kind in ("invoke", "ok")]
    events += [event(p, kind, "read", v, time=second // 2) for p, v in ((1, None), (2, 1)) for kind in ("invoke", "ok")]
    check = CATALOGUE["convergence"].make()
    assert check.check(History.of(events), Budget()).value is Validity.UNKNOWN
    agreed = [event(p, kind, "read", 1, time=second) for p in (1, 2) for kind in ("invoke", "ok")]
    assert check.check(History.of(events + agreed), Budget()).value is Validity.VALID
    late = [event(p, kind, "read", v, time=second) for p, v in ((1, None), (2, 1)) for kind in ("invoke", "ok")]
    assert check.check(History.of(events + late), Budget()).value is Validity.INVALID


def test_a_search_beyond_its_budget_is_unknown() -> None:
    reads = [event(p, kind, "read", None) for p in (0, 1) for kind in ("invoke", "ok")]
    verdict = CATALOGUE["sequential"].make().check(History.of(reads), Budget(seconds=0))
    assert verdict.value is Validity.UNKNOWN
    assert "the budget of 0 s was spent" in verdict.reason
