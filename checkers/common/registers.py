"""Registers: the reads and writes of a history as integer columns, with sessions and reads-from, for the checkers of
weak models.

Which operations count: reads that succeeded; writes that succeeded; writes of unknown outcome whose value was read. A
write of unknown outcome that nobody read is left out: without it every explanation stays one.

A session is what the events of an operation say (`session`, on either), else the process. Of a session, an operation
stands before another if it completed before that one was invoked: a write of unknown outcome has predecessors in its
session, but no successors.

A token that an operation ended with and that another one was invoked with orders the two for the causal models and
sequential consistency: a client was handed what another one had seen.

Reads-from is forced where one write alone can have been read. Reads whose source is not forced are left out of
`chains`, and `doubt` says so. All models of these checkers are closed under leaving out reads, so that what is left may
refute, but not confirm.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final

from splitbrain.checkers.common.event_format import EventFormat
from splitbrain.checkers.common.per_key import NEVER, hold_to
from splitbrain.checkers.common.values import shown
from splitbrain.harness.errors import UsageError
from splitbrain.harness.history import ABSENT, History
from splitbrain.harness.operation import EventType, Value
from splitbrain.harness.options import Option
from splitbrain.harness.verdict import Witness

INITIAL: Final = -1
"""The source of a read that returned the value before any write."""
THIN_AIR: Final = -2
"""The source of a read whose value nobody wrote, or only writes that failed."""
UNFORCED: Final = -3
"""The source of a read that may have been one of several writes."""
NAMED_MAX = 12
"""Elements of a set that are named where a read is."""
READS, WRITES = ("read", "get"), ("write", "put")
INITIAL_OPTION = Option("initial", "nil", 'the value before any write: nil, a number, true, false, a word, or "text"')


@dataclass(slots=True)
class RegisterHistory:
    """Operations on registers, numbered in order of invocation.

    write: whether it is a write, else a read. key, value: value ids. start, end: positions of its events, end NEVER
    for a write of unknown outcome. source: of a read the write it read, INITIAL, THIN_AIR or UNFORCED; of a write
    INITIAL. chain, position: where in `chains` it stands, ABSENT for reads that are left out. before: of the first
    operation of a chain, the one of its session that it follows, or ABSENT. chains: operations in the order of their
    session; a write of unknown outcome that its session went on after has a chain of its own, and so has an operation
    that overlaps with one before in its session. handed: operation → those of other sessions whose tokens its session
    had been handed since the one before. doubt: why what is left
    cannot confirm a model of sessions, or None.
    """

    history: History
    initial: int
    write: list[bool] = field(default_factory=list)
    key: list[int] = field(default_factory=list)
    value: list[int] = field(default_factory=list)
    start: list[int] = field(default_factory=list)
    end: list[int] = field(default_factory=list)
    row: list[int] = field(default_factory=list)
    session: list[int] = field(default_factory=list)
    source: list[int] = field(default_factory=list)
    chain: list[int] = field(default_factory=list)
    position: list[int] = field(default_factory=list)
    before: list[int] = field(default_factory=list)
    chains: list[list[int]] = field(default_factory=list)
    handed: dict[int, list[int]] = field(default_factory=dict)
    seen: dict[int, list[int]] = field(default_factory=dict)
    """Of sets (`grow_only`): read → the adds whose elements it returned."""
    candidates: dict[tuple[int, int], list[int]] = field(default_factory=dict)
    """(key, value) → writes of it that happened or may have, read or not."""
    doubt: str | None = None
    sessions: int = 0
    found: dict[str, Any] = field(default_factory=dict)
    """Findings that several checkers ask for, by name."""
    _readers: dict[tuple[int, int], list[int]] | None = None

    def __len__(self) -> int:
        return len(self.write)

    def reads(self) -> list[int]:
        """All reads, those left out of chains among them; found once."""
        if "reads" not in self.found:
            self.found["reads"] = [op for op, write in enumerate(self.write) if not write]
        found: list[int] = self.found["reads"]
        return found

    @property
    def parted(self) -> bool:
        """Whether a session has several chains; found once."""
        if "parted" not in self.found:
            self.found["parted"] = any(before >= 0 for before in self.before)
        return bool(self.found["parted"])

    def writes(self) -> list[int]:
        """All writes that happened or may have; found once."""
        if "writes" not in self.found:
            self.found["writes"] = [op for op, write in enumerate(self.write) if write]
        found: list[int] = self.found["writes"]
        return found

    def judged(self) -> list[int]:
        """The reads whose source is forced."""
        return [op for op, write in enumerate(self.write) if not write and self.source[op] >= INITIAL]

    def readers(self) -> dict[tuple[int, int], list[int]]:
        """(key, source) → the reads in chains of it; made once."""
        if self._readers is None:
            self._readers = {}
            for chain in self.chains:
                for op in chain:
                    if not self.write[op]:
                        self._readers.setdefault((self.key[op], self.source[op]), []).append(op)
        return self._readers

    def parts(self) -> "list[RegisterHistory]":
        """The operations on each key as registers of their own, in order of first invocation."""
        numbers, by_key = [0] * len(self), dict[int, list[int]]()
        for op, key in enumerate(self.key):
            ops = by_key.setdefault(key, [])
            numbers[op] = len(ops)
            ops.append(op)
        parts = {key: self._part(ops, numbers) for key, ops in by_key.items()}
        for number, chain in enumerate(self.chains):
            split: dict[int, list[int]] = {}
            for op in chain:
                split.setdefault(self.key[op], []).append(op)
            before = self.before[number]
            earlier = self.chains[self.chain[before]][: self.position[before] + 1] if before >= 0 else []
            for key, ops in split.items():
                last = next((op for op in reversed(earlier) if self.key[op] == key), ABSENT)
                parts[key].append_chain([numbers[op] for op in ops], ABSENT if last < 0 else numbers[last])
        return list(parts.values())

    def _part(self, ops: Sequence[int], numbers: "Sequence[int] | Mapping[int, int]") -> "RegisterHistory":
        part = RegisterHistory(self.history, self.initial, doubt=self.doubt, sessions=self.sessions)
        for name in ("write", "key", "value", "start", "end", "row", "session"):
            column = getattr(self, name)
            setattr(part, name, [column[op] for op in ops])
        part.seen = {numbers[op]: [numbers[add] for add in self.seen[op]] for op in ops if op in self.seen}
        part.source = [numbers[source] if (source := self.source[op]) >= 0 else source for op in ops]
        part.chain, part.position = [ABSENT] * len(ops), [ABSENT] * len(ops)
        return part

    def only(self, ops: Sequence[int]) -> "RegisterHistory":
        """Registers of these operations alone, in order of invocation; what reads among them returned is among them."""
        numbers = {op: number for number, op in enumerate(ops)}
        part = self._part(ops, numbers)
        for number, chain in enumerate(self.chains):
            kept = [numbers[op] for op in chain if op in numbers]
            if kept:
                before = self.before[number]
                earlier = self.chains[self.chain[before]][: self.position[before] + 1] if before >= 0 else []
                last = next((op for op in reversed(earlier) if op in numbers), ABSENT)
                part.append_chain(kept, numbers.get(last, ABSENT))
        for op, givers in self.handed.items():
            if op in numbers:
                part.handed[numbers[op]] = [numbers[giver] for giver in givers if giver in numbers]
        return part

    def append_chain(self, ops: list[int], before: int) -> None:
        """Add a chain. before: the operation that its first one follows, or ABSENT."""
        for position, op in enumerate(ops):
            self.chain[op], self.position[op] = len(self.chains), position
        self.chains.append(ops)
        self.before.append(before)

    def unforced(self) -> str | None:
        """The reason that reads-from stays open, or None."""
        several = sum(source == UNFORCED for source in self.source)
        return f"which write {several:,} reads saw is not forced" if several else None

    def name(self, op: int) -> str:
        """`write x 5` or `read x → 5`."""
        values = self.history.pool.values
        key = "" if self.key[op] == ABSENT else f" {shown(values[self.key[op]])}"
        value = shown(values[self.value[op]])
        if self.seen:
            many = len(self.seen.get(op, ())) > NAMED_MAX
            return f"add{key} {value}" if self.write[op] else f"read{key} → {'many elements' if many else value}"
        return f"write{key} {value}" if self.write[op] else f"read{key} → {value}"

    def session_name(self, chain: int) -> str:
        """The name of the session of a chain; what went on beside others in it has a number too."""
        session = self.session[self.chains[chain][0]]
        name = f"process {~session}" if session < 0 else str(self.history.pool.values[session])
        beside = sum(self.session[ops[0]] == session for ops in self.chains[:chain] if ops)
        return f"{name}, beside it {beside}" if beside else name

    def events(self, ops: Sequence[int]) -> tuple[int, ...]:
        """The events of these operations, in order."""
        partner = self.history.partner
        starts = {self.start[op] for op in ops}
        return tuple(sorted(starts | {partner[start] for start in starts if partner[start] >= 0}))

    def witness(
        self,
        ops: Sequence[int],
        sentence: str,
        offending: int,
        why: Sequence[str] = (),
        cycle: Sequence[tuple[int, str]] = (),
    ) -> Witness:
        """A witness of these operations: the sentence, then why, then each operation in order of invocation. cycle:
        operations of a cycle, each with what leads to the next.

        `{0}`, `{1}` … in the sentences are the operations, with who did them."""
        events = self.events(ops)
        tell = EventFormat(self.history, events)
        names = [f"{self.name(op)} of {tell.who(self.start[op])}" for op in ops]
        partner = self.history.partner
        lines = [
            f"{tell.span(self.start[op], partner[self.start[op]])}: {tell.who(self.start[op])} {self.name(op)}"
            for op in sorted(set(ops))
        ]
        words = (sentence.format(*names), *(line.format(*names) for line in why), *lines)
        return Witness(events, words, offending, tuple((self.start[op], said) for op, said in cycle))


def sessions_of(history: History) -> list[int]:
    """The session of each operation: what its events say, else its process as a negative number."""
    operations, named = history.operations(), history.session
    found = [~process for process in operations.process]
    for row, (start, completed) in enumerate(zip(operations.invoke, operations.complete, strict=True)):
        if named[start] != ABSENT:
            found[row] = named[start]
        elif completed != ABSENT and named[completed] != ABSENT:
            found[row] = named[completed]
    return found


def registers(history: History, model: str, initial: Value) -> RegisterHistory:
    """The registers of a history; UsageError for an operation that is none of a register's. initial: the value of
    every key before any write."""
    hold_to(history, model, (*READS, *WRITES))
    operations, values = history.operations(), history.pool.values
    out = RegisterHistory(history, history.pool.id(initial))
    writing = {f: values[f] in WRITES for f in set(operations.f)}
    sessions = sessions_of(history)
    ok, fail = int(EventType.OK), int(EventType.FAIL)
    rows = [
        row for row, (f, ended) in enumerate(zip(operations.f, operations.ended, strict=True))
        if ended == ok or (ended != fail and writing[f])
    ]  # fmt: skip
    f, key, complete, invoke = operations.f, operations.key, operations.complete, operations.invoke
    argument, result, ended = operations.argument, operations.result, operations.ended
    out.row = rows
    out.write = [writing[f[row]] for row in rows]
    out.key = [key[row] for row in rows]
    out.value = [argument[row] if write else result[row] for row, write in zip(rows, out.write, strict=True)]
    out.start = [invoke[row] for row in rows]
    out.end = [complete[row] if ended[row] == ok else NEVER for row in rows]
    out.session = [sessions[row] for row in rows]
    out.source = [INITIAL] * len(out)
    out.chain, out.position = [ABSENT] * len(out), [ABSENT] * len(out)
    for op in out.writes():
        out.candidates.setdefault((out.key[op], out.value[op]), []).append(op)
    _find_sources(out)
    read = {out.source[op] for op in out.judged()}
    columns = zip(out.write, out.end, out.source, strict=True)
    chain_sessions(out, [(end < NEVER or op in read) if write else source >= INITIAL
                         for op, (write, end, source) in enumerate(columns)])  # fmt: skip
    if any(token != ABSENT for token in history.token):
        hand_tokens(out, sessions)
    return out


def _find_sources(out: RegisterHistory) -> None:
    several, first = 0, ABSENT
    candidates, key, value, initial = out.candidates, out.key, out.value, out.initial
    for op in out.reads():
        found = candidates.get((key[op], value[op]))
        if value[op] == initial:
            found = _possible(out, op, found or [])
            source = found[0] if len(found) == 1 else UNFORCED
        elif found is None:
            source = THIN_AIR
        elif len(found) == 1:
            source = found[0]
        else:
            found = _possible(out, op, found)
            source = found[0] if len(found) == 1 else UNFORCED
        out.source[op] = source
        if source == UNFORCED:
            several += 1
            first = op if first == ABSENT else first
    if several:
        out.doubt = f"which write {several:,} reads saw is not forced, the first of them {out.name(first)}"


def _possible(out: RegisterHistory, op: int, writes: Sequence[int]) -> list[int]:
    """The writes that a read can have seen, and INITIAL; the first write, where it can have seen none of them."""
    found = [w for w in writes if out.session[w] != out.session[op] or out.start[w] < out.end[op]]
    if out.value[op] == out.initial:
        return [*found, INITIAL]
    return found or [writes[0]]


def chain_sessions(out: RegisterHistory, kept: Sequence[bool]) -> None:
    """Find the chains of sessions. kept: which operations stand in one."""
    by_session: dict[int, list[int]] = defaultdict(list)
    for op, (session, stands) in enumerate(zip(out.session, kept, strict=True)):
        if stands:
            by_session[session].append(op)
    out.sessions = len(by_session)
    start, end_of = out.start, out.end
    for ops in by_session.values():
        if all(end_of[one] < start[other] for one, other in pairwise(ops)):
            out.append_chain(ops, ABSENT)
        else:
            _part_chains(out, ops)


def _part_chains(out: RegisterHistory, ops: Sequence[int]) -> None:
    """The chains of a session of which some operations overlap, or have no known end."""
    main: list[int] = []
    aside: list[tuple[int, int]] = []
    for op in ops:
        overlaps = bool(main) and out.start[op] < out.end[main[-1]]
        if overlaps:
            out.doubt = out.doubt or f"operations of one session overlap, {out.name(op)} with one before"
        if overlaps or (out.end[op] == NEVER and op != ops[-1]):
            before = next((earlier for earlier in reversed(main) if out.end[earlier] < out.start[op]), ABSENT)
            aside.append((op, before))
        else:
            main.append(op)
    for chain, before in ((main, ABSENT), *(([op], before) for op, before in aside)):
        out.append_chain(chain, before)


def hand_tokens(out: RegisterHistory, sessions: Sequence[int]) -> None:
    """Find what tokens order: an operation whose invocation has a token, and so what its session did from then on,
    comes after the last operation before it that had ended with this token, whatever came of that. Where that one
    stands in no chain, or its outcome is unknown, it is known to come after what its session had done."""
    history = out.history
    operations, token = history.operations(), history.token
    by_session: dict[int, list[int]] = defaultdict(list)
    for op in sorted((op for chain in out.chains for op in chain), key=out.start.__getitem__):
        by_session[out.session[op]].append(op)
    main: dict[int, int] = {}
    for chain, ops in enumerate(out.chains):
        main.setdefault(out.session[ops[0]], chain)
    standing = {row: op for op, row in enumerate(out.row) if out.chain[op] != ABSENT and out.end[op] < NEVER}
    given: dict[int, tuple[list[int], list[int]]] = {}
    completed = ((end, row) for row, end in enumerate(operations.complete) if end != ABSENT and token[end] != ABSENT)
    for end, row in sorted(completed):
        ends, rows = given.setdefault(token[end], ([], []))
        ends.append(end)
        rows.append(row)
    for row, session in enumerate(sessions):
        start = operations.invoke[row]
        ends, rows = given.get(token[start], ([], []))
        place = bisect_left(ends, start) - 1
        if place < 0 or sessions[rows[place]] == session:
            continue
        giver = standing.get(rows[place], ABSENT)
        if giver == ABSENT:
            giver = _done_before(out, by_session.get(sessions[rows[place]], []), operations.invoke[rows[place]])
        own = by_session.get(session, [])
        for taker in own[bisect_left(own, start, key=out.start.__getitem__) :] if giver != ABSENT else ():
            out.handed.setdefault(taker, []).append(giver)
            if out.chain[taker] == main[session]:
                break  # what else the session did comes after this; after an operation beside it nothing does


def _done_before(out: RegisterHistory, ops: Sequence[int], start: int) -> int:
    """The last of these operations, in order of invocation, that had ended before a position; ABSENT if none had."""
    until = bisect_left(ops, start, key=out.start.__getitem__)
    return next((op for op in reversed(ops[:until]) if out.end[op] < start), ABSENT)


def initial_of(text: object) -> Value:
    """The initial value that a setting means; UsageError for a list, which no register here begins as."""
    from splitbrain.checkers.common.values import meant

    value = meant(text)  # type: ignore[arg-type]
    if isinstance(value, tuple | dict):
        raise UsageError(f"option initial is a number, a word, true, false or nil, not {shown(value)}")
    return value
