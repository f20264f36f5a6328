"""Costs of operations by the designs of own stores, without faults: round trips, messages, copies of the value; and as
measured, see `costs`.

Each is what the paper's protocol takes, with the client's own round trip. A node that has to pass a request on to the
one that leads pays a round trip and two messages more, in all but one of as many cases as there are nodes.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from splitbrain.harness.options import Setting
from splitbrain.workloads.register import READ, WRITE

VALUE_BYTES = 1000
"""The size of the values that are written."""


@dataclass(frozen=True)
class DesignCost:
    """Cost of an operation by its design. round_trips: with the client's own. messages: between nodes. copies: of
    these, those that carry the value."""

    round_trips: float
    messages: float
    copies: float


@dataclass(frozen=True)
class OperationCost:
    """Measured cost of a read or a write, means over `operations` that ended ok. round_trips: with the client's own.
    design: what the store's design says; None where it says nothing."""

    kind: str
    operations: int
    round_trips: float
    messages: float
    bytes: float
    design: DesignCost | None = None


Costs = Mapping[str, DesignCost]
Settings = Mapping[str, Setting]


def design_cost(store: str, settings: Settings, nodes: int, kind: str) -> DesignCost | None:
    """The cost of a read or a write of a store with these options; None where no design says it."""
    known = DESIGNS.get(store)
    if known is None or settings.get("bug", "none") != "none":
        return None
    return known(settings, nodes).get(kind)


def _led(nodes: int, trips: float, messages: float, copies: float) -> DesignCost:
    """The cost where a leader does it, with what it takes to get there; the value goes along that way too."""
    passed_on = 1 - 1 / nodes
    return DesignCost(trips + passed_on, messages + 2 * passed_on, copies + passed_on)


def _single(settings: Settings, nodes: int) -> Costs:
    return {READ: _led(nodes, 1, 0, 0), WRITE: _led(nodes, 1, 0, 0)}


def _primary_backup(settings: Settings, nodes: int) -> Costs:
    others = nodes - 1
    write = _led(nodes, 2 if settings["replication"] == "sync" else 1, 2 * others, others)
    return {WRITE: write} | ({READ: _led(nodes, 1, 0, 0)} if settings["reads"] == "primary" else {})


def _raft(settings: Settings, nodes: int) -> Costs:
    others = nodes - 1
    reads = {
        "log": _led(nodes, 2, 2 * others, 0),
        "lease": _led(nodes, 1, 0, 0),
        "local": DesignCost(1, 0, 0),
    }
    read = reads.get(str(settings["reads"]))
    return {WRITE: _led(nodes, 2, 2 * others, others)} | ({READ: read} if read is not None else {})


def _paxos(settings: Settings, nodes: int) -> Costs:
    """Two phases, to all others; the state goes with the promises and with what is to be accepted. Where all promise
    the same, a read needs no second one."""
    others = nodes - 1
    read = {READ: DesignCost(2, 2 * others, others)} if settings["reads"] == "change" else {}
    return {WRITE: DesignCost(3, 4 * others, 2 * others)} | read


def _abd(settings: Settings, nodes: int) -> Costs:
    """Two rounds: copies are asked what they have, and then written to; a read writes nothing to those that have it."""
    others = nodes - 1
    write = {WRITE: DesignCost(3, 4 * others, 2 * others)} if settings["writers"] == "multi" else {}
    return {READ: DesignCost(2, 2 * others, others)} | write


def _quorum(settings: Settings, nodes: int) -> Costs:
    """Costs where all nodes are replicas: a coordinator is one of them, so that an answer of one needs no other."""
    if settings["n"] not in ("all", str(nodes)) or settings["sloppy"]:
        return {}
    others, waits = nodes - 1, {name: settings[name] != "1" for name in ("w", "r")}
    read = DesignCost(1 + waits["r"], 2 * others, others)
    if settings["version"] == "lww":
        return {READ: read, WRITE: DesignCost(1 + waits["w"], 2 * others, others)}
    return {READ: read, WRITE: DesignCost(1 + waits["r"] + waits["w"], 4 * others, 2 * others)}


def _chain(settings: Settings, nodes: int) -> Costs:
    """Costs of a chain. A write goes from head to tail and back; what is on disk and what is committed are told
    apart; the tail has its configuration confirmed for each read."""
    others = nodes - 1
    read = {READ: _led(nodes, 2, 2 * others, 0)} if settings["reads"] == "tail" else {}
    return {WRITE: _led(nodes, 1 + others, 3 * others, others)} | read


def _each_for_itself(settings: Settings, nodes: int) -> Costs:
    return {READ: DesignCost(1, 0, 0), WRITE: DesignCost(1, nodes - 1, nodes - 1)}


DESIGNS: Mapping[str, Callable[[Settings, int], Costs]] = {
    "single": _single,
    "primary-backup": _primary_backup,
    "raft": _raft,
    "paxos": _paxos,
    "abd": _abd,
    "quorum": _quorum,
    "multi-leader": _each_for_itself,
    "causal": _each_for_itself,
    "crdt": _each_for_itself,
    "chain": _chain,
}
