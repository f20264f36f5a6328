"""Leases of primary-backup, by the marks that are told: what holds, and what refutes a node."""

from pathlib import Path

import pytest

from splitbrain import run
from splitbrain.harness.marks import MarkEvent
from splitbrain.targets.stores.primary_backup.invariants import leases_are_kept

MS = 1_000_000
Told = tuple[int, str, str, tuple[object, ...]]
STARTS: list[Told] = [(0, name, "start", ()) for name in ("n1", "n2", "n3", "n4", "n5")]
NOBODY = "and nobody is bound to it so long"
BOUND: list[Told] = [(10, name, "bound", ("n1", 2 * MS, 300 * MS)) for name in ("n2", "n3")]


def breaches(*marks: Told) -> list[str]:
    """The findings on marks, each a time in milliseconds, a node, a name and values."""
    see = leases_are_kept().watch()
    events = [MarkEvent(node, time * MS, name, values) for time, node, name, values in marks]
    return [words for event in events if (words := see(event)) is not None]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ((10, "n1", "leased", (270 * MS,)), []),
        ((10, "n1", "leased", (298 * MS,)), []),
        ((10, "n1", "leased", (299 * MS,)), [f"n1 counts on its lease for 299.000 ms, {NOBODY}"]),
        ((10, "n4", "leased", (1 * MS,)), [f"n4 counts on its lease for 1.000 ms, {NOBODY}"]),
        ((310, "n2", "bound", ("n3", 2 * MS, 300 * MS)), []),
        ((300, "n2", "bound", ("n1", 2 * MS, 300 * MS)), []),
        ((309, "n2", "bound", ("n3", 2 * MS, 300 * MS)), ["n2 follows n3, and is bound to n1 for 1.000 ms more"]),
    ],
)
def test_a_lease_that_nobody_gave_and_one_that_is_broken_are_told(more: Told, words: list[str]) -> None:
    assert breaches(*STARTS, *BOUND, more) == words


def test_a_lease_needs_a_majority() -> None:
    told = breaches(*STARTS, BOUND[0], (10, "n1", "leased", (270 * MS,)))
    assert told == ["n1 counts on its lease for 270.000 ms, and n2 is bound to it so long"]


@pytest.mark.parametrize(
    ("bug", "nemesis"), [("lease-from-answer", "all"), ("never-bound", "all"), ("restart-unbinds", "kill")]
)
def test_broken_leases_are_found_and_correct_ones_are_not_blamed(bug: str, nemesis: str, tmp_path: Path) -> None:
    target = "primary-backup:failover=lease,replication=sync"

    def refuted(spec: str, seed: int) -> bool:
        found = run(spec, nemesis=nemesis, time_limit=10, seed=seed, out=tmp_path / f"{len(spec)}-{seed}").result
        return any("leases are kept" in str(check["reason"]) for check in found.headline()["checks"])

    seed = next((seed for seed in range(1, 7) if refuted(f"{target},bug={bug}", seed)), None)
    assert seed is not None
    assert not refuted(target, seed)
