"""Isolation levels of transactions that read by predicates: which cycles their graph has, with evidence."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from splitbrain.checkers.common.event_format import EventFormat
from splitbrain.checkers.common.values import shown
from splitbrain.checkers.lattice import refuted_by
from splitbrain.checkers.transactions.certificate import disorder, positions
from splitbrain.checkers.transactions.cycles import Step, contracted, shortest_cycle
from splitbrain.checkers.transactions.graph import KINDS, NONE, RW, SO, WR, WW, Edges, acyclic, along, components
from splitbrain.checkers.transactions.history import FAIL
from splitbrain.checkers.transactions.order_edges import OrderEdges, order_edges
from splitbrain.checkers.transactions.predicate_replay import replayed
from splitbrain.checkers.transactions.predicates import TXN, PredicateEdges, asked
from splitbrain.checkers.transactions.reachability import reached
from splitbrain.checkers.transactions.reading import without_steps
from splitbrain.harness.history import ABSENT, History
from splitbrain.harness.verdict import Witness

CLASSES = {"read-committed": "G1c", "consistent-view": "G-single", "snapshot-isolation": "G-nonadjacent",
           "repeatable-read": "G2-item", "serializable": "G2"}  # fmt: skip
"""Level → the cycle that it forbids and the one before in this order does not, worst first."""
WORSE = {level: (*CLASSES,)[: at + 1] for at, level in enumerate(CLASSES)} | {
    "repeatable-read": ("read-committed", "repeatable-read")
}
"""Level → what it implies of these, weakest first, and itself: repeatable read permits all cycles of predicates."""
SUFFIXES = ("", "-process", "-realtime")
FAMILIES = {"strong-session-": "-process", "strong-": "-realtime", "": ""}


@dataclass(frozen=True)
class PredicateLevels:
    """The levels of one history."""

    history: History
    found: PredicateEdges

    def member(self, row: int) -> bool:
        """Whether a row is a transaction that may have taken effect."""
        operations = self.history.operations()
        return self.history.pool.values[operations.f[row]] == TXN and operations.ended[row] != FAIL

    @cached_property
    def order(self) -> OrderEdges:
        """The edges of sessions and of real time."""
        of = without_steps(self.history, lists=False)
        of.member = bytearray(map(self.member, range(len(of))))
        return order_edges(of)

    @cached_property
    def known(self) -> Edges:
        """The edges of data. why: the number of the edge, which has its words."""
        found = self.found
        kinds = np.asarray(found.kind, dtype=np.uint8)
        why = np.arange(len(kinds), dtype=np.int32)
        return Edges(np.asarray(found.source, dtype=np.int32), np.asarray(found.target, dtype=np.int32), kinds, why)

    @cached_property
    def items(self) -> Edges:
        """The same, without the anti-dependencies of predicates alone."""
        return self.known.where(np.asarray(self.found.item, dtype=bool) | (self.known.kind != RW))

    def edges(self, suffix: str, known: Edges) -> Edges:
        """Edges of data, with those of sessions or of real time."""
        more = {"": NONE, "-process": self.order.sessions, "-realtime": self.order.realtime}
        return known.together(more[suffix])

    @cached_property
    def answers(self) -> dict[tuple[str, str], bool]:
        """The answers that `holds` has given."""
        return {}

    def holds(self, level: str, suffix: str) -> bool:
        """Whether the cycles that a level forbids are missing, with the edges of a suffix."""
        asked_for = level, suffix
        if asked_for not in self.answers:
            self.answers[asked_for] = self._holds(level, suffix)
        return self.answers[asked_for]

    def _holds(self, level: str, suffix: str) -> bool:
        nodes, edges = self.order.nodes, self.edges(suffix, self.items if level == "repeatable-read" else self.known)
        dependent = edges.where(edges.kind != RW)
        if not acyclic(nodes, dependent):
            return False
        rw = edges.of_kinds(RW)
        if level == "consistent-view":
            pairs = list(zip(rw.target.tolist(), rw.source.tolist(), strict=True))
            met = any(one == other for one, other in pairs)
            return not met and reached(nodes, dependent.source, dependent.target, pairs) is None
        if level == "snapshot-isolation":
            inner = np.arange(nodes, dtype=np.int32)
            source = np.concatenate([dependent.source + nodes, rw.source, inner])
            target = np.concatenate([dependent.target, rw.target + nodes, inner + nodes])
            return components(2 * nodes, source, target)[0] == 2 * nodes
        return level == "read-committed" or acyclic(nodes, edges)

    def judged(self, levels: Iterable[str]) -> tuple[dict[str, str], list[str]]:
        """(refuted level → an anomaly that refutes it; anomalies, direct ones first)."""
        refuted: dict[str, str] = {}
        for level in levels:
            anomaly = self._direct_against(level) or self._cycle_against(level)
            if anomaly is not None:
                refuted[level] = anomaly
        worst, cycles = len(CLASSES), list[str]()
        for suffix in SUFFIXES:
            failed = [at for at, level in enumerate(CLASSES) if not self.holds(level, suffix)]
            if failed and failed[0] < worst:
                worst = failed[0]
                cycles.append([*CLASSES.values()][worst] + suffix)
        return refuted, [*sorted(self.found.direct), *cycles]

    def _direct_against(self, level: str) -> str | None:
        """A direct anomaly that refutes a level. What does not match the predicate by which it was read is like what
        nobody wrote."""
        for anomaly in sorted(self.found.direct):
            names = {"predicate-read-mismatch": "unwritten-read"}.get(anomaly, anomaly)
            if level in refuted_by([names]):
                return anomaly
        return None

    def _cycle_against(self, level: str) -> str | None:
        """The worst kind of cycle that refutes a level, with no more order edges than it needs."""
        plain, wanted = plain_of(level)
        for suffix in SUFFIXES[: SUFFIXES.index(wanted) + 1]:
            for worse in WORSE[plain]:
                if not self.holds(worse, suffix):
                    return CLASSES[worse] + suffix
        return None

    def _cycle(self, name: str) -> list[Step] | None:
        suffix = next((end for end in SUFFIXES[1:] if name.endswith(end)), "")
        of_class = name.removesuffix(suffix)
        known = self.items if of_class == "G2-item" else self.known
        of_class = "G2-item" if of_class == "G2" else of_class
        return shortest_cycle(of_class, self.edges(suffix, known), self.order.nodes)

    def _steps(self, name: str) -> list[tuple[int, str, str]]:
        """The steps of a cycle: a row, the kind of what leads to the next one, and why."""
        cycle = self._cycle(name)
        out = []
        for source, target, kind, why in contracted(cycle, len(self.history.operations())) if cycle else ():
            together = ", in one session" if kind == SO else ""
            ordered = f"{self._name(source)} ended before {self._name(target)} began{together}"
            out.append((source, KINDS[kind], self.found.words[why] if kind in (WW, WR, RW) else ordered))
        return out

    def reason(self, anomaly: str) -> str:
        """An anomaly with its sentences."""
        if anomaly in self.found.direct:
            return f"{anomaly}: {self.found.direct[anomaly][1]}"
        return f"{anomaly}: {'; '.join(words for _, _, words in self._steps(anomaly))}"

    def witness(self, anomaly: str) -> Witness:
        """The witness of an anomaly: its sentences, then its transactions."""
        steps = [] if anomaly in self.found.direct else self._steps(anomaly)
        rows = [row for row, _, _ in steps] or [self.found.direct[anomaly][0]]
        operations = self.history.operations()
        spans = {row: (operations.invoke[row], operations.complete[row]) for row in sorted(set(rows))}
        events = tuple(sorted({event for span in spans.values() for event in span if event != ABSENT}))
        tell = EventFormat(self.history, events)
        lines = [
            f"{self._name(row)}, {tell.who(span[0])}, {tell.span(*span)}: {shown(asked(self.history, row))}"
            for row, span in spans.items()
        ]
        first = self.reason(anomaly) if not steps else f"{anomaly}: {steps[0][2]}"
        words = (first, *(words for _, _, words in steps[1:]), *lines)
        cycle = tuple((operations.invoke[row], f"{kind}: {why}") for row, kind, why in steps)
        return Witness(events, words, None if steps else operations.invoke[rows[0]], cycle)

    def certificate(self, level: str) -> tuple[tuple[int, ...] | None, str | None]:
        """(the order of transactions that shows a serializable level, by the positions of their invocations; what is
        wrong with it). Neither for other levels."""
        wanted = SUFFIXES.index(plain_of(level)[1])
        suffix = next((one for one in reversed(SUFFIXES[wanted:]) if self.holds("serializable", one)), None)
        if suffix is None:
            return None, None
        edges = self.edges(suffix, self.known)
        nodes = along(components(self.order.nodes, edges.source, edges.target)[1])
        txns = [node for node in nodes.tolist() if node < len(self.history.operations()) and self.member(node)]
        wrong = replayed(self.history, txns, self.found.init)
        places = positions(np.asarray(txns, dtype=np.int32), len(self.history.operations()))
        if wrong is None and suffix:
            wrong = disorder(self.history, places, places, realtime=suffix == "-realtime")
        return tuple(self.history.operations().invoke[row] for row in txns), wrong

    def _name(self, row: int) -> str:
        return f"T{self.history.operations().invoke[row]}"


def plain_of(level: str) -> tuple[str, str]:
    """The level without session order or real time, and the suffix of what it has."""
    if level == "strict-serializable":
        return "serializable", "-realtime"
    prefix = next(start for start in FAMILIES if level.startswith(start))
    return level.removeprefix(prefix), FAMILIES[prefix]
