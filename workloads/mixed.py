"""Registers, lists and sets at once, some short-lived and some as old as the run, judged for linearizability.

The default of a store that has the operations. What it finds that `register` does not:

- Every value is written once, so a lost, repeated or reordered write cannot be explained by another of the same value.
- A read of a list tells the order of all appends, a read of a set all adds.
- Hot keys are short-lived, and all clients of a group work on them at once. Others live ten times as long, or for the
  whole run, so what a fault destroys may be old. Those are only read and written, for a key cannot be decided in
  bounded time when many of its compare-and-sets have an unknown outcome.
- A refused compare-and-set tells what the value was not, and where completions carry revisions they are judged too.
- At the end every key is read through every node.

Operations: `read` (ok value: a register's value, nil if never written; all elements of a list or a set, nil if there
are none), `write`, `cas` ([old, new]), `append`, `add` (value: the element). A key's first letter tells what it is.
"""

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from splitbrain.checkers.common.selection import OfKeys
from splitbrain.checkers.linearizability import Linearizability, RegisterLinearizability
from splitbrain.checkers.porcupine import MODELS
from splitbrain.harness.checker import Checker
from splitbrain.harness.client import Shape
from splitbrain.harness.generator import Context, Generator, calls, each_until_ok, on_threads
from splitbrain.harness.history import History
from splitbrain.harness.operation import Operation, Value
from splitbrain.harness.options import Option, Setting
from splitbrain.harness.random_stream import RandomStream
from splitbrain.workloads.keys import Assignment, assign_to, drawn_life, used
from splitbrain.workloads.workload import Size, Workload

OPTIONS = (
    Option(
        "operations_per_key",
        200,
        "how many operations a hot key lives for, those on its other kinds included",
        least=1,
        drawn=drawn_life,
    ),
    Option(
        "aged",
        0.35,
        "share of operations on keys that live ten times as long or for the whole run, 0 to 1",
        most=1,
        drawn=lambda draw: round(0.6 * draw, 2),
    ),
    Option(
        "read_share",
        0.15,
        "share of reads among the operations of threads that do not mostly read, 0 to 1",
        most=1,
        drawn=lambda draw: round(0.4 * draw, 2),
    ),
    Option(
        "cas_share",
        0.4,
        "share of compare-and-sets among the changes of hot registers, 0 to 1",
        most=1,
        drawn=lambda draw: round(0.55 * draw, 2),
    ),
)

READ, WRITE, CAS, APPEND, ADD = "read", "write", "cas", "append", "add"
REGISTER, LIST, SET = "r", "l", "s"
KINDS, KIND_WEIGHTS = (REGISTER, LIST, SET), (0.5, 0.3, 0.2)
CHANGE = {REGISTER: WRITE, LIST: APPEND, SET: ADD}
READER_CHANGE_SHARE = 0.25
"""Of threads that keep pace with the others by reading."""
AGED_LIFE = 10
"""The factor by which an aged key lives longer than a hot one."""
RUN_LIFE = 100
"""Likewise one that lives for the whole run. In a long run even that ends, for each read of a list holds all of it."""
BLOCK = 64
"""Operations of a thread that are planned at once."""
LOOK_BACK = 24
"""The number of steps back in which a compare-and-set looks for a write that it may follow."""
FINAL_KEYS_MAX = 40


@dataclass(frozen=True, slots=True)
class Step:
    """The next step of a thread, but for the value that a compare-and-set expects."""

    f: str
    key: str


class MixedSteps:
    """The steps of every thread: pure functions of seed, thread and ordinal."""

    def __init__(self, size: Size, settings: Mapping[str, Setting]) -> None:
        self._size, self._life = size, int(settings["operations_per_key"] or 1)
        self._aged, self._reads, self._cas = (
            float(settings[name] or 0) for name in ("aged", "read_share", "cas_share")
        )
        self._block = functools.lru_cache(maxsize=8 * size.concurrency)(self._planned)

    def operation(self, context: Context) -> Operation:
        """The operation of the asking thread; its value is unique by thread and ordinal."""
        seed, thread, ordinal = context.seed, context.thread, context.ordinal
        step = self.step(seed, thread, ordinal)
        if step.f == READ:
            return Operation(READ, None, step.key)
        value = self._value(thread, ordinal)
        if step.f == CAS:
            return Operation(CAS, (self._expected(seed, thread, ordinal, step.key), value), step.key)
        return Operation(step.f, value, step.key)

    def step(self, seed: int, thread: int, ordinal: int) -> Step:
        """The step of a thread at an ordinal."""
        return self._block(seed, thread, ordinal // BLOCK)[ordinal % BLOCK]

    def _planned(self, seed: int, thread: int, block: int) -> tuple[Step, ...]:
        draws = RandomStream(seed, "mixed", thread, block)
        return tuple(self._drawn(draws, thread, block * BLOCK + at) for at in range(BLOCK))

    def _drawn(self, draws: RandomStream, thread: int, ordinal: int) -> Step:
        kind = draws.weighted(KINDS, KIND_WEIGHTS)
        aged, whole_run = draws.chance(self._aged), draws.chance(0.5)
        life = self._life * (1 if not aged else RUN_LIFE if whole_run else AGED_LIFE)
        place = assign_to(thread, ordinal, self._size, life)
        changes = draws.chance(READER_CHANGE_SHARE if place.reader else 1 - self._reads)
        cas = draws.chance(self._cas)
        f = CHANGE[kind] if changes else READ
        if f == WRITE and cas and not aged:
            f = CAS
        return Step(f, kind + _name(place, aged, whole_run))

    def _expected(self, seed: int, thread: int, ordinal: int, key: str) -> Value:
        """The value that a register may hold now: that of the latest step, of a thread drawn by lot, that changed
        it."""
        draws = RandomStream(seed, "mixed", "expected", thread, ordinal)
        others = draws.shuffled(range(self._size.concurrency))
        for other in [thread, *others] if draws.chance(0.5) else others:
            for before in range(ordinal - 1, max(ordinal - LOOK_BACK, -1), -1):
                step = self.step(seed, other, before)
                if step.key == key and step.f != READ:
                    return self._value(other, before)
        return None

    def _value(self, thread: int, ordinal: int) -> int:
        return ordinal * self._size.concurrency + thread


def _name(place: Assignment, aged: bool, whole_run: bool) -> str:
    if not aged:
        return str(place.number)
    return f"-run{place.number}" if whole_run else f"-aged{place.number}"


def main(size: Size, settings: Mapping[str, Setting]) -> Generator:
    """Changes and reads of objects of all kinds; half of the threads mostly read, so that they keep pace."""
    return calls(MixedSteps(size, settings).operation)


def final(size: Size, settings: Mapping[str, Setting], history: History) -> Generator:
    """The keys used last, and all that lived for the whole run, through every node, each until it is answered."""
    keys = used(history)
    aged = [key for key in keys if "-" in str(key)]
    hot = [key for key in keys if "-" not in str(key)]
    reads = [Operation(READ, None, key) for key in (*aged[-FINAL_KEYS_MAX:], *hot[-FINAL_KEYS_MAX:])]
    return on_threads(range(min(size.nodes, size.concurrency)), each_until_ok(reads))


def checkers(settings: Mapping[str, Setting]) -> Sequence[Checker]:
    """A checker for each kind of object, key by key."""
    lists, sets = (Linearizability(MODELS[name].make()) for name in ("lin-list", "lin-set"))
    return (
        OfKeys("registers", RegisterLinearizability(), _kind(REGISTER)),
        OfKeys("lists", lists, _kind(LIST)),
        OfKeys("sets", sets, _kind(SET)),
    )


def _kind(letter: str) -> Callable[[Value], bool]:
    return lambda key: isinstance(key, str) and key.startswith(letter)


MIXED = Workload(
    name="mixed",
    summary="registers with unique values, lists and sets, short-lived and old; linearizable?",
    operations={
        READ: Shape("none", "the value, or all elements; nil if there are none", effects=False),
        WRITE: Shape("the value", "the value"),
        CAS: Shape("[old, new]", "[old, new]"),
        APPEND: Shape("the element", "the element"),
        ADD: Shape("the element", "the element"),
    },
    options=OPTIONS,
    main=main,
    final=final,
    checkers=checkers,
    model="linearizable",
    decides=True,
)
