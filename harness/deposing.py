"""Deposition of a leader after the final reads, by one of the faults that were asked for: a copy that differs shows
when another node leads.
"""

from collections.abc import Iterable, Sequence

from splitbrain.harness.fault import Fault, Plan
from splitbrain.harness.injection import Cut, Injection, Kill, Pause, links_between

SECONDS = 2.0
"""The time for which the leader is away: any other has been elected by then."""
WAYS: tuple[type[Injection], ...] = (Kill, Pause, Cut)
"""In order of preference."""
QUICK_WAYS: tuple[type[Injection], ...] = (Pause, Cut)
"""Those whose heal takes no time where nodes are real programs."""


def way_to_depose(
    leader: str, nodes: Sequence[str], faults: Iterable[Fault], ways: Sequence[type[Injection]]
) -> tuple[Fault, Plan] | None:
    """The way to take the leader away by one of these faults; None if none of them can."""
    asked = tuple(faults)
    for way in ways:
        for fault in asked:
            if fault.needs == (way,):
                return fault, _plan(way, leader, [node for node in nodes if node != leader])
    return None


def _plan(way: type[Injection], leader: str, others: Sequence[str]) -> Plan:
    if way is Cut:
        value = {"topology": "leader-isolated", "groups": [[leader], list(others)], "leader": leader}
        return Plan(value, (Cut(links_between([leader], others)),))
    injection = Kill((leader,)) if way is Kill else Pause((leader,))
    return Plan({"size": "one", "nodes": [leader]}, (injection,))
