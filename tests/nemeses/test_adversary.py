"""The adversary of the FLP theorem: raft has no leader as long as it reads along, and only liveness is lost."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace

from splitbrain.harness.environments.sim import Sim
from splitbrain.harness.marks import MarkEvent
from splitbrain.harness.options import Setting, settle
from splitbrain.harness.verdict import Validity
from splitbrain.runner.execute import execute
from splitbrain.runner.plan import plan
from splitbrain.runner.spec import RunSpec
from splitbrain.targets.stores.raft.target import Raft

LIMIT_S = 12.0
DEPOSED_S = 2.0
"""By then, who led before the adversary came has been deposed, or has no majority to answer it."""


def test_nobody_is_elected_and_nothing_but_liveness_is_refuted(tmp_path) -> None:
    prepared = plan(RunSpec("raft", nemesis="adversary", time_limit=LIMIT_S, seed=1, liveness=5.0))
    elected: list[MarkEvent] = []
    prepared.environment.marks.subscribe(elected.append, "leader")  # type: ignore[attr-defined]
    found = execute(prepared, tmp_path)
    assert not [event for event in elected if DEPOSED_S < event.time / 1e9 < LIMIT_S]
    assert elected[-1].time / 1e9 > LIMIT_S, "when it stops, somebody is"
    verdict = found.result.verdict
    assert verdict is not None
    refuted = [check.checker for check in verdict.children if check.value is Validity.INVALID]
    assert refuted == ["liveness"]


class FixedTimeouts(Raft):
    """Raft whose servers all wait equally long for a leader before they stand themselves."""

    def __init__(self, settings: Mapping[str, Setting]) -> None:
        super().__init__(settings)
        self._raft = replace(self._raft, election_max=self._raft.election_min)


def first_term(target: type[Raft], seed: int) -> int:
    """The term of the first leader: one less than the votes that were split before."""
    sim = Sim(seed)
    terms: list[int] = []
    sim.marks.subscribe(lambda event: terms.append(event.values[0]), "leader")

    async def main() -> None:
        cluster = await sim.up(
            target(settle(target.options, {}, "raft")).deployments[0], ("n1", "n2", "n3", "n4", "n5"), None
        )
        await asyncio.sleep(30)
        await cluster.down()

    sim.run(main)
    return terms[0]


def test_fixed_timeouts_split_votes_again_and_again_and_random_ones_hardly() -> None:
    fixed, random = ([first_term(target, seed) for seed in range(20)] for target in (FixedTimeouts, Raft))
    assert sum(random) < 30
    assert max(fixed) > 6 and sum(fixed) > 2 * sum(random)
