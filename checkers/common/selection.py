"""Part of a history, judged as a history of its own, and the verdict translated back to positions of the whole.

For workloads that hold objects of several kinds at once: the operations on some keys are selected, a checker judges
them alone, and its witness and certificate name events of the history that was recorded.
"""

from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from splitbrain.harness.budget import Budget
from splitbrain.harness.checker import Checker
from splitbrain.harness.history import ABSENT, History
from splitbrain.harness.operation import Value
from splitbrain.harness.verdict import Verdict

_COLUMNS = ("type", "process", "f", "value", "key", "time", "node", "error", "revision", "token", "session")


def select(history: History, wanted: Callable[[Value], bool]) -> tuple[History, "array[int]"]:
    """The operations on the keys that are wanted, and the position in the whole of each of their events.

    An operation without a key is left out, and so are nemesis events. HistoryError as `History.operations`.
    """
    partner, key = history.partner, history.key
    keys = {number for number in set(key) if number != ABSENT and wanted(history.pool.values[number])}
    positions = array("q")
    for invoke in history.pairing.invoke:
        if key[invoke] in keys:
            positions.append(invoke)
            if partner[invoke] != ABSENT:
                positions.append(partner[invoke])
    positions = array("q", sorted(positions))
    part = History.within(history)
    for name in _COLUMNS:
        column = getattr(history, name)
        getattr(part, name).fromlist(list(map(column.__getitem__, positions)))
    part.timed = history.timed
    return part, positions


@dataclass(frozen=True)
class OfKeys:
    """A checker asked of the keys that are wanted, under a name of its own."""

    name: str
    checker: Checker
    wanted: Callable[[Value], bool]

    def check(self, history: History, budget: Budget) -> Verdict:
        """The checker's verdict on these keys, about positions of the whole history."""
        part, positions = select(history, self.wanted)
        verdict = placed(self.checker.check(part, budget), positions)
        return replace(verdict, checker=self.name)


def placed(verdict: Verdict, positions: Sequence[int]) -> Verdict:
    """A verdict on a part, with the positions of the whole: `positions[i]` is where event i of the part stands."""
    witness, certificate = verdict.witness, verdict.certificate
    if witness is not None:
        offending = None if witness.offending is None else positions[witness.offending]
        witness = replace(witness, events=tuple(positions[event] for event in witness.events), offending=offending)
    if certificate is not None:
        certificate = tuple(positions[event] for event in certificate)
    details = dict(verdict.details)
    if "blocked" in details:
        details["blocked"] = positions[details["blocked"]]
    if "longest" in details:
        details["longest"] = tuple(positions[event] for event in details["longest"])
    children = tuple(placed(child, positions) for child in verdict.children)
    return replace(verdict, witness=witness, certificate=certificate, children=children, details=details)
