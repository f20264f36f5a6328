"""sharded in the simulator: slots move while clients run and faults come, and the claims hold; its bugs are found."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from splitbrain import run
from splitbrain.harness.planted_bug import PlantedBug
from splitbrain.harness.verdict import Verdict
from splitbrain.results.result import Result, RunStatus
from splitbrain.targets.stores.bugs.catalogue import SHARDED


def judged(target: str, out: Path, seed: int = 1, **more: Any) -> Result:
    return run(target, seed=seed, out=out, **{"nemesis": "all", "time_limit": 4.0, **more}).result


def checks(verdict: Verdict) -> Iterator[Verdict]:
    yield verdict
    for child in verdict.children:
        yield from checks(child)


def marks(result: Result) -> dict[str, int]:
    assert result.verdict is not None
    return next(found.details["marks"] for found in checks(result.verdict) if "marks" in found.details)


@pytest.mark.parametrize(
    "options", ["partitioning=mod", "partitioning=ring,vnodes=2,groups=3", "partitioning=range,retries=on"]
)
def test_claims_hold_while_slots_move(options: str, tmp_path: Path) -> None:
    result = judged(f"sharded:rebalance_ms=200,{options}", tmp_path)
    assert result.status is RunStatus.VALID, result.reason
    seen = marks(result)
    assert seen["published"] > 20 and seen["rerouted"] and seen["served"]


def test_nothing_moves_where_it_is_not_asked_for(tmp_path: Path) -> None:
    result = judged("sharded:rebalance_ms=0,groups=1", tmp_path, time_limit=2.0, nemesis="packet")
    assert result.status is RunStatus.VALID, result.reason
    assert not {"moving", "owner", "frozen", "rerouted"} & set(marks(result))


@pytest.mark.long
@pytest.mark.parametrize("bug", SHARDED, ids=lambda bug: bug.name)
def test_every_bug_is_found(bug: PlantedBug, tmp_path: Path) -> None:
    options = ",".join(f"{option}={value}" for option, value in {**bug.needs, "bug": bug.name}.items())
    found = (judged(f"sharded:{options}", tmp_path / str(seed), seed, time_limit=15.0) for seed in range(1, 11))
    assert any(result.status is RunStatus.INVALID for result in found)


def test_a_slot_without_its_sessions_is_found_by_what_nodes_mark(tmp_path: Path) -> None:
    result = judged("sharded:bug=sessions-not-moved", tmp_path)
    assert result.status is RunStatus.INVALID and result.verdict is not None
    breaches = next(found.details["breaches"] for found in checks(result.verdict) if "breaches" in found.details)
    assert breaches[0]["invariant"] == "a slot moves whole"
