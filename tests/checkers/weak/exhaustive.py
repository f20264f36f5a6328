"""Weak models of registers by exhaustive search, word for word from their definitions, on tiny histories; and such
histories at random."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import permutations
from random import Random

from msgspec import UNSET

from splitbrain.harness.history import Event, History
from splitbrain.harness.verdict import Validity


@dataclass(frozen=True)
class RegisterOperation:
    """One operation. start, end: positions of its events; end None for a write of unknown outcome. takes, gives: the
    tokens that it was invoked and ended with."""

    session: int
    write: bool
    key: int
    value: int | None
    start: float
    end: int | None
    takes: str | None = None
    gives: str | None = None


Ops = tuple[RegisterOperation, ...]
Relation = tuple[int, ...]
"""For each operation the set of those before it, as bits."""


def tiny(random: Random, most: int = 5) -> Ops:
    """Operations of two or three sessions on one or two keys, each write unique by key."""
    sessions, keys = random.randint(2, 3), random.randint(1, 2)
    count = random.randint(3, most)
    plan = [(random.randrange(sessions), random.random() < 0.5, random.randrange(keys)) for _ in range(count)]
    written: dict[int, int] = dict.fromkeys(range(keys), 0)
    for _, write, key in plan:
        written[key] += write
    given: dict[int, int] = dict.fromkeys(range(keys), 0)
    left, busy, clock = list(plan), {}, 0
    out: list[list] = []
    while left or busy:
        idle = [step for step in left if step[0] not in busy]
        if idle and (not busy or random.random() < 0.5):
            session, write, key = step = random.choice(idle)
            left.remove(step)
            if write:
                given[key] += 1
                value = given[key]
            else:
                value = random.choice((None, *range(1, written[key] + 1)))
            busy[session] = len(out)
            out.append([session, write, key, value, clock, None])
        else:
            session = random.choice(list(busy))
            done = out[busy.pop(session)]
            if done[1] and random.random() < 0.12:
                clock += 1
                continue
            done[5] = clock
        clock += 1
    return tuple(RegisterOperation(*fields) for fields in out)


def with_tokens(random: Random, ops: Ops) -> Ops:
    """The operations, of which some that ended give one of two tokens, and some that happened for certain take one."""
    read = {(op.key, op.value) for op in ops if not op.write}
    return tuple(
        replace(
            op,
            takes=random.choice((None, "a", "b")) if op.end or (op.key, op.value) in read else None,
            gives=random.choice((None, "a", "b")) if op.end else None,
        )
        for op in ops
    )


def history_of(ops: Ops) -> History:
    """The history of these operations: a process of its own for each, so that sessions survive unknown outcomes."""
    marks = [(op.start, number, "invoke") for number, op in enumerate(ops)]
    marks += [(op.end, number, "ok") for number, op in enumerate(ops) if op.end is not None]
    events = []
    for index, (clock, number, kind) in enumerate(sorted(marks)):
        op = ops[number]
        events.append(
            Event(
                index=index,
                time=int(clock * 1_000_000),
                process=number,
                session=op.session,
                type=kind,
                f="write" if op.write else "read",
                key=op.key,
                value=op.value if op.write or kind == "ok" else None,
                token=(op.takes if kind == "invoke" else op.gives) or UNSET,
            )
        )
    return History.of(events)


def happened(ops: Ops) -> Iterator[Ops]:
    """The operations with each choice of which writes of unknown outcome happened, by session and start. What only they
    can have written happened if it was read."""
    certain = [op for op in ops if op.end is not None]
    read = {(op.key, op.value) for op in ops if not op.write} - {(op.key, op.value) for op in certain if op.write}
    certain += [op for op in ops if op.end is None and (op.key, op.value) in read]
    open_ = [op for op in ops if op.end is None and (op.key, op.value) not in read]
    for bits in range(1 << len(open_)):
        chosen = [op for place, op in enumerate(open_) if bits >> place & 1]
        yield tuple(sorted((*certain, *chosen), key=lambda op: (op.session, op.start)))


def session_order(ops: Ops) -> Relation:
    return tuple(
        sum(1 << i for i, a in enumerate(ops) if a.session == b.session and a.end is not None and a.end < b.start)
        for b in ops
    )


def handed_order(ops: Ops) -> Relation:
    """Session order, and the last operation that had ended with a token before what was invoked with it, and what its
    session began from then on."""
    found = list(session_order(ops))
    for op in ops:
        ended = [(a.end, i) for i, a in enumerate(ops) if a.gives and a.gives == op.takes and (a.end or 0) < op.start]
        if ended and ops[max(ended)[1]].session != op.session:
            for place, later in enumerate(ops):
                if later.session == op.session and later.start >= op.start:
                    found[place] |= 1 << max(ended)[1]
    whole = closed(tuple(found))
    assert whole is not None, "each of these edges goes forwards in time"
    return whole


def real_time(ops: Ops) -> Relation:
    return tuple(sum(1 << i for i, a in enumerate(ops) if a.end is not None and a.end < b.start) for b in ops)


@cache
def partial_orders(least: Relation) -> tuple[Relation, ...]:
    """Every strict partial order that contains a relation."""
    count = len(least)
    found: set[Relation] = set()
    seen: set[Relation] = set()
    pending = [closed(least)]
    while pending:
        order = pending.pop()
        if order is None or order in seen:
            continue
        seen.add(order)
        found.add(order)
        for a in range(count):
            for b in range(count):
                if a != b and not order[b] >> a & 1 and not order[a] >> b & 1:
                    more = list(order)
                    more[b] |= 1 << a
                    pending.append(closed(tuple(more)))
    return tuple(found)


def closed(relation: Relation) -> Relation | None:
    """The transitive closure, None if it has a cycle."""
    out = list(relation)
    for middle in range(len(out)):
        for place, below in enumerate(out):
            if below >> middle & 1:
                out[place] |= out[middle]
    return None if any(below >> place & 1 for place, below in enumerate(out)) else tuple(out)


@cache
def extensions(order: Relation, among: int) -> tuple[tuple[int, ...], ...]:
    """Every linear order of some operations that respects an order."""
    members = [place for place in range(len(order)) if among >> place & 1]
    return tuple(
        line for line in permutations(members)
        if all(not order[a] >> b & 1 for at, a in enumerate(line) for b in line[at + 1 :])
    )  # fmt: skip


def legal(ops: Ops, line: Sequence[int], checked: int) -> bool:
    """Whether the reads among `checked` return the last write of their key in a line, the initial nil if there is
    none."""
    state: dict[int, int | None] = {}
    for place in line:
        op = ops[place]
        if op.write:
            state[op.key] = op.value
        elif checked >> place & 1 and state.get(op.key) != op.value:
            return False
    return True


def reads_of(ops: Ops) -> list[int]:
    return [place for place, op in enumerate(ops) if not op.write]


def seen_is_below(ops: Ops, order: Relation) -> bool:
    """Whether what each read returned is in its past, or is the initial value: no line is legal otherwise."""
    return all(
        ops[r].value is None
        or any(
            order[r] >> w & 1
            for w, op in enumerate(ops)
            if op.write and (op.key, op.value) == (ops[r].key, ops[r].value)
        )
        for r in reads_of(ops)
    )


def causal_consistency(ops: Ops) -> bool:
    return any(
        all(any(legal(ops, line, 1 << r) for line in extensions(order, order[r] | 1 << r)) for r in reads_of(ops))
        for order in partial_orders(handed_order(ops))
        if seen_is_below(ops, order)
    )


def causal_memory(ops: Ops) -> bool:
    own = session_order(ops)
    return any(
        all(
            any(legal(ops, line, own[r] | 1 << r) for line in extensions(order, order[r] | 1 << r))
            for r in reads_of(ops)
        )
        for order in partial_orders(handed_order(ops))
        if seen_is_below(ops, order)
    )


def causal_convergence(ops: Ops) -> bool:
    everything = (1 << len(ops)) - 1
    return any(
        all(legal(ops, [o for o in line if order[r] >> o & 1 or o == r], 1 << r) for r in reads_of(ops))
        for order in partial_orders(handed_order(ops))
        if seen_is_below(ops, order)
        for line in extensions(order, everything)
    )


def pram(ops: Ops) -> bool:
    own = session_order(ops)
    writes = sum(1 << place for place, op in enumerate(ops) if op.write)
    for session in {op.session for op in ops}:
        mine = sum(1 << place for place, op in enumerate(ops) if op.session == session)
        if not any(legal(ops, line, mine) for line in extensions(own, writes | mine)):
            return False
    return True


def sequential(ops: Ops) -> bool:
    return in_one_order(ops, handed_order(ops))


def in_one_order(ops: Ops, order: Relation) -> bool:
    everything = (1 << len(ops)) - 1
    return any(legal(ops, line, everything) for line in extensions(order, everything))


def per_key_sequential(ops: Ops) -> bool:
    of_keys = [tuple(op for op in ops if op.key == key) for key in {op.key for op in ops}]
    return all(in_one_order(of_key, session_order(of_key)) for of_key in of_keys)


def linearizable(ops: Ops) -> bool:
    everything = (1 << len(ops)) - 1
    return any(legal(ops, line, everything) for line in extensions(real_time(ops), everything))


def regular(ops: Ops) -> bool:
    writes = sum(1 << place for place, op in enumerate(ops) if op.write)
    order = real_time(ops)
    return all(any(legal(ops, line, 1 << r) for line in extensions(order, writes | 1 << r)) for r in reads_of(ops))


def safe(ops: Ops) -> bool:
    def alone(read: RegisterOperation) -> bool:
        return not any(
            op.write and op.key == read.key and op.start < (read.end or 0) and (op.end is None or op.end > read.start)
            for op in ops
        )

    order = real_time(ops)
    writes = sum(1 << place for place, op in enumerate(ops) if op.write)
    return all(
        any(legal(ops, line, 1 << r) for line in extensions(order, writes | 1 << r))
        for r in reads_of(ops) if alone(ops[r])
    )  # fmt: skip


def within_k(ops: Ops, k: int) -> bool:
    order = real_time(ops)

    def holds(line: Sequence[int]) -> bool:
        latest: dict[int, list[int | None]] = {}
        for place in line:
            op = ops[place]
            known = latest.setdefault(op.key, [None])
            if op.write:
                known.append(op.value)
            elif op.value not in known[-k:]:
                return False
        return True

    for key in {op.key for op in ops}:
        among = sum(1 << place for place, op in enumerate(ops) if op.key == key)
        if not any(map(holds, extensions(order, among))):
            return False
    return True


def within_delta(ops: Ops, milliseconds: float) -> bool:
    """Linearizability once each read may have begun so much earlier; positions are milliseconds."""
    moved = tuple(op if op.write else replace(op, start=op.start - milliseconds) for op in ops)
    return linearizable(tuple(sorted(moved, key=lambda op: (op.session, op.start))))


def source(ops: Ops, read: RegisterOperation) -> RegisterOperation | None:
    return next((op for op in ops if op.write and (op.key, op.value) == (read.key, read.value)), None)


def earlier(ops: Ops, later: RegisterOperation) -> list[RegisterOperation]:
    """Operations before an operation in its session."""
    return [op for op in ops if op.session == later.session and op.end is not None and op.end < later.start]


def explained(
    read: RegisterOperation,
    wrote: RegisterOperation | None,
    applied: Sequence[RegisterOperation],
    before: Sequence[tuple[RegisterOperation, RegisterOperation]],
) -> bool:
    """Whether a read returns the last write of its key in some order of these writes and of the one that it returned,
    with each pair in order."""
    members = list({id(op): op for op in (*applied, *([wrote] if wrote else []))}.values())
    for line in permutations(members):
        if all(line.index(a) < line.index(b) for a, b in before if a in line and b in line):
            last = next((op for op in reversed(line) if op.key == read.key), None)
            if last is wrote or (last is not None and wrote is not None and last == wrote):
                return True
    return False


def in_session(ops: Ops, *writes: RegisterOperation | None) -> list[tuple[RegisterOperation, RegisterOperation]]:
    return [(a, b) for a in writes for b in writes if a and b and a in earlier(ops, b)]


def read_your_writes(ops: Ops) -> bool:
    return all(
        explained(r, source(ops, r), [w], in_session(ops, w, source(ops, r)))
        for r in ops if not r.write for w in earlier(ops, r) if w.write
    )  # fmt: skip


def seen_before(ops: Ops, later: RegisterOperation, not_yet: bool = True) -> list[RegisterOperation]:
    """The writes that the session saw before. not_yet: whether such count that it wrote only later itself."""
    return [
        w for r in earlier(ops, later)
        if not r.write and (w := source(ops, r)) is not None and (not_yet or r not in earlier(ops, w))
    ]  # fmt: skip


def monotonic_reads(ops: Ops) -> bool:
    return all(
        explained(r, source(ops, r), [w], in_session(ops, w, source(ops, r)))
        for r in ops if not r.write for w in seen_before(ops, r)
    )  # fmt: skip


def monotonic_writes(ops: Ops) -> bool:
    return all(
        w1.key != r.key
        or explained(r, source(ops, r), [w1, w2], [(w1, w2), *in_session(ops, w1, source(ops, r))])
        for r in ops if not r.write
        for w2 in seen_before(ops, r)
        for w1 in earlier(ops, w2) if w1.write
    )  # fmt: skip


def writes_follow_reads(ops: Ops) -> bool:
    return all(
        w1.key != r.key
        or explained(r, source(ops, r), [w1, w2], [(w1, w2), *in_session(ops, w1, source(ops, r))])
        for r in ops if not r.write
        for w2 in seen_before(ops, r)
        for w1 in seen_before(ops, w2, not_yet=False)
    )  # fmt: skip


def holds(model: Callable[[Ops], bool], ops: Ops) -> bool:
    """Whether a history satisfies a model: with some choice of which writes of unknown outcome happened."""
    return any(map(model, happened(ops)))


def read_at_last(random: Random, most: int = 6) -> Ops:
    """Operations of a few sessions on one or two keys, then a read of each key by each session."""
    ops = tiny(random, most)
    keys, sessions = sorted({op.key for op in ops}), sorted({op.session for op in ops})
    written = {key: [op.value for op in ops if op.write and op.key == key] for key in keys}
    clock = 1 + max(mark for op in ops for mark in (op.start, op.end or 0))
    agreed = {key: random.choice([None, *written[key], *written[key]]) for key in keys}
    finals = []
    for key in keys:
        for session in sessions:
            value = agreed[key] if random.random() < 0.9 else random.choice([None, *written[key]])
            finals.append(RegisterOperation(session, False, key, value, clock, int(clock) + 1))
            clock += 2
    return (*ops, *finals)


def happened_before(ops: Ops) -> Relation:
    """Session order and reads-from, transitive. What had not begun to be written was not read."""
    found = list(session_order(ops))
    for place, read in enumerate(ops):
        for other, write in enumerate(ops):
            seen = write.write and not read.write and (write.key, write.value) == (read.key, read.value)
            if seen and read.end is not None and write.start < read.end:
                found[place] |= 1 << other
    whole = closed(tuple(found))
    assert whole is not None, "each of these edges goes forwards in time"
    return whole


def convergence(ops: Ops) -> Validity:
    """Verdict on whether some order of the writes of each key respects what happened before, and lets each final read
    return the last of those that were acknowledged and of some of unknown outcome, the initial nil if there is none."""
    order, differing = happened_before(ops), False
    for key in {op.key for op in ops}:
        writes = [place for place, op in enumerate(ops) if op.write and op.key == key]
        quiet = max((end for place in writes if (end := ops[place].end) is not None), default=-1)
        finals: dict[int, RegisterOperation] = {}
        for op in sorted(ops, key=lambda op: op.end or 0):
            if not op.write and op.key == key and op.start > quiet:
                finals[op.session] = op
        among = sum(1 << place for place in writes)
        if not any(
            all(op.value in last_values(ops, line, op) for op in finals.values()) for line in extensions(order, among)
        ):
            return Validity.INVALID
        differing |= len({op.value for op in finals.values()}) > 1
    return Validity.UNKNOWN if differing else Validity.VALID


def last_values(ops: Ops, line: Sequence[int], read: RegisterOperation) -> set[int | None]:
    """The values that a read may return that sees all acknowledged writes of a line, and any others that had begun."""
    found: set[int | None] = set()
    for place in reversed(line):
        if ops[place].end is not None:
            return found | {ops[place].value}
        if ops[place].start < (read.end or 0):
            found.add(ops[place].value)
    return found | {None}
