"""Certificate of a level below snapshot isolation: an order of transactions, replayed on a store of all versions.

The order is that in which versions of each key are made. Each transaction sees some of those before it, as its level
says, and reads of each key the last version that it sees. Independent of the checkers: it reads the operations of the
history, and knows no graph. Sets of transactions are bits by their place in the order.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from splitbrain.checkers.common.registers import sessions_of
from splitbrain.checkers.common.values import frozen, same, shown
from splitbrain.harness.history import ABSENT, History
from splitbrain.harness.operation import EventType

REPLAYED_MAX = 20_000
"""The number of transactions up to which an order is replayed."""


class Sees(Enum):
    """The transactions that a transaction sees, of those before it in the order."""

    ANY = "any version of one before it"
    GROWING = "what each of its reads saw, from then on"
    READ = "those that it read from"
    CAUSAL = "those that it read from, and what these saw"
    EARLIER = "all before it, or before it began"


@dataclass(frozen=True)
class ReplayRule:
    """The rule by which a level replays. sessions: whether it sees those before it in its session. conflicts: whether
    it sees the one before it that wrote a key which it writes. internal: whether it reads what it wrote and read
    before. cursor: whether nothing is written between what it reads of a key and what it writes to it."""

    sees: Sees
    sessions: bool = False
    conflicts: bool = False
    internal: bool = False
    cursor: bool = False


RULES: Mapping[str, ReplayRule] = {
    "strong-session-parallel-snapshot-isolation": ReplayRule(Sees.CAUSAL, sessions=True, conflicts=True, internal=True),
    "parallel-snapshot-isolation": ReplayRule(Sees.CAUSAL, conflicts=True, internal=True),
    "consistent-view": ReplayRule(Sees.CAUSAL, conflicts=True),
    "strong-session-prefix": ReplayRule(Sees.EARLIER, sessions=True, internal=True),
    "prefix": ReplayRule(Sees.EARLIER, internal=True),
    "repeatable-read": ReplayRule(Sees.EARLIER),
    "causal": ReplayRule(Sees.CAUSAL, sessions=True, internal=True),
    "causal-plain": ReplayRule(Sees.CAUSAL, internal=True),
    "read-atomic": ReplayRule(Sees.READ, sessions=True, internal=True),
    "read-atomic-plain": ReplayRule(Sees.READ, internal=True),
    "read-committed-axiom": ReplayRule(Sees.GROWING, sessions=True),
    "cursor-stability": ReplayRule(Sees.ANY, cursor=True),
    "strong-session-read-committed": ReplayRule(Sees.ANY, sessions=True),
    "strong-read-committed": ReplayRule(Sees.ANY),
    "read-committed": ReplayRule(Sees.ANY),
}
"""Level → its rule; one in real time also holds the order to that."""


def replay_objection(
    history: History, order: Sequence[int], rule: ReplayRule, *, lists: bool, begins: Sequence[int] | None = None
) -> str | None:
    """The reason that an order of rows does not show a level; None if it does. begins: of each transaction in the
    order how many had committed when it began; None: all before it."""
    return _Replay(history, order, rule, lists, begins).objection()


class _Replay:
    """A replay of one order."""

    def __init__(
        self, history: History, order: Sequence[int], rule: ReplayRule, lists: bool, begins: Sequence[int] | None
    ) -> None:
        self.history, self.order, self.rule, self.lists, self.begins = history, order, rule, lists, begins
        operations, values = history.operations(), history.pool.values
        self.ok = [operations.ended[txn] == EventType.OK for txn in order]
        self.steps: list[Sequence[Any]] = []
        self.place_of: dict[Any, int] = {}
        self.made: dict[Any, list[Any]] = {}
        """The values of each key, in order; last: the place of the last one that each writer made of a key."""
        self.last: dict[tuple[Any, int], int] = {}
        self.writers: dict[Any, int] = {}
        for place, txn in enumerate(order):
            answer = values[operations.result[txn]] if self.ok[place] else None
            steps = values[operations.argument[txn]] if answer is None else answer
            self.steps.append([(step[0], frozen(step[1]), step[2]) for step in steps or ()])
            for f, key, value in self.steps[-1]:
                if f != "r":
                    made = self.made.setdefault(key, [])
                    self.place_of[key, frozen(value)] = place
                    self.last[key, place] = len(made)
                    made.append(value)
                    self.writers[key] = self.writers.get(key, 0) | 1 << place
        self.sees: list[int] = []
        self.before = self._sessions() if rule.sessions else []

    def objection(self) -> str | None:
        operations = self.history.operations()
        missing = {txn for txn, ended in enumerate(operations.ended) if ended == EventType.OK} - set(self.order)
        if missing or len(set(self.order)) < len(self.order):
            return f"transaction {min(missing)} is not in the order" if missing else "a transaction is there twice"
        for place in range(len(self.order)):
            if (wrong := self._transaction(place)) is not None:
                return f"transaction {self.order[place]} {wrong}"
        return None

    def _transaction(self, place: int) -> str | None:
        """The objection to one transaction."""
        rule, seen = self.rule, 0
        if rule.sessions:
            seen, direct = self.before[place]
            if seen >> (place if self.begins is None else self.begins[place]):
                return f"comes before {self.order[seen.bit_length() - 1]}, which is before it in its session"
            for other in bits(direct) if rule.sees is Sees.CAUSAL else ():
                seen |= self.sees[other]
        reads: list[tuple[Any, int]] = []
        own: dict[Any, set[Any]] = {}
        if self.ok[place]:
            if rule.internal and (wrong := self._internal(place)) is not None:
                return wrong
            if rule.sees is Sees.GROWING and (wrong := self._own_missed(place)) is not None:
                return wrong
            for f, key, value in self.steps[place]:
                if f != "r":
                    own.setdefault(key, set()).add(frozen(value))
                    continue
                beside = not self.lists and key in own
                source = self._source(place, key, value, beside=beside)
                if isinstance(source, str):
                    return source
                elements = value if self.lists else (value,)
                for name in map(frozen, elements or ()):
                    if self.place_of.get((key, name)) == place and name not in own.get(key, ()):
                        return f"reads {shown(value)} of {shown(key)} before it writes it"
                if source != place and not beside:
                    reads.append((key, source))
        return self._judge(place, seen, reads)

    def _judge(self, place: int, seen: int, reads: Sequence[tuple[Any, int]]) -> str | None:
        rule = self.rule
        written = {key for f, key, _ in self.steps[place] if f != "r"}
        growing = 0
        for key, source in reads:
            if rule.sees is Sees.GROWING and self._latest(growing, key, place) > source:
                return f"reads an older version of {shown(key)} than one it had seen"
            growing |= 0 if source == ABSENT else 1 << source
        if rule.conflicts:
            for key in written:
                previous = self._latest((1 << place) - 1, key, place)
                if previous != ABSENT:
                    seen |= 1 << previous | self.sees[previous]
        for _, source in reads:
            if source != ABSENT:
                seen |= 1 << source | (self.sees[source] if rule.sees is Sees.CAUSAL else 0)
        if rule.sees is Sees.EARLIER:
            seen = (1 << (place if self.begins is None else self.begins[place])) - 1
        judged = rule.sees in (Sees.READ, Sees.CAUSAL, Sees.EARLIER)
        self.sees.append(seen if judged else 0)
        for key, source in reads:
            if judged and self._latest(seen, key, place) != source:
                return f"reads a version of {shown(key)} that is not the last one it sees"
            if rule.cursor and key in written and self._latest((1 << place) - 1, key, place) != source:
                return f"writes {shown(key)}, which was written after it read it"
        return None

    def _latest(self, seen: int, key: Any, place: int) -> int:
        """The place of the last transaction of a set that wrote a key, without the one at a place; ABSENT for none."""
        found = seen & self.writers.get(key, 0) & ~(1 << place)
        return found.bit_length() - 1 if found else ABSENT

    def _source(self, place: int, key: Any, value: Any, *, beside: bool) -> int | str:
        """The place of the transaction whose version a read saw, ABSENT for none, or what is wrong with it. Of a list
        that ends with own appends it is what stands before them.

        beside: whether the reader had written the register itself, so that the read tells of no order."""
        elements = (value or ()) if self.lists else () if value is None else (value,)
        if not elements:
            return ABSENT
        source = self.place_of.get((key, frozen(elements[-1])))
        wrong = None
        if source is None:
            wrong = "which nobody in the order wrote"
        elif self.lists and not self._begins(key, elements):
            wrong = "which is no beginning of it"
        elif source > place and not beside:
            wrong = "which is written later"
        elif source != place and not same(self.made[key][self.last[key, source]], elements[-1]):
            wrong = "which its writer overwrote"
        if self.lists and source == place and wrong is None:
            return self._before_own(place, key, elements)
        return source if source is not None and wrong is None else f"reads {shown(value)} of {shown(key)}, {wrong}"

    def _before_own(self, place: int, key: Any, elements: Sequence[Any]) -> int:
        """The place of the writer of the last element of a list before own appends at its end, ABSENT for none."""
        writers = [self.place_of[key, frozen(element)] for element in elements]
        while writers and writers[-1] == place:
            writers.pop()
        return writers[-1] if writers else ABSENT

    def _begins(self, key: Any, elements: Sequence[Any]) -> bool:
        """Whether a list begins with these elements."""
        made = self.made[key]
        return len(elements) <= len(made) and all(map(same, elements, made))

    def _internal(self, place: int) -> str | None:
        """The objection that a transaction does not read what it wrote or read before."""
        known: dict[Any, Any] = {}
        added: dict[Any, list[Any]] = {}
        for f, key, value in self.steps[place]:
            if f == "w":
                known[key] = value
            elif f == "append" and key in known:
                known[key] = (*known[key], value)
            elif f == "append":
                added.setdefault(key, []).append(value)
            else:
                read = tuple(value or ()) if self.lists else value
                tail = tuple(added.get(key, ()))
                if (key in known and not same(known[key], read)) or (tail and read[-len(tail) :] != tail):
                    return f"reads {shown(value)} of {shown(key)}, unlike what it wrote or read before"
                known[key] = read
                added.pop(key, None)
        return None

    def _own_missed(self, place: int) -> str | None:
        """The objection that a transaction does not read what it wrote last."""
        own: dict[Any, Any] = {}
        for f, key, value in self.steps[place]:
            if f != "r":
                own[key] = value
            elif key in own:
                last = value if not self.lists else value[-1] if value else None
                if not same(own[key], last):
                    return f"reads {shown(value)} of {shown(key)}, having written {shown(own[key])}"
        return None

    def _sessions(self) -> list[tuple[int, int]]:
        """The places before each place in its session, and those of them that are before no other one of these."""
        operations = self.history.operations()
        place_of = {txn: place for place, txn in enumerate(self.order)}
        done: dict[int, tuple[int, int]] = {}
        left: dict[int, list[int]] = {}
        out = [(0, 0)] * len(self.order)
        for txn, session in enumerate(sessions_of(self.history)):
            if txn not in place_of:
                continue
            everything, direct = done.get(session, (0, 0))
            going_on = []
            for one in left.get(session, ()):
                if operations.ended[one] == EventType.OK and operations.complete[one] < operations.invoke[txn]:
                    bit = 1 << place_of[one]
                    everything, direct = everything | bit, direct & ~out[place_of[one]][0] | bit
                else:
                    going_on.append(one)
            done[session], left[session] = (everything, direct), [*going_on, txn]
            out[place_of[txn]] = everything, direct
        return out


def bits(mask: int) -> Iterator[int]:
    """The places of the bits of a number."""
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low
