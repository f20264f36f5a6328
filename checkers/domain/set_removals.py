"""Removals from a set: what was removed stays away, and the rest stays. Each read is held to what was settled before
it.

    add x      remove x      read → all elements

An element is *gone* for a read if a remove of it was acknowledged before the read began, and began after every add of
it had been acknowledged that had begun when the read ended; it is *there* for the read if the same holds with add and
remove exchanged. A read that has a gone element saw it *returned*; one that misses an element that is there saw it
*lost*; an element of which no add that may have happened had begun is *unexpected*. All three are invalid, and so is a
read that lists an element twice. Whatever overlaps, or ended in `info`, settles nothing.

Pitfall: which reads count. `reads=final` judges those that began after the last change was acknowledged (or the last
read, if none did), so a store may take its time; `reads=all` judges each, and a stale read is invalid.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from splitbrain.checkers.common.data_types import elements_of
from splitbrain.checkers.common.entry import CatalogueEntry
from splitbrain.checkers.common.event_format import EventFormat, some
from splitbrain.checkers.common.per_key import LOOK_EVERY, NEVER, Rows, hold_to, of_each_key, over_budget, unobserved
from splitbrain.checkers.common.values import counted, shown
from splitbrain.checkers.domain.sets import SetRead, doubled, listed_twice, unread_nodes
from splitbrain.harness.budget import Budget, BudgetMeter
from splitbrain.harness.history import History
from splitbrain.harness.operation import EventType, Value
from splitbrain.harness.options import Option
from splitbrain.harness.verdict import Validity, Verdict, Witness

ADD, REMOVE, READ = "add", "remove", "read"
SHOWN_ELEMENTS = 100


@dataclass(frozen=True, slots=True)
class SetChange:
    """An add or a remove that did not fail. Positions of its events; complete is NEVER unless it was acknowledged."""

    invoke: int
    complete: int


@dataclass(slots=True)
class RemovedElement:
    """The adds and removes of one element."""

    adds: list[SetChange] = field(default_factory=list)
    removes: list[SetChange] = field(default_factory=list)


@dataclass(slots=True)
class RemovalHistory:
    """The changes of one set. elements: by value id. failed_reads: rows of reads that did not succeed. changed: when
    the last change was acknowledged."""

    elements: dict[int, RemovedElement] = field(default_factory=dict)
    reads: list[SetRead] = field(default_factory=list)
    failed_reads: list[int] = field(default_factory=list)
    changed: int = -1


@dataclass(slots=True)
class Seen:
    """Contradictions that reads saw: element → the first read that did. gone: so many elements were gone for some
    read."""

    returned: dict[int, SetRead] = field(default_factory=dict)
    lost: dict[int, SetRead] = field(default_factory=dict)
    unexpected: dict[int, SetRead] = field(default_factory=dict)
    gone: set[int] = field(default_factory=set)


def settled(changes: Sequence[SetChange], opposed: Sequence[SetChange], read: SetRead) -> SetChange | None:
    """The change that decides what a read must see: acknowledged before it began, and begun after all opposed changes
    had been acknowledged that had begun when the read ended; None if there is none."""
    latest = max((change.complete for change in opposed if change.invoke < read.complete), default=-1)
    deciding = (change for change in changes if change.complete < read.invoke and change.invoke > latest)
    return max(deciding, key=lambda change: change.invoke, default=None)


@dataclass(frozen=True)
class RemovalCheck:
    """reads: "final" or "all"."""

    reads: str = "final"
    name: str = "removals"

    def check(self, history: History, budget: Budget) -> Verdict:
        """The verdict, key by key; UsageError for other operations than add, remove and read."""
        hold_to(history, self.name, (ADD, REMOVE, READ))
        return of_each_key(self.name, history, budget.start(), self._judge)

    def _judge(self, history: History, rows: Rows, spending: BudgetMeter) -> Verdict:
        found = self._gathered(history, rows, spending)
        if isinstance(found, Verdict):
            return found
        if not found.reads:
            return unobserved(self.name, "the set was never read: nothing could have refuted the model")
        judged, seen = self._judged(found), Seen()
        for count, read in enumerate(judged):
            if limit := spending.exhausted():
                return over_budget(self.name, limit, count, len(judged), "reads")
            look(found.elements, read, seen)
        return self._verdict(history, found, judged, seen)

    def _gathered(self, history: History, rows: Rows, spending: BudgetMeter) -> RemovalHistory | Verdict:
        operations, pool = history.operations(), history.pool
        found = RemovalHistory()
        for count, row in enumerate(rows):
            if count % LOOK_EVERY == 0 and (limit := spending.exhausted()):
                return over_budget(self.name, limit, count, len(rows), "operations")
            ended, invoke, complete = operations.ended[row], operations.invoke[row], operations.complete[row]
            f = pool.values[operations.f[row]]
            if f == READ:
                if ended == EventType.OK:
                    listed = elements_of(pool.values[operations.result[row]])
                    found.reads.append(SetRead(row, invoke, complete, pool.ids(listed)))
                else:
                    found.failed_reads.append(row)
                continue
            element = found.elements.setdefault(operations.argument[row], RemovedElement())
            if ended == EventType.OK:
                found.changed = max(found.changed, complete)
            if ended != EventType.FAIL:
                change = SetChange(invoke, complete if ended == EventType.OK else NEVER)
                (element.adds if f == ADD else element.removes).append(change)
        return found

    def _judged(self, found: RemovalHistory) -> Sequence[SetRead]:
        if self.reads == "all":
            return found.reads
        final = [read for read in found.reads if read.invoke > found.changed]
        return final or [max(found.reads, key=lambda read: read.complete)]

    def _verdict(self, history: History, found: RemovalHistory, judged: Sequence[SetRead], seen: Seen) -> Verdict:
        values = history.pool.values
        details: dict[str, Value] = {
            "elements": len(found.elements), "gone": len(seen.gone), "reads": len(judged),
            "returned": len(seen.returned), "lost": len(seen.lost), "unexpected": len(seen.unexpected),
        }  # fmt: skip
        for name, wrong in (("returned", seen.returned), ("lost", seen.lost), ("unexpected", seen.unexpected)):
            if wrong:
                witness = amiss(history, found.elements, name, wrong)
                details[f"{name}_elements"] = [values[element] for element in list(wrong)[:SHOWN_ELEMENTS]]
                reason = witness.words[0]
                return Verdict(Validity.INVALID, reason, self.name, self.name, witness=witness, details=details)
        twice = next(filter(listed_twice, judged), None)
        if twice is not None:
            witness = doubled(history, twice)
            reason = witness.words[0]
            return Verdict(Validity.INVALID, reason, self.name, self.name, witness=witness, details=details)
        if not seen.gone:
            return unobserved(self.name, "no element had surely been removed before it was read: none could come back")
        reads = "the read that counts has" if len(judged) == 1 else f"all {len(judged):,} reads that count have"
        reason = f"{reads} none of the {len(seen.gone):,} elements that had been removed, and all that had not"
        reason += unread_nodes(history, found.reads, found.failed_reads, found.changed)
        return Verdict(Validity.VALID, reason, self.name, self.name, details=details)


def look(elements: Mapping[int, RemovedElement], read: SetRead, seen: Seen) -> None:
    """Note the contradictions that one read sees."""
    has = set(read.seen)
    for number, element in elements.items():
        added = any(add.invoke < read.complete for add in element.adds)
        if added and settled(element.removes, element.adds, read):
            seen.gone.add(number)
            if number in has:
                seen.returned.setdefault(number, read)
        elif not added and number in has:
            seen.unexpected.setdefault(number, read)
        elif number not in has and settled(element.adds, element.removes, read):
            seen.lost.setdefault(number, read)
    for number in sorted(has - elements.keys()):
        seen.unexpected.setdefault(number, read)


def amiss(history: History, elements: Mapping[int, RemovedElement], how: str, wrong: Mapping[int, SetRead]) -> Witness:
    """The witness of elements that a read should not have, or should: the first of them, its changes, and the read."""
    number, read = next(iter(wrong.items()))
    known = elements.get(number, RemovedElement())
    changes = [change for change in (*known.adds, *known.removes) if change.invoke < read.complete]
    if how == "lost":
        changes = [change for change in (settled(known.adds, known.removes, read),) if change]
    events = {read.invoke, read.complete}
    for change in changes:
        events |= {change.invoke, *([] if history.partner[change.invoke] < 0 else [history.partner[change.invoke]])}
    tell, values = EventFormat(history, sorted(events)), history.pool.values
    name, reader = shown(values[number]), tell.who(read.invoke)
    if how == "unexpected":
        story = f"with {name} in it, which nobody had added"
    else:
        decisive = settled(*((known.removes, known.adds) if how == "returned" else (known.adds, known.removes)), read)
        assert decisive is not None, "what is wrong is wrong by a change"
        done = "its remove" if how == "returned" else "its add"
        has = f"with {name} in it" if how == "returned" else f"without {name}"
        story = (
            f"{has}, yet {done} had been acknowledged at {tell.when(decisive.complete)} by {tell.who(decisive.invoke)}"
        )
    words = [f"{reader} read the set at {tell.when(read.complete)} {story}"]
    for change in sorted(changes, key=lambda change: change.invoke):
        begun = f"{tell.who(change.invoke)} {values[history.f[change.invoke]]} {name}"
        words.append(f"{tell.span(change.invoke, history.partner[change.invoke])}: {begun}")
    words.append(tell.line(read.row, key=False))
    if len(wrong) > 1:
        words.append(f"{how} in all, {counted(len(wrong), 'element')}: {some([values[e] for e in wrong])}")
    return Witness(tuple(sorted(events)), tuple(words), read.invoke)


READS = Option("reads", "final", "which reads count: all, or those begun after the last change", ("final", "all"))

REMOVALS = CatalogueEntry(
    "removals", "a set from which elements are removed: what is gone stays away, what is there stays",
    (READS,), lambda settings: RemovalCheck(str(settings["reads"])),
)  # fmt: skip
