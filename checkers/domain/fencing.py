"""Fencing tokens: what a guarded resource accepts, and what a lock hands out, never decreases.

    use → accepted, with the `token` of the holder      acquire → with the `token` of the new holder

A lock with a lease cannot prevent two holders, but a resource that checks tokens can tell which one is late: M.
Kleppmann, "How to do distributed locking" (2016). Of two accepted uses the later one must have a token at least as
great. Which is later says the `revision` of the resource where every accepted use has one; of uses that share a
revision, and where some use has none, real time: one that ended before the other began.

A lock whose tokens do not rise fences nothing: of two acquires, the one that began after the other had ended must have
a token at least as great.

Pitfall: uses whose end is unknown. They may have been accepted, so they prove nothing, and are left out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter

from splitbrain.checkers.common.entry import CatalogueEntry
from splitbrain.checkers.common.event_format import EventFormat
from splitbrain.checkers.common.per_key import LOOK_EVERY, Rows, hold_to, of_each_key, over_budget, unobserved
from splitbrain.checkers.common.values import shown
from splitbrain.checkers.domain.locks import ACQUIRE, HOLD, RELEASE
from splitbrain.harness.budget import Budget, BudgetMeter
from splitbrain.harness.errors import UsageError
from splitbrain.harness.history import ABSENT, History
from splitbrain.harness.operation import EventType, Value
from splitbrain.harness.verdict import Validity, Verdict, Witness, unknown

USE = "use"


@dataclass(frozen=True, slots=True)
class Accepted:
    """An accepted use. invoke, complete: positions; token: as the resource saw it; revision: ABSENT if not recorded."""

    invoke: int
    complete: int
    token: int
    revision: int


@dataclass(frozen=True)
class FencingCheck:
    """Monotonic fencing: accepted fencing tokens never decrease."""

    name: str = "fencing"

    def check(self, history: History, budget: Budget) -> Verdict:
        """The verdict, resource by resource; UsageError for operations it does not know and tokens that are no
        integers."""
        hold_to(history, self.name, (ACQUIRE, HOLD, RELEASE, USE))
        return of_each_key(self.name, history, budget.start(), self._judge, "resource")

    def _judge(self, history: History, rows: Rows, spending: BudgetMeter) -> Verdict:
        operations, values = history.operations(), history.pool.values
        uses: list[Accepted] = []
        grants: list[Accepted] = []
        for count, row in enumerate(rows):
            if count % LOOK_EVERY == 0 and (limit := spending.exhausted()):
                return over_budget(self.name, limit, count, len(rows), "operations")
            f, complete = values[operations.f[row]], operations.complete[row]
            if f not in (USE, ACQUIRE) or operations.ended[row] != EventType.OK:
                continue
            if history.token[complete] == ABSENT and f == ACQUIRE:
                continue
            if history.token[complete] == ABSENT:
                return unknown(self.name, f"the use accepted at event {complete} has no token", self.name)
            token = values[history.token[complete]]
            if type(token) is not int:
                raise UsageError(f"a fencing token is an integer, not {shown(token)}")
            kept = uses if f == USE else grants
            kept.append(Accepted(operations.invoke[row], complete, token, operations.revision[row]))
        tokens = len({use.token for use in uses})
        details: dict[str, Value] = {"accepted": len(uses), "tokens": tokens, "granted": len(grants)}
        pair = decrease(uses) or decrease_in_time(grants)
        if pair is not None:
            witness = late(history, *pair)
            return Verdict(Validity.INVALID, witness.words[0], self.name, self.name, witness=witness, details=details)
        if tokens < 2:
            return unobserved(self.name, f"{tokens} different tokens were accepted: there was nothing to tell apart")
        reason = f"the tokens of {len(uses):,} accepted uses, {tokens:,} of them different, never decrease"
        return Verdict(Validity.VALID, reason, self.name, self.name, details=details)


def decrease(uses: Sequence[Accepted]) -> tuple[Accepted, Accepted] | None:
    """Two accepted uses, the later with a smaller token than the earlier; None if there are none."""
    if any(use.revision == ABSENT for use in uses):
        return decrease_in_time(uses)
    highest: Accepted | None = None
    for _, same in groupby(sorted(uses, key=attrgetter("revision")), key=attrgetter("revision")):
        of_revision = list(same)
        lowest = min(of_revision, key=attrgetter("token"))
        if highest is not None and lowest.token < highest.token:
            return highest, lowest
        if found := decrease_in_time(of_revision):
            return found
        highest = max(of_revision, key=attrgetter("token"))
    return None


def decrease_in_time(uses: Sequence[Accepted]) -> tuple[Accepted, Accepted] | None:
    """Find a decrease where real time alone says what is later; see `decrease`."""
    ended = sorted(uses, key=attrgetter("complete"))
    done, highest = 0, None
    for use in sorted(uses, key=attrgetter("invoke")):
        while ended[done].complete < use.invoke:
            highest = ended[done] if highest is None or ended[done].token > highest.token else highest
            done += 1
        if highest is not None and use.token < highest.token:
            return highest, use
    return None


def late(history: History, earlier: Accepted, later: Accepted) -> Witness:
    """The witness of a use that was accepted, or a lock that was granted, after one with a newer token."""
    events = sorted({earlier.invoke, earlier.complete, later.invoke, later.complete})
    tell = EventFormat(history, events)
    f = history.pool.values[history.f[later.invoke]]
    done = "accepted" if f == USE else "granted"
    words = [
        f"{tell.who(later.invoke)} was let in with token {later.token} at {tell.when(later.complete)}, "
        f"after {tell.who(earlier.invoke)} had been with the newer token {earlier.token}",
    ]
    for use in (earlier, later):
        order = f", revision {use.revision}" if use.revision != ABSENT else ""
        words.append(
            f"{tell.span(use.invoke, use.complete)}: {tell.who(use.invoke)} {f}, token {use.token}, {done}{order}"
        )
    return Witness(tuple(events), tuple(words), later.invoke)


FENCING = CatalogueEntry(
    "fencing", "fencing tokens: what a guarded resource accepts never comes from an older holder than before", (),
    lambda settings: FencingCheck(),
)  # fmt: skip
