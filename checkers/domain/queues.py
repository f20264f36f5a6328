"""Queues without order, as Jepsen's `queue` and `total-queue`.

    enqueue x      dequeue → x      drain → [x …]

`queue`: every element taken was put in: at each moment no more were taken of it than puts of it had begun. A dequeue
that returned the value `empty` (nil unless set) took nothing. `total-queue`: what goes in comes out: every element
acknowledged was taken by the end, and nothing was taken that nobody tried to put in. Definitions as in Jepsen's
`checker/queue` over an unordered queue and `checker/total-queue` (jepsen-io/jepsen, `checker.clj`); a drain is many
dequeues.

Pitfall: `total-queue` asks that the queue was emptied at the end: an element that was acknowledged is lost only if a
drain succeeded, or a dequeue found nothing, that began afterwards; else the verdict is `unknown`. (A dequeue that
failed may hide an element for a while: where one did, only a drain tells.) And a dequeue of unknown end may have taken
any element: what could have gone that way is not said to be lost, which makes the verdict `unknown` too, where Jepsen's
is invalid. Elements taken more often than they were put in are counted, and let pass by `total-queue` unless
`duplicates=invalid`.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from splitbrain.checkers.common.entry import CatalogueEntry
from splitbrain.checkers.common.event_format import EventFormat, some
from splitbrain.checkers.common.per_key import LOOK_EVERY, Rows, hold_to, of_each_key, over_budget, unobserved
from splitbrain.checkers.common.values import counted, meant, shown
from splitbrain.harness.budget import Budget, BudgetMeter
from splitbrain.harness.errors import UsageError
from splitbrain.harness.history import ABSENT, History
from splitbrain.harness.operation import EventType, Value
from splitbrain.harness.options import Option, Setting
from splitbrain.harness.verdict import Validity, Verdict, Witness

PUT, TAKE, DRAIN = "enqueue", "dequeue", "drain"


@dataclass
class Traffic:
    """The elements that went in and out of one queue. Elements are value ids.

    tried: (position of invocation, row) of each put that may have happened, by element; acknowledged: rows of those
    that did. taken: (position of completion, row) of each time that an element came out. emptied: (position of
    invocation, row) of the last drain or dequeue that found or left the queue empty. open_takes, open_drains: how many
    have an unknown end.
    """

    tried: dict[int, list[tuple[int, int]]] = field(default_factory=lambda: defaultdict(list))
    acknowledged: dict[int, list[int]] = field(default_factory=lambda: defaultdict(list))
    taken: dict[int, list[tuple[int, int]]] = field(default_factory=lambda: defaultdict(list))
    takes: int = 0
    emptied: tuple[int, int] = (ABSENT, ABSENT)
    open_takes: int = 0
    open_drains: int = 0

    @staticmethod
    def of(history: History, rows: Rows, empty: Value) -> "Traffic":
        """The traffic of these rows; UsageError for a drain that returned no list."""
        out, operations, pool = Traffic(), history.operations(), history.pool
        nothing = pool.id(empty)
        hidden = any(operations.ended[row] == EventType.FAIL and pool.values[operations.f[row]] != PUT for row in rows)
        for row in rows:
            f, ended = pool.values[operations.f[row]], operations.ended[row]
            if ended == EventType.FAIL:
                continue
            if f == PUT:
                element = operations.argument[row]
                out.tried[element].append((operations.invoke[row], row))
                if ended == EventType.OK:
                    out.acknowledged[element].append(row)
            elif ended != EventType.OK:
                out.open_takes += f == TAKE
                out.open_drains += f == DRAIN
            else:
                out.takes += 1
                elements = (
                    [operations.result[row]] if f == TAKE else pool.ids(_drained(pool.values[operations.result[row]]))
                )
                if f == DRAIN or (elements[0] == nothing and not hidden):
                    out.emptied = operations.invoke[row], row
                for element in elements:
                    if f == DRAIN or element != nothing:
                        out.taken[element].append((operations.complete[row], row))
        return out


def _drained(value: Value) -> list[Value]:
    if value is None:
        return []
    if not isinstance(value, tuple | list):
        raise UsageError(f"a drain returns a list of elements, not {shown(value)}")
    return list(value)


def unfounded(traffic: Traffic) -> list[tuple[int, int, int, int]]:
    """(position, row, element, puts begun by then) of each take for which too few puts had begun, in order."""
    found = []
    for element, taken in traffic.taken.items():
        begun = sorted(position for position, _ in traffic.tried.get(element, ()))
        for count, (position, row) in enumerate(sorted(taken)):
            if count >= len(begun) or begun[count] > position:
                found.append((position, row, element, sum(other < position for other in begun)))
    return sorted(found)


@dataclass(frozen=True)
class QueueCheck:
    """Jepsen's `queue` over an unordered queue. empty: what a dequeue that took nothing returned."""

    empty: Value = None
    name: str = "queue"

    def check(self, history: History, budget: Budget) -> Verdict:
        """The verdict, key by key; UsageError for operations it does not know."""
        hold_to(history, self.name, (PUT, TAKE, DRAIN))
        return of_each_key(self.name, history, budget.start(), self._judge)

    def _judge(self, history: History, rows: Rows, spending: BudgetMeter) -> Verdict:
        limit = spending.exhausted()
        if limit:
            return over_budget(self.name, limit, 0, len(rows), "operations")
        traffic = Traffic.of(history, rows, self.empty)
        if not traffic.taken:
            return unobserved(self.name, "nothing was taken from the queue: nothing could have refuted the model")
        wrong = unfounded(traffic)
        puts = sum(map(len, traffic.tried.values()))
        details: dict[str, Value] = {"puts": puts, "takes": traffic.takes, "errors": len(wrong)}
        if not wrong:
            reason = f"each element taken had been put in: {traffic.takes:,} takes, {puts:,} puts"
            return Verdict(Validity.VALID, reason, self.name, self.name, details=details)
        _, row, element, begun = wrong[0]
        witness = taken_too_often(history, traffic, row, element, begun)
        return Verdict(Validity.INVALID, witness.words[0], self.name, self.name, witness=witness, details=details)


def taken_too_often(history: History, traffic: Traffic, row: int, element: int, begun: int) -> Witness:
    """The witness of a take for which too few puts had begun: all takes of the element until then, and all its puts."""
    operations, value = history.operations(), shown(history.pool.values[element])
    end = operations.complete[row]
    takes = [other for position, other in sorted(traffic.taken[element]) if position <= end]
    puts = [put for position, put in traffic.tried.get(element, ()) if position < end]
    tell = EventFormat(history, [end, *(operations.invoke[other] for other in (*takes, *puts))])
    often = "" if len(takes) == 1 else f", the {_nth(len(takes))} time"
    many = f"only {counted(begun, 'put')} of it had begun"
    enough = many if begun else "nobody had tried to put it in"
    words = [f"{tell.who(end)} took {value} at {tell.when(end)}{often}, yet {enough}"]
    words += [_told(history, tell, put, f"put in {value}") for put in puts]
    words += [_told(history, tell, take, f"took {value}") for take in takes]
    return Witness(_events(history, (*takes, *puts)), tuple(words), operations.invoke[row])


def _nth(count: int) -> str:
    return f"{count}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(count if count < 20 else count % 10, 'th') }"


def _told(history: History, tell: EventFormat, row: int, deed: str) -> str:
    operations = history.operations()
    begin, end = operations.invoke[row], operations.complete[row]
    known = operations.ended[row] == EventType.OK
    return f"{tell.span(begin, end)}: {tell.who(begin)} {deed}" + ("" if known else " (unknown end)")


def _events(history: History, rows: Sequence[int]) -> tuple[int, ...]:
    operations = history.operations()
    positions = {position for row in rows for position in (operations.invoke[row], operations.complete[row])}
    return tuple(sorted(positions - {ABSENT}))


@dataclass(frozen=True)
class TotalQueueCheck:
    """Jepsen's `total-queue`. duplicates: whether an element taken more often than it was put in refutes."""

    empty: Value = None
    duplicates: str = "valid"
    name: str = "total-queue"

    def check(self, history: History, budget: Budget) -> Verdict:
        """The verdict, key by key; UsageError for operations it does not know."""
        hold_to(history, self.name, (PUT, TAKE, DRAIN))
        return of_each_key(self.name, history, budget.start(), self._judge)

    def _judge(self, history: History, rows: Rows, spending: BudgetMeter) -> Verdict:
        traffic = Traffic.of(history, rows, self.empty)
        lost: Counter[int] = Counter()
        extra: Counter[int] = Counter()
        for count, element in enumerate({**traffic.tried, **traffic.taken}):
            if count % LOOK_EVERY == 0 and (limit := spending.exhausted()):
                return over_budget(self.name, limit, count, len(traffic.tried), "elements")
            out = len(traffic.taken.get(element, ()))
            lost[element] = max(0, len(traffic.acknowledged.get(element, ())) - out)
            extra[element] = max(0, out - len(traffic.tried.get(element, ())))
        lost, extra = +lost, +extra
        unexpected = [element for element in extra if element not in traffic.tried]
        duplicated = [element for element in extra if element in traffic.tried]
        values = history.pool.values
        details: dict[str, Value] = {
            "puts": sum(map(len, traffic.tried.values())),
            "takes": sum(map(len, traffic.taken.values())),
            "lost": [values[element] for element in lost],
            "unexpected": [values[element] for element in unexpected],
            "duplicated": [values[element] for element in duplicated],
        }
        refuting = duplicated if self.duplicates == "invalid" else []
        if unexpected or refuting:
            return self._taken(history, traffic, [*unexpected, *refuting], details)
        if not lost:
            if not traffic.taken:
                return unobserved(self.name, "nothing was taken from the queue: nothing could have refuted the model")
            reason = f"all {sum(map(len, traffic.acknowledged.values())):,} acknowledged elements were taken"
            return Verdict(Validity.VALID, reason, self.name, self.name, details=details)
        return self._lost(history, traffic, lost, details)

    def _lost(self, history: History, traffic: Traffic, lost: Counter[int], details: dict[str, Value]) -> Verdict:
        """The verdict where acknowledged elements never came out."""
        gone = _gone(history, traffic, lost)
        if not gone:
            reason = (
                f"{lost.total():,} acknowledged elements never came out, and no drain or dequeue found the queue empty "
                "after they had been put in"
            )
            return Verdict(Validity.UNKNOWN, reason, self.name, self.name, details=details)
        if traffic.open_drains or gone.total() <= traffic.open_takes:
            reason = (
                f"{gone.total():,} acknowledged elements never came out, and takes of unknown end may have had them"
            )
            return Verdict(Validity.UNKNOWN, reason, self.name, self.name, details=details)
        witness = lost_elements(history, traffic, gone)
        return Verdict(Validity.INVALID, witness.words[0], self.name, self.name, witness=witness, details=details)

    def _taken(self, history: History, traffic: Traffic, elements: Sequence[int], details: dict[str, Value]) -> Verdict:
        tried = {element: len(traffic.tried.get(element, ())) for element in elements}
        _, row, element = min((*sorted(traffic.taken[element])[tried[element]], element) for element in elements)
        begun = sum(position < history.operations().complete[row] for position, _ in traffic.tried.get(element, ()))
        witness = taken_too_often(history, traffic, row, element, begun)
        return Verdict(Validity.INVALID, witness.words[0], self.name, self.name, witness=witness, details=details)


def _gone(history: History, traffic: Traffic, lost: Mapping[int, int]) -> Counter[int]:
    """The number of puts of each that were acknowledged before the queue was last found empty, less those taken."""
    complete, (begun, _) = history.operations().complete, traffic.emptied
    puts = {element: sum(complete[row] < begun for row in traffic.acknowledged[element]) for element in lost}
    return +Counter({element: count - len(traffic.taken.get(element, ())) for element, count in puts.items()})


def lost_elements(history: History, traffic: Traffic, lost: Mapping[int, int]) -> Witness:
    """The witness of lost elements: the puts of the first of them, what came out of it, and who found nothing then."""
    values, operations = history.pool.values, history.operations()
    element = min(lost, key=lambda each: operations.invoke[traffic.acknowledged[each][0]])
    puts = traffic.acknowledged[element]
    takes = [row for _, row in traffic.taken.get(element, ())]
    tell = EventFormat(history, [operations.invoke[row] for row in (*puts, *takes, traffic.emptied[1])])
    value = shown(values[element])
    all_lost = some([values[each] for each in lost])
    last = traffic.emptied[1]
    words = [f"acknowledged, and never taken: {all_lost}"]
    words += [_told(history, tell, put, f"put in {value}") for put in puts]
    words += [_told(history, tell, take, f"took {value}") for take in takes if take != last]
    words.append(_told(history, tell, last, "left the queue empty"))
    return Witness(_events(history, (*puts, *takes, last)), tuple(words), operations.invoke[puts[0]])


EMPTY = Option("empty", "nil", "what a dequeue of an empty queue returns")
DUPLICATES = Option(
    "duplicates", "valid", "what an element taken more often than put in is: valid as Jepsen has it",
    ("valid", "invalid"),
)  # fmt: skip


def queue(settings: Mapping[str, Setting]) -> QueueCheck:
    """The check with these settings."""
    return QueueCheck(meant(settings["empty"]))


def total_queue(settings: Mapping[str, Setting]) -> TotalQueueCheck:
    """The check with these settings."""
    return TotalQueueCheck(meant(settings["empty"]), str(settings["duplicates"]))


QUEUE = CatalogueEntry(
    "queue", "Jepsen's queue without order: every element taken was put in; not linearizability", (EMPTY,), queue
)
TOTAL_QUEUE = CatalogueEntry(
    "total-queue", "Jepsen's total-queue: what was acknowledged comes out, and nothing else", (EMPTY, DUPLICATES),
    total_queue,
)  # fmt: skip
