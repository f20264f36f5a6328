"""Mutual exclusion: no two clients hold one lock at the same time, as far as the clients themselves know.

    acquire      hold seconds      release      any other operation under the lock (`use`)

A client (process) holds the lock, as far as it knows, from the end of an `acquire` that succeeded to the first of

- the beginning of its next `release`;
- the end of a `hold` that failed with `conflict`: then it learned of the loss;
- the end of its last `hold`, or the beginning of its last other operation under the lock, that succeeded, if a later
  one is answered with `precondition`: it had lost the lock before, at a moment that nobody recorded. A `hold` ends as
  soon as the loss is learned; a `use` that hung on a node may end after it;
- the beginning of an operation of which the client does not know the end, or that failed for any other reason: its
  client may have been replaced by one that knows nothing of the lock.

Holding intervals of different clients on one lock must not overlap; they are compared by the order of events. A lease
that runs out while its holder works on is what this finds: see M. Kleppmann, "How to do distributed locking" (2016),
and etcd issues 11456 and 11457. That the intervals are disjoint is also all there is to decide: each acquire and
release can take effect at one end of its interval.

Pitfall: an interval too long. A client that could have known of the loss must not be blamed for time after that, so
every doubt shortens the interval.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from splitbrain.checkers.common.entry import CatalogueEntry
from splitbrain.checkers.common.event_format import EventFormat
from splitbrain.checkers.common.per_key import NEVER, Rows, of_each_key, over_budget, unobserved
from splitbrain.checkers.common.values import shown
from splitbrain.harness.budget import Budget, BudgetMeter
from splitbrain.harness.history import ABSENT, History
from splitbrain.harness.operation import ErrorKind, EventType, Value
from splitbrain.harness.options import Option
from splitbrain.harness.verdict import Validity, Verdict, Witness

ACQUIRE, HOLD, RELEASE = "acquire", "hold", "release"


@dataclass(frozen=True, slots=True)
class Holding:
    """An interval in which a client believed to hold a lock. Positions of events; end is NEVER if nothing ended it.

    acquire: row of the acquire. until: row of the operation that says how it ended, or ABSENT.
    """

    start: int
    end: int
    process: int
    acquire: int
    until: int


def holdings(history: History, rows: Rows, *, held_on: bool = True) -> list[Holding]:
    """The intervals among these rows (of one lock), in order of their start; held_on: see `ending`."""
    operations = history.operations()
    of_process: dict[int, list[int]] = {}
    for row in rows:
        of_process.setdefault(operations.process[row], []).append(row)
    found: list[Holding] = []
    for process, own in of_process.items():
        for at, row in enumerate(own):
            if history.pool.values[operations.f[row]] == ACQUIRE and operations.ended[row] == EventType.OK:
                end, until = ending(history, operations.complete[row], own[at + 1 :], held_on=held_on)
                found.append(Holding(operations.complete[row], end, process, row, until))
    return sorted(found, key=lambda holding: holding.start)


def ending(history: History, start: int, later: Sequence[int], *, held_on: bool = True) -> tuple[int, int]:
    """The end of a holding that began at a position, and the row that says so. later: the client's next rows.

    held_on: whether a holding that nothing ended lasts for ever; else only as long as the client was surely there.
    """
    operations, values = history.operations(), history.pool.values
    sure = start
    for row in later:
        f, ended = values[operations.f[row]], operations.ended[row]
        kind = error_kind(history, operations.complete[row]) if ended == EventType.FAIL else None
        if kind == ErrorKind.PRECONDITION:
            return sure, row
        if f == HOLD and kind == ErrorKind.CONFLICT:
            return operations.complete[row], row
        if f in (RELEASE, ACQUIRE) or ended != EventType.OK:
            return operations.invoke[row], row
        sure = operations.complete[row] if f == HOLD else operations.invoke[row]
    return NEVER if held_on else sure, ABSENT


def error_kind(history: History, event: int) -> Value:
    """The kind of the error of an event, or None."""
    error = history.error[event] if event >= 0 else ABSENT
    value = history.pool.values[error] if error != ABSENT else None
    return value[0] if isinstance(value, tuple) and value else None


@dataclass(frozen=True)
class LockCheck:
    """Mutual exclusion of lock holding. held_on: whether a lock that is never given back is held for ever; in a run
    that stops its clients at some moment it is not."""

    held_on: bool = True
    name: str = "lock"

    def check(self, history: History, budget: Budget) -> Verdict:
        """The verdict, lock by lock. Operations other than acquire and release are taken as done under the lock."""
        return of_each_key(self.name, history, budget.start(), self._judge, "lock")

    def _judge(self, history: History, rows: Rows, spending: BudgetMeter) -> Verdict:
        if limit := spending.exhausted():
            return over_budget(self.name, limit, 0, len(rows), "operations")
        found = holdings(history, rows, held_on=self.held_on)
        holders = len({holding.process for holding in found})
        details: dict[str, Value] = {"held": len(found), "holders": holders}
        if holders < 2:
            clients = "no client" if not found else "only one client"
            return unobserved(self.name, f"{clients} ever held the lock: nothing could have refuted the model")
        overlaps = overlapping(found)
        if not overlaps:
            reason = f"held {len(found):,} times by {holders:,} clients, never by two at a time"
            return Verdict(Validity.VALID, reason, self.name, self.name, details=details)
        details["overlaps"] = len(overlaps)
        witness = overlap(history, *overlaps[0], len(overlaps))
        return Verdict(Validity.INVALID, witness.words[0], self.name, self.name, witness=witness, details=details)


def overlapping(found: Sequence[Holding]) -> list[tuple[Holding, Holding]]:
    """Pairs of holdings of different clients that overlap: of each holding with the one before it that lasts longest.
    Empty if and only if there is none."""
    pairs = []
    longest: Holding | None = None
    for holding in found:
        if longest is not None and longest.end > holding.start and longest.process != holding.process:
            pairs.append((longest, holding))
        if longest is None or holding.end > longest.end:
            longest = holding
    return pairs


def overlap(history: History, first: Holding, second: Holding, overlaps: int) -> Witness:
    """The witness of two holdings that overlap."""
    operations = history.operations()
    events: list[int] = []
    for holding in (first, second):
        last = holding.until if holding.until != ABSENT else len(operations) - 1
        for row in range(holding.acquire, last + 1):
            same_lock = operations.key[row] == operations.key[holding.acquire]
            if operations.process[row] == holding.process and same_lock:
                events += [event for event in (operations.invoke[row], operations.complete[row]) if event >= 0]
    tell = EventFormat(history, [m for h in (first, second) for m in (h.start, h.end) if m != NEVER])
    who = [tell.who(holding.start) for holding in (first, second)]
    words = [
        f"{who[1]} was given the lock at {tell.when(second.start)}, while {who[0]} held it since "
        f"{tell.when(first.start)}{_token(history, first, second)}"
    ]
    for holding, holder in zip((first, second), who, strict=True):
        words.append(f"{tell.when(holding.start)} to {_end(history, tell, holding)}: held by {holder}")
    if overlaps > 1:
        words.append(f"overlaps in all: {overlaps:,}")
    return Witness(tuple(sorted(set(events))), tuple(words), operations.invoke[second.acquire])


def _token(history: History, first: Holding, second: Holding) -> str:
    tokens = [history.token[holding.start] for holding in (first, second)]
    if ABSENT in tokens:
        return ""
    before, after = (shown(history.pool.values[token]) for token in tokens)
    return f" (token {after} after token {before})"


def _end(history: History, tell: EventFormat, holding: Holding) -> str:
    """The end of a holding, and its cause."""
    if holding.end == NEVER:
        return "the end"
    if holding.until == ABSENT:
        return f"{tell.when(holding.end)} (nothing heard of it since)"
    operations = history.operations()
    f = history.pool.values[operations.f[holding.until]]
    if holding.end == operations.complete[holding.until]:
        why = f"{f} learned of the loss"
    elif holding.end == operations.invoke[holding.until]:
        why = f"{f} began" if f in (RELEASE, ACQUIRE) else f"{f} began and was not answered"
    else:
        why = f"the next {f} says that it was lost"
    return f"{tell.when(holding.end)} ({why})"


HELD_ON = Option("held-on", True, "whether a lock that is never given back is held for ever")

LOCK = CatalogueEntry(
    "lock", "mutual exclusion: no two clients hold a lock at the same time, as far as they know",
    (HELD_ON,),
    lambda settings: LockCheck(bool(settings["held-on"])),
)  # fmt: skip
