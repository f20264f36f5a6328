"""Histories that are measured. Random ones of a register, seeded, as columns, a million operations in a few seconds.

A simulated atomic register and c clients, one of which takes a step at a time, each equally likely: it invokes, its
operation takes effect, it returns. So about two thirds of the clients have an operation open at any time, which is hard
to check. A crashed operation took effect or not, with equal chance; its client goes on under another process.

An invalid history differs from a valid one in a single read near 95 % of it, which returns what it cannot have seen
(see `Impossible`). So that it is invalid is known from how it was made, not from any checker. Pitfall: with few values
and many clients such a read is rare; where there is none, ValueError says so.
"""

import json
from array import array
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from splitbrain.harness.history import ABSENT, History
from splitbrain.harness.operation import EventType
from splitbrain.harness.random_stream import RandomStream

INVOKE, OK, FAIL, INFO = map(int, EventType)
IDLE, INVOKED, EFFECTIVE = range(3)
CRASHABLE = 2
"""Of the values of an invalid history crashed operations leave only these many first ones: each value that a crashed
operation left is possible for ever after."""
NEAR = 0.95
"""The place of the wrong read in a history."""


@dataclass(frozen=True)
class HistoryShape:
    """The shape of a random history.

    operations: how many, over all keys. concurrency: clients. values: writes draw from 1 to this, or 0 for a new value
    each time. reads, cas: their shares, the rest are writes. crashed: writes and cas whose end nobody knows. keys: 0
    for one register without a key. invalid: whether a read is wrong.
    """

    operations: int
    concurrency: int
    values: int = 5
    reads: float = 0.5
    cas: float = 0.0
    crashed: int = 0
    keys: int = 0
    invalid: bool = False
    seed: int = 1


def register(shape: HistoryShape) -> History:
    """A random history of a register, or of many; the initial value is nil. Paired already."""
    history = _HistorySimulation(shape).run()
    if shape.invalid:
        found = next(Impossible(history, shape.values).reads(), None)
        if found is None:
            raise ValueError(f"no read that can be made wrong: take another seed, or more operations than in {shape}")
        row, value = found
        operations = history.operations()
        history.value[operations.complete[row]] = operations.result[row] = value
    return history


class _HistorySimulation:
    """The registers, the clients, and the columns of what happens."""

    def __init__(self, shape: HistoryShape) -> None:
        self.shape, self.out = shape, History()
        pool, clients = self.out.pool, shape.concurrency
        self.random = RandomStream(shape.seed, "history").random
        self.reading, self.writing, self.comparing = (pool.names[name] for name in ("read", "write", "cas"))
        self.nil = pool.id(None)
        error_ids = pool.id(("precondition", "another value is there")), pool.id(("timeout", "no answer"))
        self.error_of = {INVOKE: ABSENT, OK: ABSENT, FAIL: error_ids[0], INFO: error_ids[1]}
        self.small = [pool.id(value) for value in range(1, shape.values + 1)]
        self.crashable = set(self.small[:CRASHABLE]) if shape.invalid else set(self.small)
        self.keys = [pool.id(f"k{key}") for key in range(shape.keys)] or [ABSENT]
        self.states = [self.nil] * len(self.keys)
        self.process = list(range(clients))
        self.doing = [(0, 0, 0, 0, 0)] * clients
        """Of each client f, key, and the ids of: its argument, the value it expects, the value it leaves."""
        self.ending = [(OK, 0)] * clients
        """Of each client how its operation ends, and the id of the value that is told with it."""
        self.crashes = self.fresh = self.issued = 0

    def run(self) -> History:
        """Carry on until every operation was invoked and every client is idle."""
        random, clients, operations = self.random, self.shape.concurrency, self.shape.operations
        invoke, take_effect, complete = self._invoke, self._take_effect, self._complete
        phase = [IDLE] * clients
        busy = 0
        while self.issued < operations or busy:
            client = int(random() * clients)
            if phase[client] == INVOKED:
                take_effect(client)
                phase[client] = EFFECTIVE
            elif phase[client] == EFFECTIVE:
                complete(client)
                phase[client] = IDLE
                busy -= 1
            elif self.issued < operations:
                invoke(client)
                phase[client] = INVOKED
                busy += 1
        return self._finished()

    def _invoke(self, client: int) -> None:
        random, shape = self.random, self.shape
        key, draw = int(random() * len(self.keys)), random()
        if draw < shape.reads:
            doing = self.reading, key, self.nil, ABSENT, ABSENT
        else:
            new = self._value()
            if draw < shape.reads + shape.cas:
                values = self.out.pool.values
                old = self._value() if self.small else self.states[key]
                doing = self.comparing, key, self.out.pool.id((values[old], values[new])), old, new
            else:
                doing = self.writing, key, new, ABSENT, new
        self.doing[client] = doing
        self.issued += 1
        self._event(client, INVOKE, doing[2])

    def _value(self) -> int:
        if self.small:
            return self.small[int(self.random() * len(self.small))]
        self.fresh += 1
        return self.out.pool.id(self.fresh)

    def _take_effect(self, client: int) -> None:
        f, key, argument, old, new = self.doing[client]
        state = self.states[key]
        if f == self.reading:
            self.ending[client] = OK, state
            return
        crashed = self.shape.crashed and self._crashes(new)
        if crashed:
            self.crashes += 1
            if self.random() < 0.5:
                self.ending[client] = INFO, argument
                return
        succeeds = f == self.writing or state == old
        if succeeds:
            self.states[key] = new
        self.ending[client] = INFO if crashed else OK if succeeds else FAIL, argument

    def _crashes(self, new: int) -> bool:
        due = (self.crashes + 1) * (self.shape.operations // (self.shape.crashed + 1))
        possible = not self.small or new in self.crashable
        return possible and self.crashes < self.shape.crashed and self.issued >= due

    def _complete(self, client: int) -> None:
        kind, value = self.ending[client]
        self._event(client, kind, value)
        if kind == INFO:
            self.process[client] += self.shape.concurrency

    def _event(self, client: int, kind: int, value: int) -> None:
        out, doing = self.out, self.doing[client]
        out.type.append(kind)
        out.process.append(self.process[client])
        out.f.append(doing[0])
        out.key.append(self.keys[doing[1]])
        out.value.append(value)
        out.error.append(self.error_of[kind])

    def _finished(self) -> History:
        """A history of columns that are the same in every event, and paired."""
        out, events = self.out, len(self.out)
        out.time = array("q", range(0, 1000 * events, 1000))
        for column in (out.node, out.token, out.session):
            column.extend(array("i", [ABSENT]) * events)
        out.revision.extend(array("q", [ABSENT]) * events)
        out.operations()
        return out


class Impossible:
    """Reads of a history that can be made wrong for certain.

    Of the writes (and successful cas) that ended before a read r began let w' be the one that was invoked last. What
    ended before w' was invoked was overwritten before r began, and so was the initial value. So r saw one of the others
    that were invoked before r ended, and no value that none of them left.
    """

    def __init__(self, history: History, values: int) -> None:
        self.operations, pool = history.operations(), history.pool
        self.pairs = pool.values
        self.id = pool.id
        self.reading, self.comparing = pool.names["read"], pool.names["cas"]
        self.known = [pool.id(value) for value in range(1, values + 1)]
        columns = zip(self.operations.ended, self.operations.f, strict=True)
        self.crashed = [row for row, (kind, f) in enumerate(columns) if kind == INFO and f != self.reading]
        spans = zip(self.operations.invoke, self.operations.complete, self.operations.ended, strict=True)
        self.longest = max(complete - invoke for invoke, complete, kind in spans if kind != INFO)

    def reads(self) -> Iterator[tuple[int, int]]:
        """Rows of such reads, each with the id of an impossible value: from NEAR to the end, then back from there."""
        operations, total = self.operations, len(self.operations)
        for row in chain(range(int(total * NEAR), total), range(int(total * NEAR), total // 2, -1)):
            if operations.f[row] == self.reading and operations.ended[row] == OK:
                value = self._value(row)
                if value is not None:
                    yield row, value

    def _value(self, row: int) -> int | None:
        operations = self.operations
        key, began, ended = operations.key[row], operations.invoke[row], operations.complete[row]
        writes = self._writes_before(row, key, ended)
        overwriting = next((w for w in writes if operations.complete[w] < began), None)
        if overwriting is None:
            return None
        since = operations.invoke[overwriting]
        possible = {self._left(w) for w in self.crashed if operations.key[w] == key}
        for w in self._writes_before(row, key, ended):
            if operations.complete[w] >= since:
                possible.add(self._left(w))
            elif not self.known and self._left(w) not in possible:
                return self._left(w)
            elif operations.invoke[w] < since - self.longest:
                break
        return next((value for value in self.known if value not in possible), None)

    def _writes_before(self, row: int, key: int, moment: int) -> Iterator[int]:
        """Writes and successful cas of a key that were invoked before a moment, the last first."""
        operations = self.operations
        for w in range(bisect_left(operations.invoke, moment, row) - 1, -1, -1):
            if operations.f[w] != self.reading and operations.ended[w] == OK and operations.key[w] == key:
                yield w

    def _left(self, w: int) -> int:
        argument = self.operations.argument[w]
        return self.id(self.pairs[argument][1]) if self.operations.f[w] == self.comparing else argument


def bomb(waves: int = 40, clients: int = 200, seed: int = 1) -> History:
    """Waves of reads, writes and successful cas that are all open at once, and a crashed write a wave."""
    draws, history = RandomStream(seed, "bomb"), History()
    state: int | None = None
    for wave in range(waves):
        done: list[tuple[int, str, object, object]] = []
        """Process, f, argument, answer: in the order in which they take effect."""
        for client in draws.shuffled(range(clients)):
            f, value = draws.choice(("read", "write", "cas")), 1 + draws.below(5)
            if f == "read":
                done.append((client, f, None, state))
            else:
                argument: object = value if f == "write" else (state, value)
                done.append((client, f, argument, argument))
                state = value
        crashed = clients + wave
        for process, f, argument, _ in draws.shuffled([*done, (crashed, "write", 1 + draws.below(5), None)]):
            history.add(INVOKE, process, f, argument, None, len(history), None)
        for process, f, _, answer in draws.shuffled(done):
            history.add(OK, process, f, answer, None, len(history), None)
    history.operations()
    return history


def write_jsonl(history: History, path: Path) -> None:
    """The history as JSON lines, in splitbrain's own format."""
    texts = [json.dumps(value) for value in history.pool.values]
    texts.append("")  # where ABSENT, which is -1, looks
    words = [json.dumps(kind.word) for kind in EventType]
    columns = zip(
        history.process, history.type, history.f, history.key, history.value, history.time, history.error, strict=True
    )
    with path.open("w") as out:
        for index, (process, kind, f, key, value, time, error) in enumerate(columns):
            about = f'"key":{texts[key]},' if key != ABSENT else ""
            why = f',"error":{texts[error]}' if error != ABSENT else ""
            out.write(
                f'{{"index":{index},"time":{time},"process":{process},"type":{words[kind]},"f":{texts[f]},'
                f'{about}"value":{texts[value]}{why}}}\n'
            )
