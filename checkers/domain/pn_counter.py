"""Counter that replicas merge, as Maelstrom's `pn-counter` and `g-counter`: each read is a sum that can be.

    add delta      read → sum

A read may miss adds that it does not know of yet, so it sees the initial value and any of the adds that had begun when
it ended. Final reads, those that begin when the last acknowledged add has ended, see all acknowledged adds, and any of
those whose end is unknown. (Maelstrom looks at final reads alone.) Failed adds are in no sum.

Pitfall: with `final=false` nothing is asked of final reads but what is asked of all: for histories whose last reads
came too soon for the replicas to have met.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from splitbrain.checkers.common.entry import CatalogueEntry
from splitbrain.checkers.common.event_format import EventFormat
from splitbrain.checkers.common.per_key import LOOK_EVERY, Rows, hold_to, of_each_key, over_budget, unobserved
from splitbrain.checkers.common.values import shown
from splitbrain.checkers.common.waiting import apart, no_read_after
from splitbrain.harness.budget import Budget, BudgetMeter
from splitbrain.harness.errors import UsageError
from splitbrain.harness.history import ABSENT, History
from splitbrain.harness.operation import EventType, Value
from splitbrain.harness.options import Option, Setting
from splitbrain.harness.verdict import Validity, Verdict, Witness

ADDS, READ = ("add", "increment"), "read"
SPAN_MAX = 1 << 26
"""The largest distance of the least and the greatest sum: a bit for each sum between them."""


class Sums:
    """All sums of any of some deltas: a bit for each, from the least on."""

    def __init__(self) -> None:
        self._bits, self._least, self._greatest = 1, 0, 0

    def add(self, delta: int) -> bool:
        """One delta more; whether the sums still fit."""
        self._least, self._greatest = self._least + min(delta, 0), self._greatest + max(delta, 0)
        if self._greatest - self._least > SPAN_MAX:
            return False
        # A sum without the delta stands delta bits higher if the least sum fell by it, and one with it if it did not.
        self._bits |= self._bits << abs(delta)
        return True

    def __contains__(self, total: int) -> bool:
        place = total - self._least
        return 0 <= place <= self._greatest - self._least and bool(self._bits >> place & 1)


@dataclass(frozen=True)
class PnCounterCheck:
    """Reachable sums. final: whether reads after the last acknowledged add owe all that were acknowledged.
    after_seconds: the time that those keep from it, by the history's clock: `unknown` without such a read.
    """

    initial: int = 0
    final: bool = True
    name: str = "pn-counter"
    after_seconds: float = 0.0

    def check(self, history: History, budget: Budget) -> Verdict:
        """The verdict, key by key; UsageError for operations it does not know, and for what is no integer."""
        hold_to(history, self.name, (*ADDS, READ))
        return of_each_key(self.name, history, budget.start(), self._judge)

    def _judge(self, history: History, rows: Rows, spending: BudgetMeter) -> Verdict:
        operations, values = history.operations(), history.pool.values
        adds = [
            row for row in rows
            if values[operations.f[row]] != READ and operations.ended[row] != EventType.FAIL
        ]  # fmt: skip
        deltas = {row: integer(values[operations.argument[row]], "an add takes") for row in adds}
        reads = [row for row in rows if values[operations.f[row]] == READ and operations.ended[row] == EventType.OK]
        if not reads:
            return unobserved(self.name, "the counter was never read: nothing could have refuted the model")
        certain = [row for row in adds if operations.ended[row] == EventType.OK]
        quiet = max((operations.complete[row] for row in certain), default=ABSENT) if self.final else len(history)
        base = self.initial + sum(deltas[row] for row in certain)
        steps = sorted(
            [(operations.invoke[row], 0, row) for row in adds] + [(operations.complete[row], 1, row) for row in reads]
        )
        any_of, open_ones, fits = Sums(), Sums(), True
        final = 0
        for count, (_, is_read, row) in enumerate(steps):
            if count % LOOK_EVERY == 0 and (limit := spending.exhausted()):
                return over_budget(self.name, limit, count, len(steps), "operations")
            if not is_read:
                fits = any_of.add(deltas[row]) and fits
                if operations.ended[row] != EventType.OK:
                    open_ones.add(deltas[row])
                continue
            if not fits:
                return self._too_far(len(reads))
            seen = self._sum(values[operations.result[row]])
            last = operations.invoke[row] > quiet and apart(history, quiet, operations.invoke[row], self.after_seconds)
            final += last
            if (seen - base not in open_ones) if last else (seen - self.initial not in any_of):
                return self._refuted(history, adds, row, last)
        if self.after_seconds and not final:
            return unobserved(self.name, no_read_after(self.after_seconds))
        reason = f"all {len(reads):,} reads, {final:,} of them final, are sums that can be, with {len(adds):,} adds"
        details: dict[str, Value] = {"adds": len(adds), "reads": len(reads), "final": final}
        return Verdict(Validity.VALID, reason, self.name, self.name, details=details)

    def _sum(self, value: Value) -> int:
        return self.initial if value is None else integer(value, "a read of a counter returns")

    def _too_far(self, reads: int) -> Verdict:
        reason = f"undecided: the possible sums span more than {SPAN_MAX:,}, too many to look at, for {reads:,} reads"
        return Verdict(Validity.UNKNOWN, reason, self.name, self.name)

    def _refuted(self, history: History, adds: Sequence[int], row: int, last: bool) -> Verdict:
        witness = impossible(history, adds, row, last, self.initial)
        return Verdict(Validity.INVALID, witness.words[0], self.name, self.name, witness=witness)


def impossible(history: History, adds: Sequence[int], row: int, last: bool, initial: int = 0) -> Witness:
    """The witness of a read of no possible sum: the read, and the adds that had begun when it ended."""
    operations, values = history.operations(), history.pool.values
    begin, end = operations.invoke[row], operations.complete[row]
    begun = [add for add in adds if operations.invoke[add] < end]
    unsure = [add for add in begun if operations.ended[add] != EventType.OK]
    spans = {each: (operations.invoke[each], operations.complete[each]) for each in (*begun, row)}
    told = [position for span in spans.values() for position in span if position != ABSENT]
    tell = EventFormat(history, told)
    seen = shown(values[operations.result[row]])
    words = [f"{tell.who(begin)} read {seen} at {tell.when(end)}, {_owed(history, begun, unsure, last, initial, seen)}"]
    for add in begun[:100]:
        known = "" if operations.ended[add] == EventType.OK else " (unknown end)"
        deed = f"{shown(values[operations.f[add]])} {shown(values[operations.argument[add]])}"
        words.append(f"{tell.span(*spans[add])}: {tell.who(operations.invoke[add])} {deed}{known}")
    words.append(f"{tell.span(begin, end)}: {tell.who(begin)} read → {seen}")
    return Witness(tuple(sorted(told)), tuple(words), begin)


def _owed(history: History, begun: Sequence[int], unsure: Sequence[int], last: bool, initial: int, seen: str) -> str:
    """The sums that a read could have seen, in words."""
    operations, values = history.operations(), history.pool.values
    if not last:
        if not begun:
            return f"yet no add had begun, so that it was {initial:,}"
        return f"which adds begun by then, any of the {len(begun):,}, do not make of {initial:,}"
    deltas = {add: integer(values[operations.argument[add]], "an add takes") for add in begun}
    certain = initial + sum(delta for add, delta in deltas.items() if add not in unsure)
    if not unsure:
        return f"yet all that was acknowledged makes {certain:,}"
    made = f"yet what was acknowledged makes {certain:,}"
    if len(unsure) == 1:
        return f"{made}, or {certain + deltas[unsure[0]]:,} with the add of unknown end"
    return f"{made}, and no choice of the {len(unsure):,} adds of unknown end makes it {seen}"


def integer(value: Value, what: str) -> int:
    """An integer of a history; UsageError if it is none."""
    if type(value) is not int:
        raise UsageError(f"{what} an integer, not {shown(value)}")
    return value


def build(settings: Mapping[str, Setting]) -> PnCounterCheck:
    """The check with these settings."""
    return PnCounterCheck(integer(settings["initial"], "option initial is"), bool(settings["final"]))


PN_COUNTER = CatalogueEntry(
    "pn-counter", "a counter that replicas merge: reads are sums that can be, final ones have all acknowledged adds",
    (
        Option("initial", 0, "the sum before any add", least=None),
        Option("final", True, "whether reads after the last acknowledged add see all that were acknowledged"),
    ),
    build,
)  # fmt: skip
