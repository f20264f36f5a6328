"""The eight fallacies: each has a claim, two designs that can be run, and a measure that tells late from in time."""

from collections.abc import Iterator, Sequence

import pytest

from splitbrain.harness.errors import InfrastructureError
from splitbrain.runner.plan import plan
from splitbrain.runner.spec import RunSpec
from splitbrain.textbook.claim import ClaimFinding, claims
from splitbrain.textbook.fallacies import FALLACIES, late, measured
from splitbrain.textbook.simulated import SECOND, SimulatedOperation, SimulatedRun


class RunOfWrites(SimulatedRun):
    """A run whose writes take so many milliseconds; None: they are not answered."""

    takes_ms: Sequence[float | None]

    def __init__(self, takes_ms: Sequence[float | None]) -> None:
        object.__setattr__(self, "takes_ms", takes_ms)

    def operations(self, *functions: str) -> Iterator[SimulatedOperation]:
        assert functions == ("write",)
        for took in self.takes_ms:
            ended = None if took is None else int(5 * SECOND + took * 1e6)
            yield SimulatedOperation("write", "r0", 1, "n1", 0, 5 * SECOND, ended, took is not None)


def test_each_has_a_claim_and_designs_that_fit_its_fault() -> None:
    names = [f"fallacies-{fallacy.name}" for fallacy in FALLACIES]
    assert names == [claim.name for claim in claims() if claim.topic == "fallacies"] and len(names) == 8
    for fallacy in FALLACIES:
        for target in (fallacy.believer, fallacy.doubter):
            assert plan(RunSpec(target, seed=1, env="sim", **fallacy.fields)).seed == 1


def test_late_is_a_run_half_of_whose_writes_are_not_answered_in_time() -> None:
    assert not late(RunOfWrites([10.0, 249.0, 400.0]))
    assert late(RunOfWrites([10.0, 251.0, None]))
    with pytest.raises(InfrastructureError, match="no write"):
        late(RunOfWrites([]))


def test_one_of_them_is_measured() -> None:
    (topology,) = (fallacy for fallacy in FALLACIES if fallacy.name == "topology")
    sample = measured(topology, 1)
    assert sample.finding is ClaimFinding.REFUTED
    assert sample.shares == {
        "runs late, primary-backup:failover=none": (2, 2), "runs late, raft": (0, 2), "runs valid, raft": (2, 2),
    }  # fmt: skip


def test_a_design_that_is_in_time_and_not_valid_settles_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    class Undecided(RunOfWrites):
        held = False

    late_ones = iter([Undecided([None]), Undecided([None]), Undecided([10.0]), Undecided([10.0])])
    monkeypatch.setattr("splitbrain.textbook.fallacies.simulate", lambda *target, **fields: next(late_ones))
    (topology,) = (fallacy for fallacy in FALLACIES if fallacy.name == "topology")
    assert measured(topology, 1).finding is ClaimFinding.UNSETTLED
