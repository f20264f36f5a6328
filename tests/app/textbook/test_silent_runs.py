"""Measurements of runs that say nothing, for nobody was answered and no verdict is known: they settle nothing."""

import sys
from collections.abc import Callable, Sequence

import pytest

from splitbrain.results.faults import Window
from splitbrain.textbook import (
    agreement,
    caches,
    clocks,
    consensus,
    delivery,
    locks,
    lost_log,
    moving,
    quorums,
    repair,
    replication,
)
from splitbrain.textbook.claim import ClaimFinding, ClaimSample

from .made_runs import MadeUpRun

MEASURES = (
    agreement.unique_names, caches.leases, caches.stale_fill, clocks.commit_wait, clocks.discards,
    clocks.moving_writer, consensus.commit, consensus.compare, consensus.lock, consensus.membership, consensus.order,
    consensus.stock, delivery.commit_order, delivery.consumers, locks.fencing, locks.two_phase_commit,
    lost_log.log_lost, moving.writes_kept, quorums.lowest_write, quorums.strong, repair.read_repair,
    replication.failover_losses, replication.primaries, replication.sessions,
)  # fmt: skip


class SilentRun(MadeUpRun):
    """A run without operations or faults, whose verdict is unknown."""

    refuted = held = False

    def windows(self, fault: str) -> Sequence[Window]:
        """No windows."""
        return []

    def detail(self, name: str) -> int:
        """Zero."""
        return 0


@pytest.mark.parametrize("measure", MEASURES, ids=lambda measure: measure.__name__)
def test_what_saw_nothing_is_unsettled(
    measure: Callable[[int], ClaimSample], monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    monkeypatch.setattr(sys.modules[measure.__module__], "simulate", lambda *arguments, **fields: SilentRun())
    assert measure(1).finding is ClaimFinding.UNSETTLED
