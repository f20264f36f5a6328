"""Times of failovers: those that were not over count as long as they were seen, and nothing where nobody wrote."""

from collections.abc import Sequence

import pytest

from splitbrain.results.faults import Window
from splitbrain.textbook import replication
from splitbrain.textbook.claim import ClaimFinding
from splitbrain.textbook.replication import failover_window, failovers
from splitbrain.textbook.simulated import SECOND, SimulatedOperation

from .made_runs import MadeUpRun, ended


class RunWithKills(MadeUpRun):
    """A run in which n1 was dead from the second to the fifth second, and from the twelfth to the fifteenth."""

    def windows(self, fault: str) -> Sequence[Window]:
        """The two times."""
        return [
            Window(fault, start * SECOND, stop * SECOND, 0, 0, {"nodes": ("n1",)}, {}, True)
            for start, stop in ((2, 5), (12, 15))
        ]


def write(process: int, at: float, end: float | None, ok: bool = True) -> SimulatedOperation:
    """A write through the node of a process."""
    stop = None if end is None else int(end * SECOND)
    return ended("write", "k", 1, process, int(at * SECOND), stop, ok)


def test_a_failover_lasts_until_a_write_through_a_living_node_is_answered() -> None:
    run = RunWithKills(write(0, 2.05, 2.1), write(1, 1.9, 2.2), write(1, 2.1, 2.3, ok=False), write(1, 2.2, 2.4))
    assert failovers(run) == [pytest.approx(400.0)], "nobody wrote while n1 was dead again"


def test_one_that_was_not_over_when_the_dead_node_came_back_counts_until_then() -> None:
    assert failovers(RunWithKills(write(1, 2.1, None, ok=False), write(1, 4.0, 6.0))) == [3000.0]


def test_failovers_later_than_the_paper_says_settle_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replication, "simulate", lambda *target, **fields: None)
    for took, finding in ((250.0, ClaimFinding.DEPENDS), (320.0, ClaimFinding.UNSETTLED)):
        times = iter([[took] * 3, [1200.0] * 3, [300.0] * 3])
        monkeypatch.setattr(replication, "failovers", lambda run, times=times: next(times))
        assert failover_window(1).finding is finding
