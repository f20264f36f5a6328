"""Cases of the ablation: histories of every kind that an engine of the linearizability checker was made for.

Those of `linearizability.py`; logs of etcd and of key-value stores; collections and locks, short and long; files whose
verdict is known.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from random import Random

import logs
import objects
from histories import HistoryShape, bomb, register
from rows import registers, written

from splitbrain.checkers.catalogue import FORMER_NAMES
from splitbrain.checkers.linearizability import Linearizability
from splitbrain.checkers.porcupine import MODELS, Model
from splitbrain.harness.errors import SplitbrainError
from splitbrain.harness.histories import read
from splitbrain.harness.history import Event, History
from splitbrain.harness.operation import EventType

ROOT = Path(__file__).resolve().parents[1]
OBJECTS = {
    ("lin-counter", 0): "counters with deltas",
    ("versioned-kv", 0): "stores with revisions",
    ("lin-set", 0): "sets with whole reads",
    ("multi-register", 0): "several registers",
    ("fifo-queue", 5): "queues of few values",
}
"""Families of `objects.py`, and how many values they have (0: none comes twice), with the names of their groups."""


@dataclass(frozen=True)
class AblationCase:
    """A history, and the model that it is held against. group: the kind of work."""

    group: str
    name: str
    model: Model
    history: History


def all_cases(data: Path | None, *, quick: bool) -> Iterator[AblationCase]:
    """Every case, group by group."""
    sizes = [(1000, 5, 0), (1000, 10, 0), (1000, 20, 0), (1000, 10, 10), (10_000, 10, 40)]
    for kind in registers.KINDS:
        model = MODELS[registers.model_name(kind)].make()
        for size, clients, crashed in sizes[quick:]:
            for invalid in (False, True):
                history = registers.made(size, clients, kind, invalid=invalid, crashed=crashed)
                if history is not None:
                    group = "registers, crashed operations" if crashed else "registers"
                    yield AblationCase(
                        group, f"{size} c{clients} {kind}{' invalid' if invalid else ''}", model, history
                    )
    keyed = register(HistoryShape(20_000, 10, reads=0.4, cas=0.3, keys=200))
    yield AblationCase("registers under keys", "20000 c10, 200 keys", MODELS["cas-register"].make(), keyed)
    yield AblationCase("waves", "100 at once, one crashed", MODELS["cas-register"].make(), bomb(2, 100))
    for log in logs.etcd()[:: 9 if quick else 1]:
        yield AblationCase("etcd logs", log.name, MODELS["cas-register"].make(), log.history)
        yield AblationCase("etcd logs, a model in Python", log.name, written.CAS_REGISTER, log.history)
    for clients in (1, 10, 50):
        for log in logs.kv(clients):
            yield AblationCase("kv logs", log.name, MODELS["kv"].make(), log.history)
    yield from strings()
    yield from collections("", 3 if quick else 40, 60, 5)
    yield from collections(", many clients", 3 if quick else 20, 100, 20)
    yield from collections(", waves", 3 if quick else 20, 25, 25)
    yield from priorities(3 if quick else 20)
    yield from of_objects(2 if quick else 4)
    for case in collections("", 3 if quick else 20, 100, 20):
        if case.group in ("lin-list", "lin-set as a whole"):
            yield replace(case, group=f"{case.group}, a model in Python", model=replace(case.model, monitors=()))
    yield AblationCase("locks", "40 waiting", MODELS["owner-mutex"].make(), waiting(40))
    yield AblationCase("sets", "40 elements added and removed at once", MODELS["lin-set"].make(), added_and_removed(40))
    yield from known_answers(ROOT / "tests" / "data" / "reports", "known answers, reports")
    if data is not None:
        yield from known_answers(data, "known answers, given")


def strings() -> Iterator[AblationCase]:
    """Logs of key-value stores by other models, and appends that no operation sees."""
    for log in logs.kv(10):
        yield AblationCase("kv logs as one object", log.name, written.STORE_OF_KEYS, log.history)
        yield AblationCase("kv logs as one object, nothing said", log.name, written.WHOLE_STORE, log.history)
    for log in [*logs.kv(10), *logs.kv(50)]:
        yield AblationCase("strings, a model in Python", log.name, written.TEXT, log.history)
    for appends in (8, 10):
        history = unseen_appends(appends)
        yield AblationCase("kv, unseen appends", f"{appends} at once", MODELS["kv"].make(), history)


def collections(suffix: str, count: int, operations: int, clients: int) -> Iterator[AblationCase]:
    """Queues, stacks, sets, lists, counters, locks: mostly different elements; some operations crash. As many clients
    as operations: all are open at once, twice."""
    sys.path.insert(0, str(ROOT))
    from tests.checkers.porcupine.unique import SHAPES, history, waves

    for name, shape in SHAPES.items():
        random = Random(7)
        for number in range(count):
            if clients == operations:
                events = waves(shape, random, 2, clients)
            else:
                events = history(shape, random, operations, clients, random.choice((0, 0.04)))
            yield AblationCase(name + suffix, str(number), shape.model, History.of(events))


def priorities(count: int) -> Iterator[AblationCase]:
    """Priority queues whose elements are all different, in no order; the shape of `collections` repeats elements."""
    from tests.checkers.porcupine.unique import ModelLoad, history, item, waves

    def ask(random: Random, number: int) -> tuple[str, int | None]:
        return ("enqueue", number * 7919 % 10007) if random.random() < 0.5 else ("dequeue", None)

    shape, random = ModelLoad(MODELS["priority-queue"].make(), ask, item(0)), Random(7)
    for number in range(count):
        many, at_once = history(shape, random, 100, 20, 0.0), waves(shape, random, 2, 25)
        yield AblationCase("priority-queue of different elements", str(number), shape.model, History.of(many))
        yield AblationCase("priority-queue of different elements, waves", str(number), shape.model, History.of(at_once))


def of_objects(count: int) -> Iterator[AblationCase]:
    """Histories of `objects.py`, right ones and such with one old answer, some operations of which crash."""
    for (name, values), group in OBJECTS.items():
        model = MODELS[name].make({"exact": "true"} if name == "versioned-kv" else {})
        for operations, clients in ((100, 5), (300, 10)):
            for seed, wrong in product(range(1, count + 1), (False, True)):
                shape = objects.ObjectShape(operations, clients, 0.03, wrong, seed, values)
                told = f"{operations} c{clients}{' wrong' if wrong else ''}, {seed}"
                yield AblationCase(group, told, model, objects.history(name, shape))
    many = objects.ObjectShape(1_000, 30, 0.03, True, 2)
    yield AblationCase(
        OBJECTS["lin-set", 0], "1000 c30 wrong", MODELS["lin-set"].make(), objects.history("lin-set", many)
    )


def known_answers(folder: Path, group: str) -> Iterator[AblationCase]:
    """Files of a folder that can be read and are about one of our models."""
    columns, *rows = [line.split("\t") for line in (folder / "expected.tsv").read_text().splitlines()]
    place = next(number for number, column in enumerate(columns) if column.startswith("model"))
    pending = columns.index("pending") if "pending" in columns else None
    for row in rows:
        name, *words = row[place].split()
        name = FORMER_NAMES.get(name, name)
        if name not in MODELS or "unreadable" in row or (pending is not None and row[pending]):
            continue
        try:
            model = MODELS[name].make(dict(word.split("=", 1) for word in words if "=" in word))
            history = read(folder / row[0], "auto", keyed="keyed=true" in words)
            yield AblationCase(group, row[0], Linearizability(model).model_for(history), history)
        except SplitbrainError:
            continue


def waiting(owners: int) -> History:
    """A lock that all owners wait for and get one after the other, and that one gets while another has it."""
    steps: list[tuple[int, str, str, object]] = [(owner, "invoke", "acquire", None) for owner in range(owners)]
    for owner in range(owners - 1):
        steps += [(owner, "ok", "acquire", None), (owner, "invoke", "release", None)]
    steps += [(owners - 1, "ok", "acquire", None), (owners, "invoke", "acquire", None), (owners, "ok", "acquire", None)]
    return of_steps(steps + [(owner, "ok", "release", None) for owner in range(owners - 1)])


def added_and_removed(elements: int) -> History:
    """A set of which every element is added and removed at the same time, and one is seen afterwards."""
    calls = [(f, element) for f in ("add", "remove") for element in range(elements)]
    steps: list[tuple[int, str, str, object]] = []
    for kind in ("invoke", "ok"):
        steps += [(process, kind, f, element) for process, (f, element) in enumerate(calls)]
    seen = len(calls)
    return of_steps([*steps, (seen, "invoke", "contains", 5), (seen, "ok", "contains", True)])


def unseen_appends(count: int) -> History:
    """Appends to one key that are open at once; then a cas that expects what none of their orders leaves. Nothing is
    seen of them, and the cas before keeps the monitor of appends away."""
    history = History()

    def at_once(*calls: tuple[int, str, object]) -> None:
        for kind in (EventType.INVOKE, EventType.OK):
            for process, f, value in calls:
                history.add(int(kind), process, f, value, "k", 0, None)

    at_once((0, "put", "a"))
    at_once((0, "cas", ("a", "b")))
    at_once(*((number, "append", f"{number};") for number in range(1, count + 1)))
    at_once((0, "cas", ("never", "z")))
    return history


def of_steps(steps: list[tuple[int, str, str, object]]) -> History:
    """History of steps; each is process, type, f and value."""
    return History.of(
        Event(index=at, time=at, process=process, type=kind, f=f, value=value)
        for at, (process, kind, f, value) in enumerate(steps)
    )
