"""Echoes, as Maelstrom's `echo`: each reply is what was sent.

echo x     reply → x
"""

from dataclasses import dataclass

from splitbrain.checkers.common.entry import CatalogueEntry
from splitbrain.checkers.common.event_format import EventFormat
from splitbrain.checkers.common.per_key import LOOK_EVERY, Rows, hold_to, of_each_key, over_budget, unobserved
from splitbrain.checkers.common.values import shown
from splitbrain.harness.budget import Budget, BudgetMeter
from splitbrain.harness.history import History
from splitbrain.harness.operation import EventType, Value
from splitbrain.harness.verdict import Validity, Verdict, Witness

ECHO = "echo"


@dataclass(frozen=True)
class EchoCheck:
    """Replies are equal to what was sent."""

    name: str = "echo"

    def check(self, history: History, budget: Budget) -> Verdict:
        """The verdict, key by key; UsageError for other operations than echo."""
        hold_to(history, self.name, (ECHO,))
        return of_each_key(self.name, history, budget.start(), self._judge)

    def _judge(self, history: History, rows: Rows, spending: BudgetMeter) -> Verdict:
        operations = history.operations()
        answered, wrong = 0, list[int]()
        for count, row in enumerate(rows):
            if count % LOOK_EVERY == 0 and (limit := spending.exhausted()):
                return over_budget(self.name, limit, count, len(rows), "operations")
            if operations.ended[row] == EventType.OK:
                answered += 1
                if operations.result[row] != operations.argument[row]:
                    wrong.append(row)
        if not answered:
            return unobserved(self.name, "nothing came back: nothing could have differed")
        details: dict[str, Value] = {"answered": answered, "unexpected": len(wrong)}
        if not wrong:
            reason = f"all {answered:,} replies are what was sent"
            return Verdict(Validity.VALID, reason, self.name, self.name, details=details)
        witness = other(history, wrong[0])
        return Verdict(Validity.INVALID, witness.words[0], self.name, self.name, witness=witness, details=details)


def other(history: History, row: int) -> Witness:
    """The witness of a reply that is not what was sent."""
    operations, values = history.operations(), history.pool.values
    begin, end = operations.invoke[row], operations.complete[row]
    tell = EventFormat(history, (begin, end))
    sent, came = values[operations.argument[row]], values[operations.result[row]]
    words = (f"{tell.who(begin)} sent {shown(sent)} and got {shown(came)} back at {tell.when(end)}",)
    return Witness((begin, end), words, begin)


ECHO_ENTRY = CatalogueEntry("echo", "Maelstrom's echo: each reply is what was sent", (), lambda settings: EchoCheck())
