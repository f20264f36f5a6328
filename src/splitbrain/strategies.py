"""Hypothesis strategies of run specifications: Hypothesis explores sizes, faults and schedules, and shrinks them.

    @given(spec=run_specs("stores:Mine", workload="register"))
    @settings(max_examples=20, deadline=None)
    def test_mine(spec):
        assert splitbrain.run(spec).status != "invalid"

Failing examples are kept in Hypothesis' database. Needs `hypothesis`, which splitbrain does not bring.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from hypothesis import strategies as st

from splitbrain import registry
from splitbrain.harness.fault import View, applicable
from splitbrain.harness.generator.core import SECOND
from splitbrain.harness.random_stream import RandomStream
from splitbrain.runner.script import Script, ScriptedFault
from splitbrain.runner.spec import RunSpec

GRID = SECOND // 10
"""Unit of the times at which faults begin and for which they last, so that they shrink to round times."""


def scripts(
    nemesis: str = "partition,kill", *, nodes: int = 5, time_limit: float = 5.0, most: int = 4
) -> st.SearchStrategy[Script]:
    """Schedules of up to so many faults for a main phase of so many seconds. nemesis: which faults, as `--nemesis`."""
    names = tuple(f"n{i + 1}" for i in range(nodes))
    faults, _ = registry.parse_faults(nemesis)
    view = View(names, {})
    choices = [
        (fault.name, variant)
        for fault in faults
        if applicable(fault, names)
        for variant in fault.variants
        if fault.plan(variant, view, RandomStream(0, "strategy")) is not None
    ]
    last = max(int(time_limit * SECOND) // GRID - 1, 0)

    def entry(choice: tuple[str, str], start: int, length: int) -> ScriptedFault:
        return ScriptedFault(choice[0], start * GRID, length * GRID, choice[1])

    drawn = st.builds(entry, st.sampled_from(choices), st.integers(0, last), st.integers(1, max(last, 1)))
    return st.lists(drawn, max_size=most).map(lambda found: Script(_apart(found)))


def _apart(found: Sequence[ScriptedFault]) -> tuple[ScriptedFault, ...]:
    """Faults in order of start, without those that would start while another of their name lasts."""
    kept: list[ScriptedFault] = []
    for fault in sorted(found, key=lambda fault: fault.start):
        if all(fault.fault != other.fault or fault.start >= other.stop for other in kept):
            kept.append(fault)
    return tuple(kept)


@st.composite
def run_specs(
    draw: st.DrawFn,
    /,
    target: str,
    *,
    nemesis: str = "partition,kill",
    nodes: Sequence[int] = (3, 5),
    concurrency: tuple[int, int] = (2, 10),
    rate: tuple[int, int] = (20, 100),
    seconds: tuple[int, int] = (1, 5),
    faults: int = 4,
    **fixed: Any,
) -> RunSpec:
    """Specifications of runs of a target. nodes: numbers to choose from; concurrency, rate, seconds: least and most,
    the least tried first; faults: how many at most, of those of `nemesis`; fixed: other fields of a RunSpec."""
    size = draw(st.sampled_from(list(nodes)))
    limit = float(draw(st.integers(*seconds)))
    script = draw(scripts(nemesis, nodes=size, time_limit=limit, most=faults))
    fields: Mapping[str, Any] = {
        "nodes": size,
        "time_limit": limit,
        "concurrency": draw(st.integers(*concurrency)),
        "rate": float(draw(st.integers(*rate))),
        "seed": draw(st.integers(0, 1_000)),
        "schedule": script.to_toml(),
    }
    return RunSpec(target, **{**fields, **fixed})
