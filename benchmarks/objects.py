"""Histories of objects other than registers: counters, stores with revisions, sets, several registers, containers.

An atomic object is simulated, and c clients, one of which takes a step at a time, each equally likely: it invokes, its
operation takes effect, it returns. A crashed operation took effect or not, with equal chance; its client goes on under
another process.

A wrong history differs from a right one in a single answer near 95 % of it, which is what an operation of the same kind
was told before its middle. Pitfall: a set of few elements may be once more what it was, and so may all that has few
different values; of all others such an answer is wrong for certain, for no element, sum, value or revision comes twice.
"""

from bisect import insort
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from histories import IDLE, INFO, INVOKE, INVOKED, NEAR, OK

from splitbrain.harness.history import ABSENT, History
from splitbrain.harness.random_stream import RandomStream


class ObjectAnswer(NamedTuple):
    """The value and the revision that an operation returns."""

    value: Any = None
    revision: int = ABSENT


class ObjectCall(NamedTuple):
    """An operation as a client asks for it."""

    f: str
    argument: Any = None
    key: str | None = None


Ask = Callable[[RandomStream, int], ObjectCall]
"""A client's n-th request."""
Apply = Callable[[ObjectCall], ObjectAnswer]
"""Let it take effect, and tell the answer."""


@dataclass(frozen=True)
class ObjectShape:
    """The shape of a random history. crashed: the share of operations whose end nobody knows. wrong: whether one answer
    is old. values: how many different ones there are, 0 if none comes twice (of a counter: deltas; of a set there are
    always ten)."""

    operations: int
    clients: int
    crashed: float = 0.0
    wrong: bool = False
    seed: int = 1
    values: int = 0


@dataclass(frozen=True)
class _SimulatedEvent:
    process: int
    kind: int
    request: ObjectCall
    answer: ObjectAnswer


def history(family: str, shape: ObjectShape) -> History:
    """A random history of an object of FAMILIES; ValueError if there is no answer that can be made wrong."""
    make, looks = FAMILIES[family]
    steps = _simulated(make(shape.values), looks, shape)
    if shape.wrong:
        place = _wrong(steps, looks)
        steps[place[0]] = replace(steps[place[0]], answer=steps[place[1]].answer)
    out = History()
    for number, (process, kind, request, answer) in enumerate((s.process, s.kind, s.request, s.answer) for s in steps):
        value = answer.value if kind == OK else request.argument
        error = ("timeout", "no answer") if kind == INFO else None
        out.add(kind, process, request.f, value, request.key, 1000 * number, None, error, revision=answer.revision)
    out.operations()
    return out


def _simulated(made: tuple[Ask, Apply], looks: frozenset[str], shape: ObjectShape) -> list[_SimulatedEvent]:
    """The events of the clients. looks: operations that change nothing, which do not crash."""
    ask, apply = made
    draws, steps, issued = RandomStream(shape.seed, "objects"), list[_SimulatedEvent](), 0
    processes, phases = list(range(shape.clients)), [IDLE] * shape.clients
    doing = [(ObjectCall(""), ObjectAnswer())] * shape.clients
    while issued < shape.operations or any(phases):
        client = draws.below(shape.clients)
        process, (request, answer) = processes[client], doing[client]
        if phases[client] == IDLE:
            if issued < shape.operations:
                request = ask(draws, issued)
                issued += 1
                doing[client] = request, ObjectAnswer()
                steps.append(_SimulatedEvent(process, INVOKE, request, ObjectAnswer()))
                phases[client] = INVOKED
        elif phases[client] == INVOKED and request.f not in looks and draws.random() < shape.crashed:
            if draws.random() < 0.5:
                apply(request)
            steps.append(_SimulatedEvent(process, INFO, request, ObjectAnswer()))
            processes[client] += shape.clients
            phases[client] = IDLE
        elif phases[client] == INVOKED:
            doing[client] = request, apply(request)
            phases[client] += 1
        else:
            steps.append(_SimulatedEvent(process, OK, request, answer))
            phases[client] = IDLE
    return steps


def _wrong(steps: list[_SimulatedEvent], looks: frozenset[str]) -> tuple[int, int]:
    """The answer to be made wrong, and the older one that takes its place."""
    told = [n for n, s in enumerate(steps) if s.kind == OK and _tells(s, looks)]
    near = int(NEAR * len(steps))
    for late in [*(n for n in told if n >= near), *(n for n in reversed(told) if len(steps) // 2 < n < near)]:
        here = steps[late]
        for early in (n for n in told if 0.2 * len(steps) < n < 0.5 * len(steps)):
            there = steps[early]
            same = here.request.f == there.request.f and here.request.key == there.request.key
            if same and here.answer != there.answer and _registers(here) == _registers(there):
                return late, early
    raise ValueError("no answer that can be made wrong: take another seed, or more operations")


def _tells(step: _SimulatedEvent, looks: frozenset[str]) -> bool:
    """Whether its answer says something: it looks, or takes something out."""
    takes = step.request.argument is None and step.answer.value is not None
    return step.answer.value is not None and (step.request.f in looks or takes)


def _registers(step: _SimulatedEvent) -> list[str] | None:
    return sorted(step.answer.value) if isinstance(step.answer.value, dict) else None


def counter(values: int) -> tuple[Ask, Apply]:
    """A sum; deltas from 1 to 99, or to `values`, and a third of reads."""
    total = 0

    def ask(draws: RandomStream, number: int) -> ObjectCall:
        return ObjectCall("read") if draws.random() < 1 / 3 else ObjectCall("add", 1 + draws.below(values or 99))

    def apply(request: ObjectCall) -> ObjectAnswer:
        nonlocal total
        total += request.argument or 0
        return ObjectAnswer(total if request.f == "read" else request.argument)

    return ask, apply


def versioned_kv(values: int) -> tuple[Ask, Apply]:
    """A store of five keys whose changes raise one revision by one; half gets, half puts."""
    revision, held = 0, dict[str | None, ObjectAnswer]()

    def ask(draws: RandomStream, number: int) -> ObjectCall:
        key = f"k{draws.below(5)}"
        put = draws.random() >= 0.5
        return ObjectCall("put", _value(draws, number, values), key) if put else ObjectCall("get", None, key)

    def apply(request: ObjectCall) -> ObjectAnswer:
        nonlocal revision
        if request.f == "put":
            revision += 1
            held[request.key] = ObjectAnswer(request.argument, revision)
        return held.get(request.key, ObjectAnswer(None, 0))

    return ask, apply


def whole_set(values: int) -> tuple[Ask, Apply]:
    """A set of ten elements, added, removed, and read as a whole."""
    held: set[int] = set()

    def ask(draws: RandomStream, number: int) -> ObjectCall:
        f = ("add", "remove", "read")[draws.below(3)]
        return ObjectCall(f, None if f == "read" else draws.below(10))

    def apply(request: ObjectCall) -> ObjectAnswer:
        if request.f == "read":
            return ObjectAnswer(tuple(sorted(held)))
        (held.add if request.f == "add" else held.discard)(request.argument)
        return ObjectAnswer(request.argument)

    return ask, apply


def multi_register(values: int) -> tuple[Ask, Apply]:
    """Three registers, of which an operation writes or reads two."""
    held = dict[str, int | None].fromkeys("xyz")

    def ask(draws: RandomStream, number: int) -> ObjectCall:
        names = draws.shuffled("xyz")[:2]
        return ObjectCall("read", dict.fromkeys(names)) if draws.random() < 0.5 else ObjectCall(
            "write", {name: _value(draws, 2 * number + place - 1, values) for place, name in enumerate(names)}
        )  # fmt: skip

    def apply(request: ObjectCall) -> ObjectAnswer:
        if request.f == "read":
            return ObjectAnswer({name: held[name] for name in request.argument})
        held.update(request.argument)
        return ObjectAnswer(request.argument)

    return ask, apply


def _value(draws: RandomStream, number: int, values: int) -> int:
    """A value that is written: a new one, or one of so many."""
    return draws.below(values) if values else number + 1


def container(puts: dict[str, int], takes: dict[str, int]) -> Callable[[int], tuple[Ask, Apply]]:
    """Items that are put in and taken out; names of the operations, with the end they work at: 0 the first, -1 the
    last."""
    ordered = set(puts.values()) == {SORTED}

    def make(values: int) -> tuple[Ask, Apply]:
        items: list[int] = []

        def ask(draws: RandomStream, number: int) -> ObjectCall:
            if draws.random() < 0.48:
                return ObjectCall(draws.choice(tuple(takes)))
            value = _value(draws, number, values)
            return ObjectCall(draws.choice(tuple(puts)), value * 7919 % 1_000_003 if ordered else value)

        def apply(request: ObjectCall) -> ObjectAnswer:
            if request.f in takes:
                return ObjectAnswer(items.pop(takes[request.f]) if items else None)
            if ordered:
                insort(items, request.argument)
            else:
                items.insert(0 if puts[request.f] == 0 else len(items), request.argument)
            return ObjectAnswer(request.argument)

        return ask, apply

    return make


SORTED = 1
"""In place of an end: by size."""
NONE: frozenset[str] = frozenset()
FAMILIES: dict[str, tuple[Callable[[int], tuple[Ask, Apply]], frozenset[str]]] = {
    "lin-counter": (counter, frozenset({"read"})),
    "versioned-kv": (versioned_kv, frozenset({"get"})),
    "lin-set": (whole_set, frozenset({"read"})),
    "multi-register": (multi_register, frozenset({"read"})),
    "fifo-queue": (container({"enqueue": -1}, {"dequeue": 0}), NONE),
    "stack": (container({"push": -1}, {"pop": -1}), NONE),
    "priority-queue": (container({"enqueue": SORTED}, {"dequeue": 0}), NONE),
    "deque": (container({"addFirst": 0, "addLast": -1}, {"pollFirst": 0, "pollLast": -1}), NONE),
}
"""By the name of our model: what makes the object, and the operations that change nothing."""
