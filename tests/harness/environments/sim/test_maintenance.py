"""Maintenance of simulated nodes: who runs is asked, and the bite is how many have done it."""

from collections.abc import Mapping
from typing import Any

import pytest

from splitbrain.harness.deployment import AdminRequest, Simulated
from splitbrain.harness.environments.sim import Sim
from splitbrain.harness.errors import UsageError
from splitbrain.harness.injection import Compact, Kill, Promote

from .programs import NODES, Echo

MAKE: Any = Echo


def test_those_that_run_are_asked_and_those_that_did_it_count() -> None:
    asked = {Promote: AdminRequest("lead", lambda answer: answer == "lead")}
    assert bite(asked, Promote(("n1", "n2"))) == {"promotions": 1}
    assert bite({Promote: AdminRequest("lead", lambda answer: False)}, Promote(("n1", "n2"))) == {"promotions": 0}


def test_what_nodes_do_not_know_is_refused_before_and_in_the_run() -> None:
    deployment = Simulated(MAKE)
    refused = Sim(1).unsupported(Compact, deployment)
    assert refused is not None and refused.reason == "simulated nodes of this target cannot be asked for it"
    assert Sim(1).unsupported(Promote, Simulated(MAKE, {Promote: AdminRequest("lead", bool)})) is None
    with pytest.raises(UsageError, match="cannot be asked for it"):
        bite({}, Compact(("n1",)))


def bite(asked: Mapping[Any, AdminRequest], injection: Compact | Promote) -> dict[str, float]:
    """The bite of maintenance of a cluster in which n2 is dead."""
    sim = Sim(1)

    async def main() -> dict[str, float]:
        cluster = await sim.up(Simulated(MAKE, asked), NODES, None)
        await cluster.inject(Kill(("n2",)))
        told = await (await cluster.inject(injection)).heal()
        await cluster.down()
        return dict(told)

    return sim.run(main)
