"""Invariants of two-phase-commit, watched while a simulated run goes on."""

from collections import OrderedDict
from collections.abc import Sequence

from splitbrain.harness.invariants import Invariant, Watch, done_once
from splitbrain.harness.marks import MarkEvent

WINDOW = 50_000
"""Transactions that are remembered."""


def one_outcome_a_transaction() -> Invariant:
    """One outcome of a transaction: none is committed at one node and aborted at another."""

    def watch() -> Watch:
        outcomes: OrderedDict[str, MarkEvent] = OrderedDict()

        def see(event: MarkEvent) -> str | None:
            txn, outcome = event.values
            first = outcomes.setdefault(txn, event)
            if len(outcomes) > WINDOW:
                outcomes.popitem(last=False)
            if first.values[1] == outcome:
                return None
            return f"{txn} ends with {outcome} at {event.node}, and ended with {first.values[1]} at {first.node}"

        return see

    return Invariant("one outcome a transaction", ("outcome",), watch)


def keeps_its_votes() -> Invariant:
    """A participant that has voted yes finds that, or the outcome, when it starts."""

    def watch() -> Watch:
        voted: dict[str, dict[str, None]] = {}

        def see(event: MarkEvent) -> str | None:
            mine = voted.setdefault(event.node, {})
            if event.name == "voted":
                mine[event.values[0]] = None
            elif event.name == "ended":
                mine.pop(event.values[0], None)
            else:
                known = set(event.values[0])
                lost = [txn for txn in mine if txn not in known]
                if lost:
                    return f"{event.node} starts, and knows nothing of {lost[0]}, for which it has voted"
            return None

        return see

    return Invariant("a participant keeps its votes", ("voted", "ended", "recovered"), watch)


INVARIANTS: Sequence[Invariant] = (one_outcome_a_transaction(), keeps_its_votes(), done_once())
