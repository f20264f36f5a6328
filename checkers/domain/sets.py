"""Lost elements of a set, as Jepsen's `set`: what was added and acknowledged is there at the end.

    add x      read → all elements

An acknowledged element that a final read misses is lost; an element that nobody added, or whose adds all failed, is
unexpected; both are invalid. An element whose add ended in `info` may be there or not. Definitions as in Jepsen's
`checker/set` (jepsen-io/jepsen, `checker.clj`), with these differences: an add acknowledged only after the read began
is not owed by it; an element of a failed add counts as unexpected, and a final read that lists an element twice is
invalid, where Jepsen lets both pass.

Pitfall: which read is final. `reads=last` takes the last one, as Jepsen does; `reads=final` takes every read that
began after the last add had ended, so that each node that was read at the end is held to account.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from splitbrain.checkers.common.data_types import elements_of
from splitbrain.checkers.common.entry import CatalogueEntry
from splitbrain.checkers.common.event_format import EventFormat, some
from splitbrain.checkers.common.per_key import LOOK_EVERY, NEVER, Rows, hold_to, of_each_key, over_budget, unobserved
from splitbrain.checkers.common.values import counted, shown
from splitbrain.checkers.common.waiting import apart, no_read_after
from splitbrain.harness.budget import Budget, BudgetMeter
from splitbrain.harness.history import ABSENT, History
from splitbrain.harness.operation import EventType, Value
from splitbrain.harness.options import Option
from splitbrain.harness.verdict import Validity, Verdict, Witness

ADD, READ, BROADCAST = "add", "read", "broadcast"


@dataclass(slots=True)
class AddedElement:
    """The adds of one element. Positions of events, NEVER where there is none.

    began: invocation of the first add that did not fail. acknowledged: completion of the first that succeeded, and
    `by` its row. failed: row of the first that failed.
    """

    began: int = NEVER
    acknowledged: int = NEVER
    by: int = -1
    failed: int = -1


@dataclass(slots=True)
class SetRead:
    """One successful read. seen: value ids of the elements, as they were listed."""

    row: int
    invoke: int
    complete: int
    seen: list[int]


@dataclass(slots=True)
class SetHistory:
    """Adds and reads of one set. elements: by value id, in order of their first add; attempts: how many adds."""

    elements: dict[int, AddedElement] = field(default_factory=dict)
    reads: list[SetRead] = field(default_factory=list)
    failed_reads: list[int] = field(default_factory=list)
    """Rows of reads that did not succeed."""
    attempts: int = 0
    last_add: int = -1
    """The end of the last add that is known to have ended: position of its completion."""
    stopped: Verdict | None = None


def gathered(checker: str, history: History, rows: Rows, spending: BudgetMeter) -> SetHistory:
    """The adds and reads among these rows. UsageError for a read that returned no collection."""
    operations, pool = history.operations(), history.pool
    out = SetHistory()
    for count, row in enumerate(rows):
        if count % LOOK_EVERY == 0 and (limit := spending.exhausted()):
            out.stopped = over_budget(checker, limit, count, len(rows), "operations")
            return out
        ended, invoke, complete = operations.ended[row], operations.invoke[row], operations.complete[row]
        if pool.values[operations.f[row]] == READ:
            if ended == EventType.OK:
                listed = elements_of(pool.values[operations.result[row]])
                out.reads.append(SetRead(row, invoke, complete, pool.ids(listed)))
            else:
                out.failed_reads.append(row)
            continue
        out.attempts += 1
        element = out.elements.setdefault(operations.argument[row], AddedElement())
        if ended == EventType.FAIL:
            element.failed = row if element.failed < 0 else element.failed
            continue
        element.began = min(element.began, invoke)
        if ended == EventType.OK:
            out.last_add = max(out.last_add, complete)
            if complete < element.acknowledged:
                element.acknowledged, element.by = complete, row
    return out


@dataclass(frozen=True)
class SetCheck:
    """Jepsen's `set`. reads: "last" or "final". add: the operation that adds. after_seconds: the time that final reads
    keep from the last add, by the history's clock: `unknown` without such a read.
    """

    reads: str = "last"
    name: str = "set"
    add: str = ADD
    after_seconds: float = 0.0

    def check(self, history: History, budget: Budget) -> Verdict:
        """The verdict, key by key; UsageError for other operations than add and read."""
        hold_to(history, self.name, (self.add, READ))
        return of_each_key(self.name, history, budget.start(), self._judge)

    def _judge(self, history: History, rows: Rows, spending: BudgetMeter) -> Verdict:
        all_of_it = gathered(self.name, history, rows, spending)
        if all_of_it.stopped:
            return all_of_it.stopped
        if not all_of_it.reads:
            return unobserved(self.name, "the set was never read: nothing could have refuted the model")
        final = self._final(history, all_of_it)
        if not final:
            return unobserved(self.name, no_read_after(self.after_seconds))
        elements = all_of_it.elements
        earliest = min(read.invoke for read in final)
        owed = [element for element, known in elements.items() if known.acknowledged < earliest]
        lost: dict[int, SetRead] = {}
        unexpected: dict[int, SetRead] = {}
        for count, read in enumerate(final):
            if limit := spending.exhausted():
                return over_budget(self.name, limit, count, len(final), "final reads")
            seen = set(read.seen)
            for element in owed:
                if element not in seen:
                    lost.setdefault(element, read)
            for element in read.seen:
                if element not in elements or elements[element].began > read.complete:
                    unexpected.setdefault(element, read)
        return self._verdict(history, all_of_it, final, len(owed), lost, unexpected)

    def _final(self, history: History, all_of_it: SetHistory) -> list[SetRead]:
        reads = all_of_it.reads
        if self.reads == "final":
            after = [read for read in reads if read.invoke > all_of_it.last_add]
            if self.after_seconds:
                return [read for read in after if apart(history, all_of_it.last_add, read.invoke, self.after_seconds)]
            if after:
                return after
        return [max(reads, key=lambda read: read.complete)]

    def _verdict(
        self, history: History, all_of_it: SetHistory, final: Sequence[SetRead], owed: int, lost: dict[int, SetRead],
        unexpected: dict[int, SetRead],
    ) -> Verdict:  # fmt: skip
        elements, values = all_of_it.elements, history.pool.values
        seen = {element for read in final for element in read.seen}
        recovered = sum(known.acknowledged == NEVER and element in seen for element, known in elements.items())
        details: dict[str, Value] = {
            "attempts": all_of_it.attempts, "acknowledged": owed, "final_reads": len(final), "lost": len(lost),
            "unexpected": len(unexpected), "recovered": recovered,
        }  # fmt: skip
        twice = next(filter(listed_twice, final), None)
        if lost:
            witness = lost_element(history, all_of_it, lost)
        elif unexpected:
            witness = unexpected_element(history, all_of_it, unexpected)
        elif twice is not None:
            witness = doubled(history, twice)
        elif not owed:
            return unobserved(self.name, "no add had been acknowledged before the final read: nothing could be lost")
        else:
            reads = "the final read has" if len(final) == 1 else f"all {len(final)} final reads have"
            reason = f"{reads} all {owed:,} acknowledged elements"
            reason += f", and {recovered:,} whose add nobody knew the end of" if recovered else ""
            reads_then = final if self.after_seconds else all_of_it.reads
            reason += unread_nodes(history, reads_then, all_of_it.failed_reads, all_of_it.last_add)
            return Verdict(Validity.VALID, reason, self.name, self.name, details=details)
        details["lost_elements"] = [values[element] for element in list(lost)[:100]]
        details["unexpected_elements"] = [values[element] for element in list(unexpected)[:100]]
        return Verdict(Validity.INVALID, witness.words[0], self.name, self.name, witness=witness, details=details)


def unread_nodes(history: History, reads: Iterable[SetRead], failed_reads: Iterable[int], last: int) -> str:
    """A clause that names the nodes through which the reads after the last change all failed, in order of their first
    one; "" if there are none. reads: those that succeeded, and count. failed_reads: rows of the others."""
    invoke = history.operations().invoke
    read = {history.node[one.invoke] for one in reads if one.invoke > last} | {ABSENT}
    tried = [history.node[invoke[row]] for row in failed_reads if invoke[row] > last]
    unread = [str(history.pool.values[node]) for node in dict.fromkeys(tried) if node not in read]
    return f"; {' and '.join(unread)} could not be read then" if unread else ""


def lost_element(history: History, all_of_it: SetHistory, lost: Mapping[int, SetRead]) -> Witness:
    """The witness of acknowledged elements that a read misses: the first of them, its add and the read."""
    operations, values = history.operations(), history.pool.values
    element, read = next(iter(lost.items()))
    by = all_of_it.elements[element].by
    events = tuple(sorted((operations.invoke[by], operations.complete[by], read.invoke, read.complete)))
    tell = EventFormat(history, events)
    name, adder = shown(values[element]), tell.who(operations.invoke[by])
    words = [
        f"{tell.who(read.invoke)} read the set at {tell.when(read.complete)} without {name}, "
        f"yet its add had been acknowledged at {tell.when(operations.complete[by])} by {adder}",
        tell.line(by, key=False),
        tell.line(read.row, key=False),
    ]
    if len(lost) > 1:
        words.append(f"lost in all, {len(lost):,} acknowledged elements: {some([values[e] for e in lost])}")
    return Witness(events, tuple(words), read.invoke)


def unexpected_element(history: History, all_of_it: SetHistory, unexpected: Mapping[int, SetRead]) -> Witness:
    """The witness of elements that nobody had added: the first of them, and the read."""
    operations, values = history.operations(), history.pool.values
    element, read = next(iter(unexpected.items()))
    known = all_of_it.elements.get(element)
    events = [read.invoke, read.complete]
    if known is None:
        story, add = "yet nobody ever added it", None
    elif known.began < NEVER:
        story, add = "before anybody had begun to add it", known.began
    else:
        story, add = "yet its add had failed", operations.invoke[known.failed]
    if add is not None:
        events += [add, *([end] if (end := history.partner[add]) >= 0 else [])]
    tell = EventFormat(history, events)
    name = shown(values[element])
    words = [
        f"{tell.who(read.invoke)} read the set at {tell.when(read.complete)} with {name} in it, {story}",
        tell.line(read.row, key=False),
    ]
    if add is not None:
        words.append(f"{tell.span(add, history.partner[add])}: {tell.who(add)} add {name}")
    if len(unexpected) > 1:
        in_all = counted(len(unexpected), "element")
        words.append(f"unexpected in all, {in_all}: {some([values[e] for e in unexpected])}")
    return Witness(tuple(sorted(events)), tuple(words), read.invoke)


def listed_twice(read: SetRead) -> bool:
    """Whether a read lists an element twice."""
    return len(set(read.seen)) < len(read.seen)


def doubled(history: History, read: SetRead) -> Witness:
    """The witness of a read that lists an element twice."""
    element = next(element for element, times in Counter(read.seen).items() if times > 1)
    events = (read.invoke, read.complete)
    tell = EventFormat(history, events)
    name = shown(history.pool.values[element])
    words = f"{tell.who(read.invoke)} read the set at {tell.when(read.complete)} with {name} in it more than once"
    return Witness(events, (words, tell.line(read.row, key=False)), read.invoke)


READS = Option("reads", "last", "which reads count: the last, or all that began after the last add", ("last", "final"))

SET = CatalogueEntry(
    "set", "Jepsen's set: what was added and acknowledged is in the final read; not linearizability",
    (READS,), lambda settings: SetCheck(str(settings["reads"])),
)  # fmt: skip
