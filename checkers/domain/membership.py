"""Membership: nodes that are asked which nodes are up do not go on, in the end, to leave out one that answers.

    members → names of nodes

Judged are the answers of each node that was asked for `settle_seconds` after the last fault had ended, if there are
`FEWEST` of them: a node that answers then must be in one of them at least. A failure detector may err as long as it
mends its errors (Chandra and Toueg, JACM 1996); one that leaves a node out all the time does not. Whatever was answered
before is counted.

Pitfall: that a node is named and does not answer refutes nothing, for it may have gone down a moment ago.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from splitbrain.checkers.common.entry import CatalogueEntry
from splitbrain.checkers.common.event_format import EventFormat
from splitbrain.checkers.common.per_key import Rows, hold_to, of_each_key, over_budget, unobserved
from splitbrain.checkers.common.values import shown
from splitbrain.harness.budget import Budget, BudgetMeter
from splitbrain.harness.history import ABSENT, NEMESIS_PROCESS, History
from splitbrain.harness.operation import EventType, Value
from splitbrain.harness.options import Option, Setting
from splitbrain.harness.verdict import Validity, Verdict, Witness, unknown

MEMBERS = "members"
SECOND = 1_000_000_000
FEWEST = 3
"""Answers of a node from which on it is judged."""
SETTLE = Option("settle_seconds", 5.0, "how long after the last fault answers count", least=0)


@dataclass(frozen=True)
class MembershipCheck:
    """The check of members in the end. settle_s: how long after the last fault answers count, seconds."""

    settle_s: float = 5.0
    name: str = "membership"

    def check(self, history: History, budget: Budget) -> Verdict:
        """The verdict, key by key; UsageError for other operations than `members`."""
        hold_to(history, self.name, (MEMBERS,))
        return of_each_key(self.name, history, budget.start(), self._judge)

    def _judge(self, history: History, rows: Rows, spending: BudgetMeter) -> Verdict:
        if limit := spending.exhausted():
            return over_budget(self.name, limit, 0, len(rows), "operations")
        operations, values = history.operations(), history.pool.values
        begins = self._settled(history)
        answers: dict[str, list[int]] = {}
        sizes = []
        for row in rows:
            invoke = operations.invoke[row]
            if operations.ended[row] != EventType.OK or history.node[invoke] == ABSENT:
                continue
            members = values[operations.result[row]]
            if not isinstance(members, (list, tuple)):
                return unknown(self.name, f"a read answered {shown(members)}, which is no list of nodes", self.name)
            sizes.append(len(members))
            if history.time[invoke] >= begins:
                answers.setdefault(str(values[history.node[invoke]]), []).append(row)
        left_out = sum(size < max(sizes) for size in sizes)
        details: dict[str, Value] = {"reads": len(sizes), "reads_that_left_somebody_out": left_out}
        judged = {node: told for node, told in answers.items() if len(told) >= FEWEST}
        if not judged or len(answers) < 2:
            reason = f"{len(judged)} nodes answered {FEWEST} times, {self.settle_s:g} s after the last fault"
            return unobserved(self.name, f"{reason}: nothing could have refuted the model")
        left = [
            (node, other)
            for node, told in judged.items()
            for other in answers
            if not any(other in values[operations.result[row]] for row in told)
        ]
        if left:
            witness = _left_out(history, left, answers)
            return Verdict(Validity.INVALID, witness.words[0], self.name, self.name, witness=witness, details=details)
        reason = f"{len(judged)} nodes leave none of the {len(answers)} out that answer in the end"
        return Verdict(Validity.VALID, reason, self.name, self.name, details=details)

    def _settled(self, history: History) -> int:
        """The time from which on answers count, nanoseconds."""
        faults = [
            time for time, process in zip(history.time, history.process, strict=True) if process == NEMESIS_PROCESS
        ]
        return faults[-1] + round(self.settle_s * SECOND) if faults else 0


def _left_out(history: History, left: Sequence[tuple[str, str]], answers: Mapping[str, Sequence[int]]) -> Witness:
    """The witness of nodes that are left out: of the first, the last answers of the one that leaves it out, and its own
    last one. left: (who leaves out, who is left out). answers: rows of the answers of each node."""
    operations = history.operations()
    node, other = left[0]
    rows = sorted((*answers[node][-FEWEST:], answers[other][-1]), key=operations.invoke.__getitem__)
    events = tuple(sorted(event for row in rows for event in (operations.invoke[row], operations.complete[row])))
    tell = EventFormat(history, events)
    told = [f"{one} leaves out {which}, which answers, in all of its last {len(answers[one])} answers"
            for one, which in left]  # fmt: skip
    words = (told[0], *(tell.line(row, key=False) for row in rows), *told[1:])
    return Witness(events, words, operations.invoke[answers[node][-1]])


def build(settings: Mapping[str, Setting]) -> MembershipCheck:
    """The check with these settings."""
    return MembershipCheck(float(settings["settle_seconds"] or 0))


MEMBERSHIP = CatalogueEntry(
    "membership", "names of nodes that are up: in the end no node goes on leaving out one that answers",
    (SETTLE,), build,
)  # fmt: skip
