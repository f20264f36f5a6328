"""Explanations of refutations: one sentence for a reader who knows nothing of the search, then the evidence.

The first sentence names who did what when, and what contradicts it: nothing ever wrote the value, it was not written
yet, or it had been replaced. Each claim is checked against all operations on the key, not only those shown. Pitfall:
where no such simple story holds, none is told; the sentence then says which states were possible.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from splitbrain.checkers.common.per_key import NEVER
from splitbrain.checkers.common.values import shown
from splitbrain.checkers.porcupine.model import ILLEGAL, UNSEEN, Call, Difference, Model
from splitbrain.checkers.porcupine.prepare import Prepared, Problem
from splitbrain.harness.history import ABSENT, History
from splitbrain.harness.operation import EventType, Value

SHOWN_OPERATIONS = 16
SHOWN_STATES = 8
PAST = {"read": "read", "get": "got", "dequeue": "dequeued", "pop": "popped"}
TELLING = frozenset(
    {
        "contains",
        "peek",
        "size",
        "len",
        "pollFirst",
        "pollLast",
        "peekFirst",
        "peekLast",
        "poll-first",
        "poll-last",
        "peek-first",
        "peek-last",
        "fetch-and-add",
        "range",
    }
)
"""Operations that an answer tells of, without an arrow in what they ask for."""


@dataclass
class Explanation:
    """Facts for the explanation of one invalid key.

    whole: all operations on the key. small: those of the witness. blocked: the one of them that cannot be placed.
    states: in which it was owed; all of them if they are `complete`. difference: between these and what it saw.
    """

    model: Model
    history: History
    whole: Problem
    prepared: Prepared
    small: Problem
    blocked: int
    states: tuple[str, ...]
    complete: bool
    key: Value = None
    difference: Difference | None = None
    digits: int = field(init=False)
    timed: bool = field(init=False)

    def __post_init__(self) -> None:
        times = {self.history.time[event] for event in (*self.small.call, *self.small.ret) if event != NEVER}
        self.timed = self.history.timed and len(times) > 1
        self.digits = next((d for d in (3, 6) if len({f"{t / 1e9:.{d}f}" for t in times}) == len(times)), 9)

    def words(self) -> tuple[str, ...]:
        """The decisive sentence, the operations, and what could not be placed. Not the longest order found, which is in
        the verdict's details: there are several, and which one is found depends on the engine."""
        about = "" if self.key is None else f"key {shown(self.key)}: "
        lines = [f"{about}{self.sentence()}"]
        told = list(range(len(self.small)))
        if len(told) > SHOWN_OPERATIONS and self.difference is not None:
            told = [operation for operation in told if operation == self.blocked or self.about(operation)]
            lines += [f"… {len(self.small) - len(told):,} operations on other elements, and"]
        elif len(told) > SHOWN_OPERATIONS:
            lines += [f"… {len(told) - SHOWN_OPERATIONS:,} operations, then"]
        lines += [self.line(operation) for operation in told[-SHOWN_OPERATIONS:]]
        lines.append(f"{self.show(self.blocked)} of {self.who(self.blocked)} cannot be placed: {self.reachable()}")
        return tuple(lines)

    def sentence(self) -> str:
        """The decisive sentence."""
        blocked = self.blocked
        deed = f"{self.deed(blocked)} at {self.when(self.small.ret[blocked])}"
        story = self.story()
        why = self.difference.words if self.difference is not None else self.reachable()
        return f"{deed}, {story}" if story else f"{deed}, which fits no order: {why}"

    def story(self) -> str | None:
        """The one thing that contradicts the blocked operation; None if there is no such."""
        model, small, whole = self.model, self.small, self.whole
        if model.independence.feeds is None or not self.forgets_at_once():
            return None
        call, ret = small.call[self.blocked], small.ret[self.blocked]
        mine = self.call(self.blocked)
        feeding = {kind for kind in set(whole.kind) if self.feeds(kind, mine)}
        sources = [operation for operation, kind in enumerate(whole.kind) if kind in feeding]
        begins = model.step(model.initial, mine) is not ILLEGAL
        made = f"nothing {self.making(mine)}" if mine.f in PAST else f"there was no {self.needed()}"
        if not sources and not begins:
            never = made.replace("nothing ", "nothing ever ") + self.failed_source(mine)
            return f"yet {never}"
        if not begins and all(whole.call[o] > ret for o in sources):
            first = min(sources, key=whole.call.__getitem__)
            return f"before {self.show_whole(first)} was invoked at {self.when(whole.call[first])}"
        between = [
            o for o in range(len(small))
            if small.ret[o] < call and self.resets(small.kind[o]) and not self.feeds(small.kind[o], mine)
            and self.none_since(small.call[o], ret, sources)
        ]  # fmt: skip
        if not between:
            return None
        last = max(between, key=small.ret.__getitem__)
        acknowledged = f"{self.show(last)} of {self.who(last)} had been acknowledged at {self.when(small.ret[last])}"
        return f"yet {acknowledged} and {made} since"

    def about(self, operation: int) -> bool:
        """Whether an operation is about one of the elements in which what was seen differs, and no other."""
        parts = self.model.independence.parts
        labels = parts(self.call(operation)) if parts is not None else None
        return bool(labels) and self.difference is not None and set(labels or ()) <= self.difference.elements

    def none_since(self, begin: int, end: int, sources: Sequence[int]) -> bool:
        """Whether each of these operations returned before one moment, or was invoked after the other."""
        call, ret = self.whole.call, self.whole.ret
        return not any(ret[source] >= begin and call[source] <= end for source in reversed(sources))

    def forgets_at_once(self) -> bool:
        """Whether every operation here that changes the state resets it: then one source is all."""
        return all(self.prepared.pure[kind] or self.resets(kind) for kind in set(self.whole.kind))

    def resets(self, kind: int) -> bool:
        """Whether calls of this class reset the state."""
        return not self.prepared.pure[kind] and self.prepared.classes[kind].f in self.model.independence.resets

    def feeds(self, kind: int, mine: Call) -> bool:
        """Whether calls of this class may leave the state that the blocked one saw."""
        feeds = self.model.independence.feeds
        return feeds is not None and not self.prepared.pure[kind] and feeds(self.prepared.classes[kind], mine)

    def making(self, mine: Call) -> str:
        """The action of a source, in words."""
        return f"{'put' if mine.f == 'get' else 'wrote'} {shown(mine.result)}"

    def needed(self) -> str:
        """The thing that had to come before the blocked operation, where that is not a value read."""
        mine = self.call(self.blocked)
        if mine.f == "cas" and isinstance(mine.argument, tuple):
            return f"write of {shown(mine.argument[0])}"
        return "release" if mine.f == "acquire" else "acquire" if mine.f == "release" else "such operation"

    def failed_source(self, mine: Call) -> str:
        """Whether an operation that failed would have been a source: the usual suspect."""
        operations, values = self.history.operations(), self.history.pool.values
        feeds = self.model.independence.feeds
        for row, ended in enumerate(operations.ended):
            if ended != EventType.FAIL or (self.model.by_key and operations.key[row] != self.whole.key):
                continue
            call = Call(values[operations.f[row]], values[operations.argument[row]], UNSEEN)
            if call.f not in self.model.pure and feeds is not None and feeds(call, mine):
                return f" ({self.model.show_call(call)} at {self.when(operations.complete[row])} had failed)"
        return ""

    def reachable(self) -> str:
        """The states in which the blocked operation was owed."""
        if not self.states:
            return "no order of what was invoked before lets it stand anywhere"
        only = "the only reachable" if self.complete else "among the reachable"
        if len(self.states) == 1:
            return f"{only} {'state' if self.complete else 'states'} here is {self.states[0]}"
        told, more = list(self.states[:SHOWN_STATES]), len(self.states) - SHOWN_STATES
        last = f"{more} more" if more > 0 else told.pop()
        return f"{only} states here are {', '.join(told)} {'or' if self.complete else 'and'} {last}"

    def line(self, operation: int) -> str:
        """One operation of the witness."""
        small = self.small
        if small.ret[operation] == NEVER:
            begun = f"{self.when(small.call[operation])} to ?: {self.who(operation)} {self.show(operation)}"
            return f"{begun} ({self.why_open(operation)})"
        span = f"{self.when(small.call[operation])} to {self.when(small.ret[operation])}"
        return f"{span}: {self.who(operation)} {self.show(operation)}"

    def why_open(self, operation: int) -> str:
        """The reason that an operation has no end here: it ended later than all that matters, or nobody knows how it
        ended."""
        history = self.history
        end = history.partner[self.small.call[operation]]
        running = end != ABSENT and history.type[end] == EventType.OK
        return f"still running at {self.when(self.small.ret[self.blocked])}" if running else "unknown end"

    def deed(self, operation: int) -> str:
        """One operation in words: `n3 read 4`."""
        call = self.call(operation)
        if call.f in PAST and call.argument is None:
            seen = self.show(operation).removeprefix(call.f).strip().removeprefix("→ ")
            return f"{self.who(operation)} {PAST[call.f]} {seen}"
        if call.refused:
            return f"{self.who(operation)}'s {self.show(operation).removesuffix(' (refused)')} was refused"
        asked, answered, seen = self.show(operation).partition(" → ")
        if answered and call.result is not UNSEEN and call.f in TELLING:
            return f"{self.who(operation)}'s {asked} returned {seen}"
        return f"{self.who(operation)}'s {self.show(operation)} was acknowledged"

    def who(self, operation: int) -> str:
        """Node and process of an operation."""
        event = self.history.event(self.small.call[operation])
        process = self.history.process_name(event.index)
        return f"{event.node} ({process})" if isinstance(event.node, str) else process

    def when(self, event: int) -> str:
        """The time of an event, or its position where times mean nothing."""
        if not self.timed:
            return f"event {event}"
        return f"{self.history.time[event] / 1e9:.{self.digits}f} s"

    def call(self, operation: int) -> Call:
        """The call of an operation of the witness."""
        return self.prepared.classes[self.small.kind[operation]]

    def show(self, operation: int) -> str:
        """An operation of the witness for people."""
        return self.model.show_call(self.call(operation))

    def show_whole(self, operation: int) -> str:
        """An operation of the whole for people."""
        return self.model.show_call(self.prepared.classes[self.whole.kind[operation]])
