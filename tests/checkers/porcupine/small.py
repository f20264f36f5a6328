"""Small random histories of every family of models: from a simulated atomic object, some of them corrupted, and at
random altogether."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from random import Random
from typing import Any

from msgspec import UNSET

from splitbrain.checkers.porcupine import ILLEGAL, MODELS, Call, Model
from splitbrain.checkers.porcupine.models.store import whole_store
from splitbrain.checkers.porcupine.monitors.few_elements import few_elements
from splitbrain.harness.history import Event

from .lossy_bag import LOSSY_BAG


@dataclass(frozen=True)
class Family:
    """A model, what can be asked of it, and what can come back (arguments itself where nothing is said)."""

    model: Model
    asked: Sequence[tuple[str, Any]]
    answers: Mapping[str, Sequence[Any]]
    keys: Sequence[str | None] = (None, None, None, "a")
    revisions: Sequence[int | None] = (None,)
    tokens: Sequence[int | None] = (None,)
    errors: Sequence[Any] = (("precondition", ""),)
    """Of an operation that failed."""
    found: Sequence[Any] = ()
    """Values that a failure may say it found, besides the state itself."""

    def results(self, f: str, argument: Any) -> Sequence[Any]:
        return self.answers.get(f, (argument,))


_values = (None, 0, 1)
_writes = [("write", v) for v in _values]
_cas = [("cas", pair) for pair in product(_values, repeat=2)]
_texts = ("", "x", "y", "xy", "yx", "xx", "1", "1x")
_puts = [("put", "x"), ("put", 1), ("put", "")]
_ERRORS: Sequence[Any] = (
    ("precondition", "was 3"), ("precondition-failed", "no"), "precondition-failed", "Precondition failed: no", None,
    False, UNSET, ("timeout", ""), "refused",
)  # fmt: skip
_sets = [("add", 0), ("add", 1), ("remove", 0), ("remove", 1)]

_kv_settings = {"initial": '""', "precondition": "drop", "answers": "none"}
_balances = [{"a": a, "b": 20 - a} for a in (0, 5, 10, 15, 20)] + [{"a": 10, "b": 5}]
_transactions = [
    (("write", "y", 1), ("r", "x", x), ("w", "x", 2), ("read", "y", y)) for x in (None, 1, 2) for y in (1, 1, 2)
]

FAMILIES = {
    "register": Family(
        MODELS["register"].make({"initial": "0"}), [("read", None)] * 3 + _writes, {"read": _values}
    ),
    "cas-register": Family(
        MODELS["cas-register"].make(), [("read", None)] * 5 + _writes + _cas, {"read": _values}
    ),
    "cas-register observing refusals": Family(
        MODELS["cas-register"].make({"precondition": "observe"}), [("read", None)] * 2 + _writes + _cas,
        {"read": _values},
    ),
    "cas-register observing what refusals found": Family(
        MODELS["cas-register"].make({"precondition": "observe"}), [("read", None)] * 2 + _writes + _cas * 2,
        {"read": _values}, errors=_ERRORS, found=(0, 1, None),
    ),
    "cas-register observing all failures": Family(
        MODELS["cas-register"].make({"precondition": "all"}), [("read", None)] * 2 + _writes + _cas,
        {"read": _values}, errors=_ERRORS, found=(0, 1, None),
    ),
    "kv observing what refusals found": Family(
        MODELS["kv"].make({"precondition": "observe"}),
        [("get", None)] * 2 + [("put", "x"), ("put", ""), ("cas", ("x", "y")), ("cas", ("", "x")), ("append", "x")],
        {"get": ("", "x", "y", "xx")}, errors=_ERRORS, found=("", "x"),
    ),
    "kv": Family(
        MODELS["kv"].make(),
        [("get", None)] * 3 + _puts + [("append", "x"), ("append", "y"), ("cas", ("x", "y"))],
        {"get": (*_texts, 1)},
    ),
    "mutex": Family(MODELS["mutex"].make(), [("acquire", None), ("release", None)], {}),
    "lin-set": Family(
        MODELS["lin-set"].make(),
        [("read", None), ("contains", 0), ("contains", 1), *_sets],
        {"read": ((), (0,), (1,), (1, 0), None, (0, 0)), "contains": (True, False)},
    ),
    "lin-set with answers": Family(
        MODELS["lin-set"].make({"answers": True}),
        [("read", None), ("contains", 0), *_sets],
        dict.fromkeys(("add", "remove", "contains"), (True, False)) | {"read": ((), (0,), (1,), (0, 1))},
    ),
    "lin-set, by few elements": Family(
        replace(MODELS["lin-set"].make(), monitors=(few_elements,)),
        [("read", None)] * 2 + [("contains", 0), *_sets],
        {"read": ((), (0,), (1,), (1, 0), None), "contains": (True, False)},
    ),
    "lin-set with answers, by few elements": Family(
        replace(MODELS["lin-set"].make({"answers": True}), monitors=(few_elements,)),
        [("read", None)] * 2 + [("contains", 0), *_sets],
        dict.fromkeys(("add", "remove", "contains"), (True, False)) | {"read": ((), (0,), (1,), (0, 1))},
    ),
    "fifo-queue": Family(
        MODELS["fifo-queue"].make(), [("dequeue", None)] * 3 + [("enqueue", v) for v in (0, 1, 2)],
        {"dequeue": (None, 0, 1, 2)},
    ),
    "lin-counter": Family(
        MODELS["lin-counter"].make(), [("read", None)] * 3 + [("add", d) for d in (1, 1, 2, -1)],
        {"read": (-1, 0, 1, 2, 3)},
    ),
    "lin-list": Family(
        MODELS["lin-list"].make(), [("read", None)] * 3 + [("append", v) for v in (0, 1, 1)],
        {"read": (None, (), (0,), (1,), (0, 1), (1, 0), (1, 1), (0, 1, 1), (1, 0, 1), (1, 1, 0))},
    ),
    "versioned-register": Family(
        MODELS["versioned-register"].make(),
        [("read", None)] * 4 + [("write", 0), ("write", 1), ("cas", (0, 1)), ("cas", (None, 0))],
        {"read": (None, 0, 1)}, revisions=(None, 0, 1, 2, 2, 3, 4, 5),
    ),
    "versioned-kv": Family(
        MODELS["versioned-kv"].make({"initial": "0"}),
        [("get", None)] * 3 + [("put", 0), ("put", 1), ("cas", (0, 1))], {"get": (0, 1)},
        keys=("a", "b", None), revisions=(None, 0, 1, 2, 2, 3, 4, 5),
    ),
    "multi-register": Family(
        MODELS["multi-register"].make(),
        [("read", {"x": None})] * 3 + [("write", {"x": 1}), ("write", {"y": 1}), ("write", {"x": 2, "y": 2})],
        {"read": [{"x": x, "y": y} for x in (None, 1, 2) for y in (None, 1, 2)] + [{"x": 1}, {"y": 2}]},
    ),
    "owner-mutex": Family(MODELS["owner-mutex"].make(), [("acquire", None), ("release", None)], {}),
    "owner-mutex with fences": Family(
        MODELS["owner-mutex"].make(), [("acquire", None), ("release", None)], {}, tokens=(None, 1, 2, 3, 4)
    ),
    "owner-mutex by value with fences": Family(
        MODELS["owner-mutex"].make({"owner": "value"}), list(product(("acquire", "release"), "pq")), {},
        tokens=(None, 1, 2, 3, 4),
    ),
    "reentrant-lock with fences": Family(
        MODELS["reentrant-lock"].make(), [("acquire", None)] * 2 + [("release", None)], {}, tokens=(None, 1, 2, 3)
    ),
    "owner-mutex by value": Family(
        MODELS["owner-mutex"].make({"owner": "value"}), list(product(("acquire", "release"), "pq")), {}
    ),
    "reentrant-lock": Family(
        MODELS["reentrant-lock"].make(), [("acquire", None)] * 2 + [("release", None)], {}
    ),
    "semaphore": Family(
        MODELS["semaphore"].make({"owner": "value"}), list(product(("acquire", "acquire", "release"), "pqr")), {}
    ),
    "stack": Family(
        MODELS["stack"].make(), [("pop", None)] * 3 + [("push", v) for v in (0, 1, 2)], {"pop": (None, 0, 1, 2)},
    ),
    "priority-queue": Family(
        MODELS["priority-queue"].make(), [("dequeue", None)] * 3 + [("enqueue", v) for v in (0, 1, 2)],
        {"dequeue": (None, 0, 1, 2)},
    ),
    "fifo-queue with looks": Family(
        MODELS["fifo-queue"].make(),
        [("dequeue", None), ("peek", None), ("size", None), ("len", None)] + [("enqueue", v) for v in (0, 1, 1)] * 2,
        {"dequeue": (None, 0, 1), "peek": (None, 0, 1), "size": (0, 1, 2, True), "len": (0, 1, 2)},
    ),
    "stack with looks": Family(
        MODELS["stack"].make(),
        [("pop", None), ("peek", None), ("size", None), ("len", None)] + [("push", v) for v in (0, 1, 1)] * 2,
        {"pop": (None, 0, 1), "peek": (None, 0, 1), "size": (0, 1, 2), "len": (0, 1, 2)},
    ),
    "priority-queue with looks": Family(
        MODELS["priority-queue"].make(),
        [("dequeue", None), ("peek", None), ("size", None)] + [("enqueue", v) for v in (0, 1, 2)],
        {"dequeue": (None, 0, 1, 2), "peek": (None, 0, 1, 2), "size": (0, 1, 2)},
    ),
    "deque": Family(
        MODELS["deque"].make(),
        [(f, v) for f in ("addFirst", "addLast") for v in (0, 1)] * 2
        + [(f, None) for f in ("pollFirst", "pollLast", "peekFirst", "peekLast", "size")],
        dict.fromkeys(("pollFirst", "pollLast", "peekFirst", "peekLast"), (None, 0, 1)) | {"size": (0, 1, 2)},
    ),
    "deque without sizes": Family(
        MODELS["deque"].make(),
        [(f, v) for f in ("add-first", "add-last") for v in (0, 1)]
        + [(f, None) for f in ("poll-first", "poll-last", "peek-first", "peek-last")],
        dict.fromkeys(("poll-first", "poll-last", "peek-first", "peek-last"), (None, 0, 1)),
    ),
    "mutex observing refusals": Family(
        MODELS["mutex"].make({"precondition": "observe"}), [("acquire", None)] * 2 + [("release", None)], {},
        errors=_ERRORS,
    ),
    "owner-mutex observing refusals": Family(
        MODELS["owner-mutex"].make({"owner": "value", "precondition": "observe"}),
        list(product(("acquire", "acquire", "release"), "pq")), {}, errors=_ERRORS,
    ),
    "reentrant-lock observing refusals": Family(
        MODELS["reentrant-lock"].make({"precondition": "all"}), [("acquire", None)] * 2 + [("release", None)], {},
        errors=_ERRORS,
    ),
    "semaphore observing refusals": Family(
        MODELS["semaphore"].make({"owner": "value", "precondition": "observe"}),
        list(product(("acquire", "acquire", "release"), "pqr")), {}, errors=_ERRORS,
    ),
    "kv with deletes": Family(
        whole_store("", _kv_settings, by_key=True),
        [("get", None)] * 3 + [("put", 1), ("put", 2), ("delete", None), ("append", "x"), ("cas", (1, 2))],
        {"get": ("", 1, 2, "1x", "x", None)},
    ),
    "kv with old values": Family(
        MODELS["kv"].make({"answers": "old", "initial": None}),
        [("get", None), ("put", 1), ("put", 2), ("put", 3), ("delete", None)],
        dict.fromkeys(("get", "put", "delete"), (None, 1, 2, 3)),
    ),
    "kv with ranges": Family(
        whole_store("", _kv_settings, by_key=False),
        [("get", None), ("range", None), ("range", None), ("put", 1), ("put", 2),
         ("delete", None)],
        {"get": ("", 1, 2), "range": (
            {}, None, {"a": 1}, {"b": 1}, {"a": 1, "b": 1}, {"a": 2}, {"b": 2}, (("a", 1), ("b", 2)),
            {"a": 2, "b": 1})},
        keys=("a", "b"),
    ),
    "versioned-kv with deletes": Family(
        MODELS["versioned-kv"].make({"precondition": "observe"}),
        [("get", None)] * 3 + [("put", 0), ("put", 1), ("delete", None), ("cas-revision", (1, 0)),
                               ("cas-revision", (0, 1))],
        {"get": (None, 0, 1)}, keys=("a", "b"), revisions=(None, 0, 1, 2, 2, 3, 4),
    ),
    "versioned-kv with ranges": Family(
        MODELS["versioned-kv"].make(),
        [("get", None), ("range", None), ("range", None), ("put", 0), ("put", 1),
         ("delete", None)],
        {"get": (None, 0, 1), "range": (
            (), {"a": 0}, (("a", 1, 1),), (("b", 1, 2),), {"a": 0, "b": 1}, (("a", 0, 1), ("b", 0, 2)),
            {"a": 1, "b": 1}, (("a", 0, 2),), {"b": 0}, (("a", 0), ("a", 0)))},
        keys=("a", "b"), revisions=(None, 0, 1, 2),
    ),
    "versioned-kv, exact": Family(
        MODELS["versioned-kv"].make({"exact": True}),
        [("get", None)] * 3 + [("put", 0), ("put", 1), ("delete", None), ("cas", (0, 1)), ("cas-revision", (1, 0))],
        {"get": (None, 0, 1)}, keys=("a", "b"), revisions=(None, 0, 1, 2, 3, 4, 5),
    ),
    "versioned-kv with puts alone": Family(
        MODELS["versioned-kv"].make({"exact": True}), [("get", None)] * 3 + [("put", v) for v in (0, 0, 1, 2)],
        {"get": (None, 0, 1, 2)}, keys=("a", "b"), revisions=(0, 1, 2, 3, 4, 5),
    ),
    "versioned-register with writes alone": Family(
        MODELS["versioned-register"].make(), [("read", None)] * 3 + [("write", v) for v in (0, 0, 1, 2)],
        {"read": (None, 0, 1, 2)}, revisions=(0, 1, 2, 3, 5),
    ),
    "versioned-kv, not empty at first": Family(
        MODELS["versioned-kv"].make({"start": "any"}),
        [("get", None)] * 3 + [("range", None), ("put", 0), ("delete", None), ("cas", (0, 1)),
                               ("cas-revision", (1, 0))],
        {"get": (None, 0, 1), "range": ((), {"a": 0}, (("a", 1, 1),), {"a": 0, "b": 1}, (("a", 0, 1), ("b", 0, 2)))},
        keys=("a", "b"), revisions=(None, 0, 1, 2, 3, 4),
    ),
    "versioned-kv, exact and not empty at first": Family(
        MODELS["versioned-kv"].make({"start": "any", "exact": True}),
        [("get", None)] * 3 + [("put", 0), ("put", 1), ("cas", (0, 1)), ("cas-revision", (3, 0))],
        {"get": (None, 0, 1)}, keys=("a", "b"), revisions=(None, 0, 3, 4, 5, 6),
    ),
    "multi-register with transactions": Family(
        MODELS["multi-register"].make(),
        [("txn", (("write", "y", 1), ("r", "x", None), ("w", "x", 2), ("read", "y", None))), ("write", {"x": 1}),
         ("write", {"y": 1}), ("read", None)],
        {"txn": _transactions, "read": ({"x": 1}, {"x": 2, "y": 1}, {"y": 1}, {"x": 1, "y": 1}, {"x": None})},
    ),
    "lin-bank": Family(
        MODELS["lin-bank"].make(),
        [("read", None)] * 3 + [("transfer", {"from": f, "to": t, "amount": 5}) for f, t in ("ab", "ba", "ab")],
        {"read": _balances},
    ),
    "lin-bank from known balances": Family(
        MODELS["lin-bank"].make({"initial": 10, "overdraft": False}),
        [("read", None)] * 2 + [("transfer", {"from": f, "to": t, "amount": 5}) for f, t in ("ab", "ba", "ab")],
        {"read": _balances},
    ),
    "nondeterministic": Family(
        LOSSY_BAG, [("put", 0), ("put", 1), ("put", 1), ("take", None), ("count", None)],
        {"take": (None, 0, 1), "count": (0, 1, 2)},
    ),
    "fetch-and-add": Family(
        MODELS["fetch-and-add"].make(), [("read", None)] + [("fetch-and-add", d) for d in (1, 1, -1)],
        dict.fromkeys(("read", "fetch-and-add"), (-1, 0, 1, 2)),
    ),
}  # fmt: skip

PROCEDURES = {name: family.model.monitors for name, family in FAMILIES.items()}
FAMILIES = {
    # It is the search that is tried with these; what fast procedures say is tried in `agreement` and `test_fast`.
    name: replace(family, model=replace(family.model, monitors=()))
    for name, family in FAMILIES.items()
}


def history(family: Family, random: Random) -> list[Event]:
    """A history of up to eight operations of up to four clients."""
    events = _run(family, random, honest=random.random() < 0.7)
    if random.random() < 0.5:
        _corrupt(family, random, events)
    return events


def _run(family: Family, random: Random, *, honest: bool) -> list[Event]:
    """Clients that invoke, take effect, and return or crash. A dishonest object answers anything."""
    model, chance = family.model, random.random
    events: list[Event] = []
    keys = random.choice(([None], [None], family.keys))
    states: dict[object, Any] = {}
    todo = random.randint(1, 8)
    crashes = random.choice((0, 0, 0.15, 0.4))
    clients: dict[int, list[Any]] = {}
    processes = random.randint(1, 4)
    fresh = processes
    idle = list(range(processes))
    while todo or clients:
        if todo and idle and (not clients or chance() < 0.5):
            process = idle.pop(int(chance() * len(idle)))
            f, argument = family.asked[int(chance() * len(family.asked))]
            key = keys[int(chance() * len(keys))]
            clients[process] = ["invoked", f, argument, key, None]
            events.append(_event(len(events), process, "invoke", f, argument, key))
            todo -= 1
            continue
        process = list(clients)[int(chance() * len(clients))]
        stage, f, argument, key, result = client = clients[process]
        if stage == "invoked":
            own = key if model.by_key else None
            seen = _shuffled(random, family.results(f, argument), family.revisions, family.tokens)
            crashed = chance() < crashes
            if not honest:
                client[0], client[4] = ("ok", next(seen)) if chance() < 0.9 else ("fail", (argument, None, None))
            else:
                legal = _first_legal(model, states.get(own, model.initial), (f, argument, key, process), seen)
                if legal is None:
                    told = states.get(own, model.initial) if family.found and chance() < 0.5 else argument
                    client[0], client[4] = "fail", (told, None, None)
                elif not crashed or chance() < 0.5:
                    client[0], (client[4], states[own]) = "ok", legal
            if crashed:
                client[0] = "info"
            continue
        value, revision, token = (argument, None, None) if stage in ("info", "invoked") else result
        error: Any = UNSET if stage == "ok" else ("timeout", "")
        if stage == "fail":
            error = random.choice(family.errors)
        if stage != "info" or chance() < 0.7:
            events.append(_event(len(events), process, stage, f, value, key, error, revision, token))
        del clients[process]
        if stage == "info":
            process, fresh = fresh, fresh + 1
        idle.append(process)
    return events


def _shuffled(
    random: Random, values: Sequence[Any], revisions: Sequence[int | None], tokens: Sequence[int | None]
) -> Iterator[tuple[Any, Any, Any]]:
    """All triples in any order."""
    left = list(range(len(values) * len(revisions) * len(tokens)))
    while left:
        place = int(random.random() * len(left))
        pair, token = divmod(left[place], len(tokens))
        value, revision = divmod(pair, len(revisions))
        left[place] = left[-1]
        left.pop()
        yield values[value], revisions[revision], tokens[token]


def _first_legal(
    model: Model, state: Any, asked: tuple[str, Any, Any, int], seen: Iterable[tuple[Any, Any, Any]]
) -> tuple[tuple[Any, Any, Any], Any] | None:
    """The first of these results, revisions and tokens that an honest object may answer, and its next state."""
    f, argument, key, process = asked
    named, who = None if model.by_key else key, process if "process" in model.sees else None
    for result, revision, token in seen:
        state_after = model.step(state, Call(f, argument, result, named, who, revision, token))
        if state_after is not ILLEGAL:
            return (result, revision, token), state_after
    return None


def _corrupt(family: Family, random: Random, events: list[Event]) -> None:
    """Another answer for one operation."""
    told = bool(family.revisions[1:] or family.tokens[1:])
    candidates = [i for i, e in enumerate(events) if e.type == "ok" and (e.f in family.answers or told)]
    if family.found:
        candidates += [i for i, e in enumerate(events) if e.type == "fail"]
    if not candidates:
        return
    place = random.choice(candidates)
    event = events[place]
    if event.type == "fail":
        found = random.choice(family.found)
        events[place] = _event(place, event.process, "fail", event.f, found, event.key, event.error)
        return
    value = random.choice(list(family.answers.get(event.f, (event.value,))))
    revision, token = random.choice(family.revisions), random.choice(family.tokens)
    events[place] = _event(place, event.process, "ok", event.f, value, event.key, UNSET, revision, token)


def _event(
    index: int, process: Any, kind: str, f: str, value: Any, key: Any, error: Any = UNSET,
    revision: int | None = None, token: int | None = None,
) -> Event:  # fmt: skip
    return Event(
        index=index, time=index * 1_000_000, process=process, type=kind, f=f, value=value,
        key=key if isinstance(key, str) else UNSET, node=_NODES[process % 3],
        error=error, revision=UNSET if revision is None else revision, token=UNSET if token is None else token,
    )  # fmt: skip


_NODES = ("n1", "n2", "n3")
