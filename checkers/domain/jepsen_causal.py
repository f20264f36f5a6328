"""Jepsen's `causal`: the operations on a key execute in the order in which one client issued them.

    read-init → the initial value      write 1      read → 1      write 2      read → 2

Of each key, the operations that succeeded, in the order of their ends: the n-th write writes n, and each read returns
the last value written, or nil, which says nothing. Where the history has tokens, an operation is invoked with the one
that the operation before it ended with, or with none. Definition as in Jepsen's `tests/causal.clj` (jepsen-io/jepsen),
whose `link` and `position` are these tokens.

Pitfall: this is not the model of that name; see `causal-consistency`. One client a key sees its own order: only
read-your-writes and monotonic reads of one session are tried.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from splitbrain.checkers.common.entry import CatalogueEntry
from splitbrain.checkers.common.event_format import EventFormat
from splitbrain.checkers.common.per_key import Rows, hold_to, of_each_key, unobserved
from splitbrain.checkers.common.registers import INITIAL_OPTION, initial_of
from splitbrain.checkers.common.values import shown
from splitbrain.harness.budget import Budget, BudgetMeter
from splitbrain.harness.history import ABSENT, History
from splitbrain.harness.operation import EventType, Value
from splitbrain.harness.options import Setting
from splitbrain.harness.verdict import Validity, Verdict, Witness

READ_INIT, READ, WRITE = "read-init", "read", "write"


@dataclass(frozen=True)
class JepsenCausalCheck:
    """Jepsen's `causal`. initial: the value of each key before any write."""

    initial: Value = 0
    name: str = "jepsen-causal"

    def check(self, history: History, budget: Budget) -> Verdict:
        """The verdict, key by key; UsageError for operations other than read-init, read and write."""
        hold_to(history, self.name, (READ_INIT, READ, WRITE))
        return of_each_key(self.name, history, budget.start(), self._judge)

    def _judge(self, history: History, rows: Rows, spending: BudgetMeter) -> Verdict:
        operations, values = history.operations(), history.pool.values
        done = sorted(
            (row for row in rows if operations.ended[row] == EventType.OK), key=operations.complete.__getitem__
        )
        value, writes, reads, before, position = self.initial, 0, 0, ABSENT, ABSENT
        for row in done:
            wrong = None
            link = history.token[operations.invoke[row]]
            if ABSENT not in (link, position) and link != position:
                wrong = "was invoked with another token than the operation before it ended with"
            elif values[operations.f[row]] == WRITE:
                writes += 1
                value = values[operations.argument[row]]
                wrong = None if value == writes else f"wrote {shown(value)}, and {writes} is next"
            elif (read := values[operations.result[row]]) is not None:
                reads += 1
                wrong = None if read == value else f"returned {shown(read)}, and the value is {shown(value)}"
            if wrong is not None:
                return self._invalid(history, row, before, wrong)
            before, position = row, history.token[operations.complete[row]]
        if not reads:
            return unobserved(self.name, "no read returned a value: nothing could have refuted the model")
        reason = f"{len(done):,} operations executed in the order in which they were issued"
        return Verdict(Validity.VALID, reason, self.name, self.name, details={"reads": reads, "writes": writes})

    def _invalid(self, history: History, row: int, before: int, wrong: str) -> Verdict:
        operations, values = history.operations(), history.pool.values
        spans = [(operations.invoke[each], operations.complete[each]) for each in (before, row) if each != ABSENT]
        events = tuple(sorted(event for span in spans for event in span))
        tell = EventFormat(history, events)
        lines = []
        for start, end in spans:
            at = next(each for each in (row, before) if each != ABSENT and operations.invoke[each] == start)
            f = str(values[operations.f[at]])
            value = values[operations.argument[at] if f == WRITE else operations.result[at]]
            arrow = "" if f == WRITE else "→ "
            lines.append(f"{tell.span(start, end)}: {tell.who(start)} {f} {arrow}{shown(value)}")
        first = f"{values[operations.f[row]]} of {tell.who(spans[-1][0])} {wrong}"
        witness = Witness(events, (first, *lines), spans[-1][0])
        return Verdict(Validity.INVALID, first, self.name, self.name, witness=witness)


def build(settings: Mapping[str, Setting]) -> JepsenCausalCheck:
    """The check with these settings."""
    return JepsenCausalCheck(initial_of(settings["initial"]))


JEPSEN_CAUSAL = CatalogueEntry(
    "jepsen-causal", "Jepsen's causal: operations on a key execute in the order in which one client issued them",
    (replace(INITIAL_OPTION, default="0"),), build,
)  # fmt: skip
