"""Completeness of watches: a watcher sees every change, once and in order.

    write (key) value → its revision
    watch (prefix) name → [[key revision value] …]: the changes since the watcher's last answer, value nil for deleted
    drain (prefix) name → the same, up to the last change that was there when the drain began

Revisions are of the whole store and grow with each write (etcd: "watch guarantees" in its API documentation). The
answers of one watcher, one after another, are its log. In a log no revision is lower than one before it, no change
stands twice, each change is one that somebody made; and nothing is missing: every acknowledged write is there whose
revision lies between the first and the last that the watcher owes. It owes from the first revision that it saw, or from
the first write begun after its first answer; up to the last that it saw, or that it was drained to.

A watcher that was not drained, or whose changes were compacted away before it could resume, is `unknown`, unless what
it saw is wrong by itself.

Pitfall: a watcher that fell silent. It saw nothing wrong, so only a drain shows what it missed.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from splitbrain.checkers.common.entry import CatalogueEntry
from splitbrain.checkers.common.event_format import EventFormat
from splitbrain.checkers.common.per_key import LOOK_EVERY, NEVER, combined, hold_to, named, over_budget, unobserved
from splitbrain.checkers.common.values import shown
from splitbrain.harness.budget import Budget, BudgetMeter
from splitbrain.harness.errors import UsageError
from splitbrain.harness.history import ABSENT, History
from splitbrain.harness.operation import EventType, Value
from splitbrain.harness.verdict import Validity, Verdict, Witness, unknown

WRITE, WATCH, DRAIN = "write", "watch", "drain"
COMPACTED = "compacted"
"""The beginning of a watch's error if changes were compacted away before it could resume."""


@dataclass(frozen=True, slots=True)
class WatchedChange:
    """One change that a watcher saw. key, value: value ids. row: of the answer that had it."""

    key: int
    revision: int
    value: int
    row: int


@dataclass(slots=True)
class WatchLog:
    """The changes that one watcher saw.

    prefix: value id of what all keys of its changes begin with, or ABSENT. began: position at which its first answer
    came. drained: invocation of its last drain that succeeded, and to which revision, ABSENT where unknown. compacted:
    row of the operation that was told so.
    """

    prefix: int
    changes: list[WatchedChange] = field(default_factory=list)
    began: int = NEVER
    drained: int = ABSENT
    drained_to: int = ABSENT
    compacted: int = ABSENT
    answers: int = 0


@dataclass(slots=True)
class Writes:
    """acknowledged: (revision, key) → row of the write that succeeded. possible: (key, value) of all that may have
    taken effect. unnumbered: row of a write that succeeded without a revision."""

    acknowledged: dict[tuple[int, int], int] = field(default_factory=dict)
    possible: set[tuple[int, int]] = field(default_factory=set)
    unnumbered: int = ABSENT


@dataclass(frozen=True)
class WatchCheck:
    """Check that watchers see every change, once and in order."""

    name: str = "watch"

    def check(self, history: History, budget: Budget) -> Verdict:
        """The verdict, watcher by watcher; UsageError for other operations and for answers that are no changes."""
        hold_to(history, self.name, (WRITE, WATCH, DRAIN))
        spending = budget.start()
        operations, values = history.operations(), history.pool.values
        writes, logs = Writes(), dict[tuple[int, int], WatchLog]()
        for row in range(len(operations)):
            if row % LOOK_EVERY == 0 and (limit := spending.exhausted()):
                return over_budget(self.name, limit, row, len(operations), "operations")
            if values[operations.f[row]] == WRITE:
                _note_write(history, row, writes)
            else:
                prefix = operations.key[row]
                _note_answer(history, row, logs.setdefault((prefix, operations.argument[row]), WatchLog(prefix)))
        if not logs:
            return unobserved(self.name, "nobody watched: nothing could have refuted the model")
        if writes.unnumbered != ABSENT:
            at = operations.complete[writes.unnumbered]
            return unknown(self.name, f"the write acknowledged at event {at} has no revision", self.name)
        verdicts = [
            named(self._of(history, log, writes, spending), "watcher", values[watcher])
            for (_, watcher), log in logs.items()
        ]
        return verdicts[0] if len(verdicts) == 1 else combined(self.name, verdicts, "watchers")

    def _of(self, history: History, log: WatchLog, writes: Writes, spending: BudgetMeter) -> Verdict:
        """The verdict on one watcher."""
        if limit := spending.exhausted():
            return over_budget(self.name, limit, 0, len(log.changes), "changes")
        details: dict[str, Value] = {"changes": len(log.changes), "answers": log.answers}
        witness = disorder(history, log) or strange(history, log, writes)
        expected = expected_of(history, log, writes)
        if witness is None and log.compacted == ABSENT:
            witness = missing(history, log, writes, expected)
        if witness is not None:
            return Verdict(Validity.INVALID, witness.words[0], self.name, self.name, witness=witness, details=details)
        if log.compacted != ABSENT:
            return unknown(self.name, "changes were compacted away before it could resume", self.name, **details)
        if log.drained == ABSENT:
            return unknown(self.name, "it was not drained, so what it misses is not known", self.name, **details)
        if not expected:
            return unobserved(self.name, "no write was acknowledged while it watched: nothing could be missing")
        reason = (
            f"saw {len(log.changes):,} changes once and in order, all {len(expected):,} acknowledged writes among them"
        )
        return Verdict(Validity.VALID, reason, self.name, self.name, details=details)


def _note_write(history: History, row: int, writes: Writes) -> None:
    operations = history.operations()
    if operations.ended[row] == EventType.FAIL:
        return
    key = operations.key[row]
    writes.possible.add((key, operations.argument[row]))
    if operations.ended[row] == EventType.OK:
        if operations.revision[row] == ABSENT:
            writes.unnumbered = row
        else:
            writes.acknowledged[operations.revision[row], key] = row


def _note_answer(history: History, row: int, log: WatchLog) -> None:
    operations, pool = history.operations(), history.pool
    complete = operations.complete[row]
    if operations.ended[row] != EventType.OK:
        error = history.error[complete] if complete >= 0 else ABSENT
        if error != ABSENT and COMPACTED in str(pool.values[error]):
            log.compacted = row
        return
    log.answers += 1
    log.began = min(log.began, complete)
    if pool.values[operations.f[row]] == DRAIN:
        log.drained, log.drained_to = operations.invoke[row], operations.revision[row]
    answer = pool.values[operations.result[row]]
    for change in () if answer is None else answer if isinstance(answer, tuple) else (answer,):
        if not isinstance(change, tuple) or len(change) != 3 or type(change[1]) is not int:
            raise UsageError(f"a watch returns changes, each [key revision value], not {shown(change)}")
        log.changes.append(WatchedChange(pool.id(change[0]), change[1], pool.id(change[2]), row))


def expected_of(history: History, log: WatchLog, writes: Writes) -> list[tuple[int, int]]:
    """(revision, key) of the acknowledged writes that a watcher must have seen, in order of revision."""
    operations = history.operations()
    acknowledged = {write: row for write, row in writes.acknowledged.items() if covers(history, log.prefix, write[1])}
    first = min((change.revision for change in log.changes), default=NEVER)
    last = max((change.revision for change in log.changes), default=ABSENT)
    for (revision, _), row in acknowledged.items():
        if operations.invoke[row] > log.began:
            first = min(first, revision)
        if log.drained != ABSENT and operations.complete[row] < log.drained:
            last = max(last, revision)
    last = max(last, log.drained_to)
    return sorted(write for write in acknowledged if first <= write[0] <= last)


def covers(history: History, prefix: int, key: int) -> bool:
    """Whether a key begins with a watcher's prefix."""
    values = history.pool.values
    return prefix == ABSENT or (key != ABSENT and str(values[key]).startswith(str(values[prefix])))


def disorder(history: History, log: WatchLog) -> Witness | None:
    """The witness of a change that stands twice in a log, or after one of a higher revision."""
    seen: dict[tuple[int, int], WatchedChange] = {}
    highest: WatchedChange | None = None
    for change in log.changes:
        before = seen.setdefault((change.key, change.revision), change)
        if before is not change:
            return _two(history, before, change, "which it had seen already")
        if highest is not None and change.revision < highest.revision:
            return _two(history, highest, change, f"after {_shown(history, highest)}")
        highest = change
    return None


def strange(history: History, log: WatchLog, writes: Writes) -> Witness | None:
    """The witness of a change that nobody made."""
    operations, values = history.operations(), history.pool.values
    for change in log.changes:
        row = writes.acknowledged.get((change.revision, change.key))
        if row is not None and operations.argument[row] != change.value:
            story = f"yet that revision was acknowledged for {shown(values[operations.argument[row]])}"
            more: Sequence[int] = (operations.invoke[row], operations.complete[row])
        elif (change.key, change.value) not in writes.possible:
            story, more = "which nobody wrote", ()
        else:
            continue
        events = sorted({operations.invoke[change.row], operations.complete[change.row], *more})
        tell = EventFormat(history, events)
        at = tell.when(operations.complete[change.row])
        words = (f"saw {_shown(history, change)} at {at}, {story}", *_lines(history, events))
        return Witness(tuple(events), words, operations.invoke[change.row])
    return None


def missing(history: History, log: WatchLog, writes: Writes, expected: Sequence[tuple[int, int]]) -> Witness | None:
    """The witness of an acknowledged write that a watcher did not see."""
    operations, values = history.operations(), history.pool.values
    seen = {(change.revision, change.key) for change in log.changes}
    lost = [write for write in expected if write not in seen]
    if not lost:
        return None
    row = writes.acknowledged[lost[0]]
    after = next((change for change in log.changes if change.revision > lost[0][0]), None)
    events = {operations.invoke[row], operations.complete[row]}
    witnessing = after.row if after is not None else ABSENT
    if witnessing != ABSENT:
        events |= {operations.invoke[witnessing], operations.complete[witnessing]}
    elif log.drained != ABSENT:
        events |= {log.drained, history.partner[log.drained]}
    events |= {history.partner[log.began], log.began}
    first = min(log.changes, key=lambda change: change.revision, default=None)
    if first is not None:
        events |= {operations.invoke[first.row], operations.complete[first.row]}
    tell = EventFormat(history, sorted(events))
    write = f"{shown(values[operations.key[row]])} = {shown(values[operations.argument[row]])} of revision {lost[0][0]}"
    proof = (
        f"though it saw {_shown(history, after)} at {tell.when(operations.complete[after.row])}"
        if after is not None
        else "though it was drained"
    )
    words = [
        f"never saw {write}, acknowledged at {tell.when(operations.complete[row])} "
        f"by {tell.who(operations.invoke[row])}, {proof}",
        *_lines(history, sorted(events)),
    ]
    if len(lost) > 1:
        words.append(f"missing in all: {len(lost):,} acknowledged writes, up to revision {lost[-1][0]}")
    return Witness(tuple(sorted(events)), tuple(words), operations.invoke[row])


def _two(history: History, first: WatchedChange, second: WatchedChange, story: str) -> Witness:
    operations = history.operations()
    rows = sorted({first.row, second.row})
    events = tuple(event for row in rows for event in (operations.invoke[row], operations.complete[row]))
    tell = EventFormat(history, events)
    words = f"saw {_shown(history, second)} at {tell.when(operations.complete[second.row])}, {story}"
    return Witness(tuple(sorted(events)), (words, *_lines(history, events)), operations.invoke[second.row])


def _lines(history: History, events: Sequence[int]) -> list[str]:
    """A line for each operation that has one of these events."""
    tell, invoke, wanted = EventFormat(history, events), history.operations().invoke, set(events)
    return [tell.line(row) for row, begin in enumerate(invoke) if begin in wanted]


def _shown(history: History, change: WatchedChange) -> str:
    values = history.pool.values
    return f"{shown(values[change.key])} = {shown(values[change.value])} of revision {change.revision}"


WATCH_ENTRY = CatalogueEntry(
    "watch", "watchers see every acknowledged change once, in order of revision, with nothing missing between", (),
    lambda settings: WatchCheck(),
)  # fmt: skip
