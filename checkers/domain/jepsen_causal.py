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
        value, writes, reads, written, before, position = self.initial, 0, 0, ABSENT, ABSENT, ABSENT
        for row in done:
            wrong, shown_too = None, written
            link = history.token[operations.invoke[row]]
            if ABSENT not in (link, position) and link != position:
                wrong = f"was invoked with token {shown(values[link])}, and the one before it ended with "
                wrong, shown_too = wrong + shown(values[position]), before
            elif values[operations.f[row]] == WRITE:
                writes += 1
                value = values[operations.argument[row]]
                wrong = None if value == writes else f"wrote {shown(value)}, and the next write is of {writes}"
            elif (read := values[operations.result[row]]) is not None:
                reads += 1
                first = "" if writes else ", as at first"
                wrong = None if read == value else f"returned {shown(read)}, and the value is {shown(value)}{first}"
            if wrong is not None:
                return self._invalid(history, row, shown_too, wrong)
            before, position = row, history.token[operations.complete[row]]
            written = row if values[operations.f[row]] == WRITE else written
        if not reads:
            return unobserved(self.name, "no read returned a value: nothing could have refuted the model")
        reason = f"{len(done):,} operations executed in the order in which they were issued"
        return Verdict(Validity.VALID, reason, self.name, self.name, details={"reads": reads, "writes": writes})

    def _invalid(self, history: History, row: int, other: int, wrong: str) -> Verdict:
        """The verdict on an operation that is wrong. other: the row of the one that it contradicts, ABSENT if none."""
        operations, values = history.operations(), history.pool.values
        rows = [each for each in (other, row) if each != ABSENT]
        events = tuple(sorted(event for each in rows for event in (operations.invoke[each], operations.complete[each])))
        tell = EventFormat(history, events)
        first = f"{values[operations.f[row]]} of {tell.who(operations.invoke[row])} {wrong}"
        witness = Witness(events, (first, *(tell.line(each, key=False) for each in rows)), operations.invoke[row])
        return Verdict(Validity.INVALID, first, self.name, self.name, witness=witness)


def build(settings: Mapping[str, Setting]) -> JepsenCausalCheck:
    """The check with these settings."""
    return JepsenCausalCheck(initial_of(settings["initial"]))


JEPSEN_CAUSAL = CatalogueEntry(
    "jepsen-causal", "Jepsen's causal: operations on a key execute in the order in which one client issued them",
    (replace(INITIAL_OPTION, default="0"),), build,
)  # fmt: skip
