"""Conditions of models on cycles: whether there is an order of versions, as reads permit it, without the cycles that a
model forbids. What values alone refute is not thought of here.

Models are named as in the lattice; `strong-consistent-view` is besides, for G-single-realtime alone. What a decided one
implies is not asked again.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from splitbrain.checkers.lattice import stronger, weaker
from splitbrain.checkers.transactions.blocks import BlockTables, blocks_of
from splitbrain.checkers.transactions.choices import (
    CURSOR,
    PREFIX,
    SERIAL,
    SNAPSHOT,
    VIEW,
    Encoding,
    OrderSearch,
)
from splitbrain.checkers.transactions.dependencies import Dependencies
from splitbrain.checkers.transactions.graph import NONE, RW, WR, WW, Edges, Ints, along, components
from splitbrain.checkers.transactions.history import TransactionHistory
from splitbrain.checkers.transactions.order_edges import OrderEdges
from splitbrain.checkers.transactions.reachability import reached
from splitbrain.checkers.transactions.sight import Sight
from splitbrain.checkers.transactions.visibility import Visibility, VisibilityStopped
from splitbrain.harness.budget import BudgetMeter

STRONG_VIEW = "strong-consistent-view"
PLAIN, SESSION, STRONG = "", "strong-session-", "strong-"
NO_DIFFERENCE: Mapping[str, str] = {
    "parallel-snapshot-isolation": "consistent-view",
    "repeatable-read": "serializable",
}
"""Models with the same condition on cycles as another one."""
JUDGED = (
    "read-uncommitted", "read-committed", "read-committed-axiom", "cursor-stability", "consistent-view",
    "read-atomic-plain", "read-atomic", "causal-plain", "causal", "parallel-snapshot-isolation", "prefix",
    "snapshot-isolation", "repeatable-read", "serializable", "strong-session-read-uncommitted",
    "strong-session-read-committed", "strong-session-parallel-snapshot-isolation", "strong-session-prefix",
    "strong-session-snapshot-isolation", "strong-session-serializable", "strong-read-uncommitted",
    "strong-read-committed", "strong-snapshot-isolation", "strict-serializable",
)  # fmt: skip
"""Models that have a condition here; of all others the lattice may know something."""

OF_READS = (
    "read-uncommitted", "read-committed", "read-committed-axiom", "read-atomic-plain", "read-atomic", "causal-plain",
    "causal", "strong-session-read-uncommitted", "strong-session-read-committed", "strong-read-uncommitted",
    "strong-read-committed",
)  # fmt: skip
"""Models whose condition needs of registers only who read from whom, beside sessions and real time."""


@dataclass(slots=True)
class Conditions:
    """holds: model → whether its condition does. doubts: model → why that is undecided. orders: model → an order
    of the nodes of its encoding, with which it holds."""

    holds: dict[str, bool] = field(default_factory=dict)
    doubts: dict[str, str] = field(default_factory=dict)
    orders: dict[str, Ints] = field(default_factory=dict)

    def note(self, model: str, answer: bool | None, doubt: str | None) -> None:
        """Note what was found, with what follows of it."""
        if answer is None:
            self.doubts[model] = doubt or "undecided"
            return
        self.holds[model] = answer
        if answer and model == "strict-serializable":
            self.holds[STRONG_VIEW] = True
        if model == STRONG_VIEW:
            return
        for other in weaker(model) if answer else stronger(model):
            self.holds.setdefault(other, answer)


class ConditionChecks:
    """The conditions of one history."""

    def __init__(self, of: TransactionHistory, known: Dependencies, order: OrderEdges) -> None:
        self.of, self.known, self.order = of, known, order
        self.out = Conditions()

    @cached_property
    def blocks(self) -> BlockTables:
        """The blocks of writers of each key."""
        return blocks_of(self.known)

    @cached_property
    def visibility(self) -> Visibility:
        """The conditions on what is visible."""
        return Visibility(self.of, self.known, self.order, Sight.over(self.of, self.known, self.order))

    def one(self, level: str, spending: BudgetMeter) -> Conditions:
        """The condition of one level, with what follows of it."""
        asked = NO_DIFFERENCE.get(level, level)
        questions = self._questions()
        if asked in questions:
            questions[asked](asked, spending)
            self._note_same()
        return self.out

    def all(self, spending: BudgetMeter) -> Conditions:
        """Every condition, those that decide most first."""
        self._try("strict-serializable", replace(spending.left(), seconds=spending.seconds_left() / 3).start())
        for model, ask in self._questions().items():
            if model not in self.out.holds:
                part = replace(spending.left(), seconds=spending.seconds_left() / 3)
                ask(model, part.start())
        self._note_same()
        self.out.doubts = {name: why for name, why in self.out.doubts.items() if name not in self.out.holds}
        return self.out

    def _note_same(self) -> None:
        """Note of models whose condition is that of another one what was found of it."""
        for model, same in NO_DIFFERENCE.items():
            if same in self.out.holds:
                self.out.holds[model] = self.out.holds[same]
                if same in self.out.orders:
                    self.out.orders.setdefault(model, self.out.orders[same])
            elif same in self.out.doubts:
                self.out.doubts[model] = self.out.doubts[same]

    def edges(self, family: str) -> Edges:
        """The edges of sessions or of real time that a family of models has."""
        return {PLAIN: NONE, SESSION: self.order.sessions, STRONG: self.order.realtime}[family]

    def _questions(self) -> Mapping[str, Callable[[str, BudgetMeter], None]]:
        """Model → what decides it."""
        serial = self._search(SERIAL)
        out: dict[str, Callable[[str, BudgetMeter], None]] = {}
        for family in (PLAIN, SESSION, STRONG):
            out[f"{family}read-uncommitted"] = self._cycles(family, WW)
            out[f"{family}read-committed"] = self._cycles(family, WW | WR)
        for model, causal, sessions in (
            ("read-atomic-plain", False, False), ("read-atomic", False, True),
            ("causal-plain", True, False), ("causal", True, True),
        ):  # fmt: skip
            out[model] = self._visible(causal, sessions)
        out["read-committed-axiom"] = lambda model, spending: self._note_order(model, self.visibility.axiom())
        out["cursor-stability"] = self._search(CURSOR)(PLAIN)
        out |= {"strict-serializable": serial(STRONG), f"{SESSION}serializable": serial(SESSION)}
        out["serializable"] = serial(PLAIN)
        for family in (STRONG, SESSION, PLAIN):
            out[f"{family}snapshot-isolation"] = self._search(SNAPSHOT)(family)
        views = {PLAIN: "consistent-view", SESSION: f"{SESSION}parallel-snapshot-isolation"}
        for family, model in views.items():
            out[model] = self._search(VIEW)(family)
        out[STRONG_VIEW] = self._strong_view
        for family in (PLAIN, SESSION):
            out[f"{family}prefix"] = self._search(PREFIX)(family)
        return out

    def _try(self, model: str, spending: BudgetMeter) -> None:
        """Ask for the strongest model what is found out quickly: if it holds, all others do."""
        edges = self.known.edges.together(self.edges(STRONG))
        if not self.blocks.torn:
            search = OrderSearch(SERIAL, self.known, self.blocks, edges, self.order)
            answer = search.quick_answer()
            if answer.holds is None:
                answer = search.scheduled(spending)
            if answer.holds is not None:
                self.out.note(model, answer.holds, None)
            if answer.order is not None:
                self.out.orders[model] = answer.order

    def _cycles(self, family: str, kinds: int) -> Callable[[str, BudgetMeter], None]:
        def ask(model: str, spending: BudgetMeter) -> None:
            edges = self.known.edges.of_kinds(kinds).together(self.edges(family))
            count, labels = components(self.order.nodes, edges.source, edges.target)
            self._note_order(model, along(labels) if count == self.order.nodes else None)

        return ask

    def _note_order(self, model: str, order: Ints | None) -> None:
        """Note the order with which a model holds, or that there is none."""
        self.out.note(model, order is not None, None)
        if order is not None:
            self.out.orders[model] = order

    def _search(self, encoding: Encoding) -> Callable[[str], Callable[[str, BudgetMeter], None]]:
        def of_family(family: str) -> Callable[[str, BudgetMeter], None]:
            def ask(model: str, spending: BudgetMeter) -> None:
                if encoding.blocks and self.blocks.torn:
                    self.out.note(model, False, None)
                    return
                edges = self.known.edges.together(self.edges(family))
                search = OrderSearch(encoding, self.known, self.blocks, edges, self.order)
                answer = search.answer(spending, realtime=family == STRONG)
                self.out.note(model, answer.holds, answer.doubt)
                if answer.order is not None:
                    self.out.orders[model] = answer.order

            return ask

        return of_family

    def _strong_view(self, model: str, spending: BudgetMeter) -> None:
        """No cycle of known edges with real time that has one rw edge; an order that is not known is not searched for,
        because the name of the cycle alone hangs on it."""
        edges = self.known.edges.of_kinds(WW | WR).together(self.known.adjacent()).together(self.order.realtime)
        rw = self.known.edges.of_kinds(RW)
        rw = rw.where(~self.of.overwrites()[rw.why])
        count, labels = components(self.order.nodes, edges.source, edges.target)
        between = labels[edges.source] != labels[edges.target]
        one, other = labels[rw.target], labels[rw.source]
        source, target = labels[edges.source][between], labels[edges.target][between]
        one_rw = bool((one == other).any())
        if not one_rw:
            pairs = list(zip(one.tolist(), other.tolist(), strict=True))
            one_rw = reached(count, source, target, pairs) is not None
        self.out.note(model, not one_rw, None)

    def _visible(self, causal: bool, sessions: bool) -> Callable[[str, BudgetMeter], None]:
        def ask(model: str, spending: BudgetMeter) -> None:
            try:
                order = self.visibility.allows(spending, causal=causal, sessions=sessions)
                if causal and not sessions:  # judged by some of the edges alone, along which an order shows nothing
                    self.out.note(model, order is not None, None)
                else:
                    self._note_order(model, order)
            except VisibilityStopped as limit:
                self.out.note(model, None, str(limit))

        return ask
