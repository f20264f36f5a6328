"""Random histories for the fast procedures: from a simulated atomic object, whose values are mostly different, and then
disturbed a little, so that many are just not linearizable, or just outside what a procedure takes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

import msgspec
from msgspec import UNSET

from splitbrain.checkers.common.values import frozen, thawed
from splitbrain.checkers.porcupine import ILLEGAL, MODELS, Call, Model
from splitbrain.harness.history import Event


@dataclass(frozen=True)
class ModelLoad:
    """A model, what its clients ask for (the n-th operation: f and argument), and what an honest object returns."""

    model: Model
    ask: Callable[[Random, int], tuple[str, Any]]
    see: Callable[[Any, str, Any], Any]
    revisions: bool = False


def some(random: Random, number: int) -> int:
    """A value: mostly a new one."""
    return number + 1 if random.random() < 0.97 else random.randint(0, number + 1)


def mixed(put: str, take: str, share: float = 0.5) -> Callable[[Random, int], tuple[str, Any]]:
    """Two kinds of operations: one that takes a value, one that returns something."""
    return lambda random, n: (put, some(random, n)) if random.random() < share else (take, None)


def among(*operations: tuple[str, Any]) -> Callable[[Random, int], tuple[str, Any]]:
    return lambda random, n: random.choice(operations)


def rarely(other: tuple[str, Any], ask: Callable[[Random, int], tuple[str, Any]]) -> Callable[..., tuple[str, Any]]:
    return lambda random, n: other if random.random() < 0.01 else ask(random, n)


def item(place: int) -> Callable[[Any, str, Any], Any]:
    """The item at one end of a container, or nil."""
    return lambda state, f, argument: argument if argument is not None else state[place] if state else None


def same(state: Any, f: str, argument: Any) -> Any:
    return state if f in ("read", "get") else argument


def members(state: Any, f: str, argument: Any) -> Any:
    if f == "contains":
        return frozen(argument) in state
    return tuple(sorted(map(thawed, state))) if f == "read" else argument


def of_registers(random: Random, number: int) -> tuple[str, Any]:
    """A read or a write of one register or two."""
    names = random.choice(("x", "y", "xy", "xyz"))
    if random.random() < 0.5:
        return "read", dict.fromkeys(names)
    return "write", {name: some(random, number) for name in names}


def registers(state: Any, f: str, argument: Any) -> Any:
    """The result of a read of registers."""
    held = {name: thawed(value) for name, value in state}
    return {name: held.get(name) for name in argument} if f == "read" else argument


SHAPES = {
    "register": ModelLoad(MODELS["register"].make({"initial": "0"}), mixed("write", "read"), same),
    "cas-register": ModelLoad(
        MODELS["cas-register"].make({"initial": "0"}), rarely(("cas", (1, 2)), mixed("write", "read", 0.4)), same
    ),
    "kv": ModelLoad(MODELS["kv"].make(), rarely(("append", "x"), mixed("put", "get", 0.6)), same),
    "fifo-queue": ModelLoad(MODELS["fifo-queue"].make(), mixed("enqueue", "dequeue"), item(0)),
    "stack": ModelLoad(MODELS["stack"].make(), mixed("push", "pop"), item(-1)),
    "priority-queue": ModelLoad(
        MODELS["priority-queue"].make(), lambda random, n: ("enqueue", random.randint(0, 60)) if random.random() < 0.5
        else ("dequeue", None), item(0),
    ),
    "lin-counter": ModelLoad(
        MODELS["lin-counter"].make(), rarely(("add", 2), among(("add", 1), ("add", 1), ("read", None))), same
    ),
    "lin-set by element": ModelLoad(
        MODELS["lin-set"].make(), rarely(("read", None), lambda random, n: (
            random.choice(("add", "remove", "contains", "contains")), random.randint(0, 2))), members,
    ),
    "lin-set as a whole": ModelLoad(
        MODELS["lin-set"].make(), rarely(("remove", 1), mixed("add", "read")), members
    ),
    "lin-list": ModelLoad(
        MODELS["lin-list"].make(), mixed("append", "read"),
        lambda state, f, argument: tuple(map(thawed, state)) if f == "read" else argument,
    ),
    "owner-mutex": ModelLoad(
        MODELS["owner-mutex"].make(), among(("acquire", None), ("release", None)), lambda state, f, argument: None
    ),
    "owner-mutex by value": ModelLoad(
        MODELS["owner-mutex"].make({"owner": "value"}),
        among(*((f, owner) for f in ("acquire", "release") for owner in "pqrs")), lambda state, f, argument: argument,
    ),
    "versioned-register": ModelLoad(
        MODELS["versioned-register"].make(), among(("write", 1), ("write", 2), ("read", None), ("cas", (1, 2))),
        lambda state, f, argument: (state[0][1] if state else None) if f == "read" else argument, revisions=True,
    ),
    "multi-register": ModelLoad(MODELS["multi-register"].make(), of_registers, registers),
    "cas-register with revisions": ModelLoad(
        MODELS["cas-register"].make(), among(("write", 1), ("write", 2), ("read", None), ("cas", (1, 2))), same,
        revisions=True,
    ),
}  # fmt: skip


def history(
    shape: ModelLoad, random: Random, size: int = 8, clients: int = 4, crashes: float | None = None
) -> list[Event]:
    """A history of up to `size` operations, disturbed three times out of four."""
    if crashes is None:
        crashes = random.choice((0, 0, 0.1, 0.3))
    events = _honest(shape, random, random.randint(2, size), random.randint(2, clients), crashes)
    for _ in range(random.choice((0, 1, 2, 3))):
        _DISTURBANCES[int(random.random() * len(_DISTURBANCES))](shape, random, events)
    return [msgspec.structs.replace(event, index=i, time=i * 1_000_000) for i, event in enumerate(events)]


def _honest(shape: ModelLoad, random: Random, size: int, clients: int, crashes: float) -> list[Event]:
    model, events, chance = shape.model, [], random.random
    state, revision, fresh = model.initial, 0, clients
    idle = list(range(clients))
    busy: dict[int, dict[str, Any]] = {}
    asked = 0
    while asked < size or busy:
        if asked < size and idle and (not busy or chance() < 0.5):
            process = idle.pop(int(chance() * len(idle)))
            f, argument = shape.ask(random, asked)
            asked += 1
            busy[process] = {"type": "invoke", "f": f, "value": argument}
            events.append(_event(process, busy[process]))
            continue
        process = list(busy)[int(chance() * len(busy))]
        operation = busy[process]
        if operation["type"] != "invoke":
            if operation.pop("told", True):
                events.append(_event(process, operation))
            del busy[process]
            idle.append(fresh if operation["type"] == "info" else process)
            fresh += operation["type"] == "info"
            continue
        f, argument = operation["f"], operation["value"]
        crashed = chance() < crashes
        result = shape.see(state, f, argument)
        pure = f in ("read", "get", "contains")
        known = {"revision": revision + (not pure)} if shape.revisions else {}
        who = process if "process" in model.sees else None
        seen = known.get("revision") if "revision" in model.sees else None
        following = model.step(state, Call(f, argument, result, None, who, seen))
        if crashed and chance() < 0.5:
            operation |= {"type": "info", "told": chance() < 0.7}
        elif following is ILLEGAL:
            operation |= {"type": "fail"}
        else:
            state, revision = following, revision + (not pure)
            if crashed:
                operation |= {"type": "info", "told": chance() < 0.7}
            else:
                operation |= {"type": "ok", "value": result} | known
    return events


def waves(shape: ModelLoad, random: Random, count: int, clients: int) -> list[Event]:
    """Waves in which all clients have an operation open at once; then what some have seen is disturbed, mostly."""
    model, events = shape.model, []
    state, revision, asked = model.initial, 0, 0
    for _ in range(count):
        busy: dict[int, dict[str, Any]] = {}
        for process in random.sample(range(clients), clients):
            f, argument = shape.ask(random, asked)
            asked += 1
            busy[process] = {"type": "invoke", "f": f, "value": argument}
            events.append(_event(process, busy[process]))
        for process in random.sample(range(clients), clients):
            f, argument = busy[process]["f"], busy[process]["value"]
            result, pure = shape.see(state, f, argument), f in ("read", "get", "contains")
            known = {"revision": revision + (not pure)} if shape.revisions else {}
            who = process if "process" in model.sees else None
            seen = known.get("revision") if "revision" in model.sees else None
            following = model.step(state, Call(f, argument, result, None, who, seen))
            if following is ILLEGAL:
                busy[process] |= {"type": "fail"}
            else:
                state, revision = following, revision + (not pure)
                busy[process] |= {"type": "ok", "value": result} | known
        events += [_event(process, busy[process]) for process in random.sample(range(clients), clients)]
    for disturb in random.choice(((), (_swap_results,), (_retell,), (_swap_results, _swap_results))):
        disturb(shape, random, events)
    return [msgspec.structs.replace(event, index=i, time=i * 1_000_000) for i, event in enumerate(events)]


def _event(process: int, fields: dict[str, Any]) -> Event:
    error = UNSET if fields["type"] in ("invoke", "ok") else ("timeout", "")
    return Event(index=0, time=0, process=process, error=error, **fields)


def _swap_results(shape: ModelLoad, random: Random, events: list[Event]) -> None:
    """Two operations of one kind have seen each other's result, and revision."""
    answers = [i for i, e in enumerate(events) if e.type == "ok" and e.f in shape.model.observes | {"write", "put"}]
    for i in random.sample(answers, min(1, len(answers))):
        others = [j for j in answers if events[j].f == events[i].f and j != i]
        if others:
            j = random.choice(others)
            a, b = events[i], events[j]
            value = (b.value, a.value) if a.f not in ("write", "put") else (a.value, b.value)
            events[i] = msgspec.structs.replace(a, value=value[0], revision=b.revision)
            events[j] = msgspec.structs.replace(b, value=value[1], revision=a.revision)


def _retell(shape: ModelLoad, random: Random, events: list[Event]) -> None:
    """Tell a failed operation as one that happened; a yes was a no, a number one more or less."""
    told = [i for i, e in enumerate(events) if e.type in ("ok", "fail") and e.f in shape.model.observes]
    if not told:
        return
    place = random.choice(told)
    event = events[place]
    value = event.value
    if isinstance(value, bool):
        value = not value
    elif isinstance(value, int):
        value += random.choice((-1, 1))
    elif isinstance(value, dict):
        name = random.choice(sorted(value))
        value = {**value, name: (value[name] or 0) + random.choice((-1, 1))}
    events[place] = msgspec.structs.replace(event, type="ok", value=value, error=UNSET)


def _move(shape: ModelLoad, random: Random, events: list[Event]) -> None:
    """Move an event earlier or later, past those of other processes."""
    place = random.randrange(len(events))
    event = events[place]
    step = random.choice((-1, 1))
    for _ in range(random.randint(1, 10)):
        if not 0 <= place + step < len(events) or events[place + step].process == event.process:
            return
        events[place], events[place + step] = events[place + step], event
        place += step


def _drop(shape: ModelLoad, random: Random, events: list[Event]) -> None:
    """Drop one whole operation, if its process did nothing else."""
    counts: dict[Any, list[int]] = {}
    for place, event in enumerate(events):
        counts.setdefault(event.process, []).append(place)
    alone: list[Sequence[int]] = [places for places in counts.values() if len(places) == 2]
    if alone and len(counts) > 1:
        for place in sorted(random.choice(alone), reverse=True):
            del events[place]


_DISTURBANCES = (_swap_results, _swap_results, _retell, _move, _move, _drop)
