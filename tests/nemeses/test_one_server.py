"""Faults on a target that has one server: no fault of a process, a disk or a clock hits a node that is none."""

import pytest

from splitbrain.harness.fault import View
from splitbrain.harness.injection import Injection
from splitbrain.harness.random_stream import RandomStream
from splitbrain.nemeses import FAULTS, parse
from splitbrain.nemeses.one_server import OF_SERVERS, on_server

VIEW = View(("n1", "n2", "n3", "n4", "n5"), {}, spot="n4", candidate="n3", lagging="n2")


def struck(injection: Injection) -> tuple[str, ...]:
    found = vars(injection)
    return found.get("nodes") or (found["node"],)


@pytest.mark.parametrize("name", sorted(FAULTS))
def test_the_server_is_hit_or_nobody(name: str) -> None:
    (fault,) = parse(name)
    fitted = on_server(fault, "n1")
    if not OF_SERVERS.intersection(fault.needs):
        assert fitted is fault
        return
    assert (fitted.name, fitted.variants, fitted.needs) == (fault.name, fault.variants, fault.needs)
    plans = [fitted.plan(variant, VIEW, RandomStream(seed, "x")) for variant in fault.variants for seed in range(20)]
    hits = {node for plan in plans if plan is not None for injection in plan.injections for node in struck(injection)}
    assert hits == (set() if name == "promote" else {"n1"})
