"""Faults of a schedule file: one that is planned already, and one that hits named nodes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from splitbrain.harness.errors import UsageError
from splitbrain.harness.fault import Fault, Plan, View
from splitbrain.harness.injection import Injection
from splitbrain.harness.operation import Value
from splitbrain.harness.options import Option
from splitbrain.harness.random_stream import RandomStream

DRAWS = 2_000
"""The number of plans that are drawn until one hits the named nodes: enough for every group of nine nodes or fewer."""


@dataclass(eq=False)
class PlannedFault:
    """A fault whose injections are fixed. spelled: its name with its options, as `--nemesis` takes it."""

    name: str
    spelled: str
    variants: tuple[str, ...]
    fixed: Plan
    summary: str = "as the schedule says"
    options: Sequence[Option] = ()
    default: bool = False
    wants_roles: bool = False
    needs: tuple[type[Injection], ...] = ()

    def __post_init__(self) -> None:
        self.needs = tuple(dict.fromkeys(type(injection) for injection in self.fixed.injections))

    def plan(self, variant: str, view: View, random: RandomStream) -> Plan:
        """The plan, whatever the cluster looks like."""
        return self.fixed


def planned_on(fault: Fault, spelled: str, variant: str, nodes: Sequence[str], names: Sequence[str]) -> PlannedFault:
    """A fault that hits exactly these of the cluster's nodes (`names`); of a partition, those of one side. The plan is
    the first that does, of those that the fault draws. UsageError if none does."""
    unknown = [node for node in nodes if node not in names]
    if unknown:
        raise UsageError(f"there is no node {unknown[0]}; there are {', '.join(names)}")
    wanted = frozenset(nodes)
    view = View(tuple(names), {nodes[0]: "leader"} if nodes else {})
    for attempt in range(DRAWS):
        plan = fault.plan(variant, view, RandomStream(0, "schedule file", fault.name, attempt))
        if plan is None:
            break
        if wanted in _groups(plan.value):
            return PlannedFault(fault.name, spelled, (variant,), plan)
    raise UsageError(f"{spelled}, variant {variant}, never hits {', '.join(nodes)} of {len(names)} nodes")


def _groups(value: Value) -> Iterator[frozenset[str]]:
    """The groups of nodes that the value of a plan names."""
    if isinstance(value, str):
        yield frozenset((value,))
    elif isinstance(value, dict):
        for part in value.values():
            yield from _groups(part)
    elif isinstance(value, list | tuple):
        if value and all(isinstance(part, str) for part in value):
            yield frozenset(value)
        else:
            for part in value:
                yield from _groups(part)


__all__ = ["PlannedFault", "planned_on"]
