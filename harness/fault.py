"""Faults: what goes wrong. A fault plans injections, which the environment carries out; the nemesis runner says when.

A fault is a pure plan: given a variant, what the cluster looks like and a stream, it says which injections to make.
It knows no environment, and it keeps no state.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from splitbrain.harness.injection import Injection
from splitbrain.harness.operation import Value
from splitbrain.harness.options import Option
from splitbrain.harness.random_stream import RandomStream


@dataclass(frozen=True)
class View:
    """The nemesis's knowledge of the cluster when a fault starts."""

    nodes: tuple[str, ...]
    roles: Mapping[str, str]
    """As the nodes themselves say; empty if the target has no roles or nobody answered."""
    spot: str | None = None
    """The node at which something interesting has just happened, if the fault strikes because of that."""
    candidate: str | None = None
    """The node that may be about to lead, if one is known."""
    lagging: str | None = None
    """The node that is farthest behind, if one is known."""

    def leaders(self) -> tuple[str, ...]:
        """Nodes that believe to be leader or primary, in order."""
        return tuple(n for n in self.nodes if self.roles.get(n) in ("leader", "primary"))


@dataclass(frozen=True)
class Plan:
    """The injections of a fault this time. value: how it stands in the history, on `start-X`, for people and
    reports."""

    value: Value
    injections: tuple[Injection, ...]
    once: bool = False
    """Whether it can be done only once in a run: then it lasts until its turn comes again, or to the end, and does not
    come back."""


class Fault(Protocol):
    """One thing that goes wrong."""

    name: str
    """As in `--nemesis`: "partition", "kill", …"""
    summary: str
    """One line for `splitbrain list nemeses`."""
    options: Sequence[Option]
    needs: tuple[type[Injection], ...]
    """The injections it plans; an environment that cannot do one of them refuses the fault before anything starts."""
    variants: tuple[str, ...]
    """Its sizes or topologies, gone through in turn ("halves", "minority", …). At least one."""
    default: bool
    """Whether `--nemesis all` includes it: a system with crash recovery must survive it."""
    wants_roles: bool
    """Whether its plan looks at the roles. Asking the nodes takes up to a second, so others are not kept waiting."""

    def plan(self, variant: str, view: View, random: RandomStream) -> Plan | None:
        """The injections to make now; None if this variant makes no sense for this cluster (a bridge of two nodes)."""


@runtime_checkable
class VariedNeeds(Protocol):
    """Additional needs of a fault if some of its variants need injections that others do not. insists: whether the user
    asked for those by name, so that they are not left out where they cannot be done."""

    insists: bool

    def needs_of(self, variant: str) -> tuple[type[Injection], ...]:
        """The injections that one variant plans."""

    def with_variants(self, variants: Sequence[str]) -> Fault:
        """The same fault with these variants alone."""


def narrowed(fault: Fault, possible: Callable[[type[Injection]], bool]) -> Fault:
    """The fault without the variants that cannot be done, if it has others and the user insists on none."""
    if not isinstance(fault, VariedNeeds) or fault.insists:
        return fault
    left = [variant for variant in fault.variants if all(map(possible, fault.needs_of(variant)))]
    return fault.with_variants(left) if left else fault


def applicable(fault: Fault, nodes: Sequence[str]) -> bool:
    """Whether any of its variants can hit a cluster of these nodes, the first of which leads."""
    view = View(tuple(nodes), {nodes[0]: "leader"})
    return any(fault.plan(variant, view, RandomStream(0, variant)) is not None for variant in fault.variants)
