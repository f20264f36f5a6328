"""Workloads of what replicas merge: reads count in the end, when nodes have had their time."""

import pytest

import splitbrain
from splitbrain.checkers.domain.pn_counter import PnCounterCheck
from splitbrain.checkers.domain.sets import SetCheck
from splitbrain.harness.budget import Budget
from splitbrain.harness.histories import read

SECOND = 1_000_000_000


def history(tmp_path, *operations):
    """Operations one after another: (second, f, value)."""
    lines = []
    for second, f, value in operations:
        asked = "null" if f == "read" else value
        for kind, said in (("invoke", asked), ("ok", value)):
            lines.append(f'{{"time":{second * SECOND},"process":0,"type":"{kind}","f":"{f}","value":{said}}}')
    file = tmp_path / "history.jsonl"
    file.write_text("\n".join(lines))
    return read(file)


def test_a_read_that_comes_too_soon_owes_nothing(tmp_path) -> None:
    for check, add, some, all_of_it in (
        (SetCheck(reads="final", after_seconds=5), "add", "[1]", "[1,2]"),
        (PnCounterCheck(after_seconds=5), "increment", "1", "3"),
    ):
        begin = ((0, add, 1), (1, add, 2), (2, "read", some))
        assert check.check(history(tmp_path, *begin), Budget()).value == "unknown"
        assert check.check(history(tmp_path, *begin, (6, "read", all_of_it)), Budget()).value == "valid"
        assert check.check(history(tmp_path, *begin, (6, "read", some)), Budget()).value == "invalid"


@pytest.mark.parametrize(("kind", "workload"), [("g-set", "g-set"), ("pn-counter", "g-counter")])
def test_replicated_data_types_are_valid(kind: str, workload: str, tmp_path) -> None:
    finished = splitbrain.run(
        f"crdt:type={kind}", workload=workload, nemesis="partition", time_limit=5, rate=30, seed=2, out=tmp_path
    )
    assert finished.status == "valid", finished.reason
