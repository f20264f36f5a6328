"""Steps of stores and deques against definitions that are nothing but obvious: all worlds that there may be."""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from random import Random
from typing import Any

import pytest

from splitbrain.checkers.porcupine import ILLEGAL, MODELS, UNSEEN, Call, Model
from splitbrain.checkers.porcupine.model import REFUSED
from splitbrain.checkers.porcupine.models.store_range import range_shown
from splitbrain.harness.errors import UsageError

KEYS, VALUES, GREATEST = ("a", "b"), (0, 1, None), 9
"""Of the values, None is what a key that is not there reads as, too."""
SHORT_AND_LONG = (2_000, pytest.param(100_000, marks=[pytest.mark.long, pytest.mark.timeout(3600)]))


@dataclass(frozen=True)
class StoredWorld:
    """A store whose revisions are known. there: key → value and revision."""

    there: tuple[tuple[str, tuple[int | None, int]], ...]
    now: int

    def get(self, key: str) -> tuple[int | None, int]:
        return dict(self.there).get(key, (None, 0))


def worlds_at_first(start: str) -> list[StoredWorld]:
    if start == "empty":
        return [StoredWorld((), now) for now in range(GREATEST)]
    found = []
    for entries in product([None, *product(VALUES, (1, 2, 3, 4))], repeat=len(KEYS)):
        there = tuple((key, entry) for key, entry in zip(KEYS, entries, strict=True) if entry is not None)
        least = max((entry[1] for _, entry in there), default=0)
        found += [StoredWorld(there, now) for now in range(least, 6)]
    return found


def after(world: StoredWorld, call: Call, exact: bool) -> Iterator[StoredWorld]:
    """The worlds in which a call may leave one, or none if it cannot have happened there."""
    key = str(call.key)
    value, revision = world.get(key)
    if call.f == "range":
        entries = call.result.items() if isinstance(call.result, dict) else ((k, v) for k, v, _ in call.result)
        seen = dict(entries)
        told = {} if isinstance(call.result, dict) else {k: r for k, _, r in call.result}
        if seen == {k: v for k, (v, _) in world.there} and all(world.get(k)[1] == r for k, r in told.items()):
            yield world
        return
    if call.f == "get":
        if call.result == value and call.revision in (None, revision):
            yield world
        return
    if call.f in ("cas", "cas-revision"):
        old, new = call.argument
        if (old == (value if call.f == "cas" else revision)) == call.refused:
            return
        if call.refused:
            yield world
            return
    else:
        new = call.argument
    if call.f == "delete" and revision == 0:
        yield world
        return
    others = tuple(entry for entry in world.there if entry[0] != key)
    for made in range(world.now + 1, world.now + 2 if exact else GREATEST):
        if call.revision in (None, made):
            yield StoredWorld(others if call.f == "delete" else (*others, (key, (new, made))), made)


def drawn(random: Random, refused: bool) -> Call:
    f = random.choice(("get", "get", "put", "delete", "cas", "cas-revision", "range"))
    key, revision = random.choice(KEYS), random.choice((None, None, 0, 1, 2, 3, 4))
    if f == "get":
        return Call(f, None, random.choice(VALUES), key, revision=revision)
    if f == "range":
        entries = [(k, random.choice(VALUES), random.randint(1, 3)) for k in KEYS if random.random() < 0.6]
        plain = {k: v for k, v, _ in entries}
        return Call(f, None, plain if random.random() < 0.5 else tuple(entries))
    old: Any = random.choice((None, 0, 1)) if f == "cas" else random.choice((0, 1, 2, 3))
    argument = {"put": random.choice(VALUES), "delete": None}.get(f, (old, random.choice(VALUES)))
    result = REFUSED if refused and f.startswith("cas") and random.random() < 0.5 else random.choice((argument, UNSEEN))
    unseen = result is UNSEEN or result is REFUSED
    return Call(f, argument, result, key, revision=None if unseen or revision == 0 else revision)


@pytest.mark.parametrize("count", SHORT_AND_LONG)
@pytest.mark.parametrize(("exact", "start"), list(product((False, True), ("empty", "any"))))
def test_a_versioned_store_is_legal_where_a_world_is_left(exact: bool, start: str, count: int) -> None:
    model = MODELS["versioned-kv"].make({"exact": exact, "start": start, "precondition": "observe"})
    illegal = 0
    for seed in range(count // 10 if start == "any" else count):
        random = Random(f"worlds {seed}")
        refused = random.random() < 0.3
        state, worlds, calls = model.initial, worlds_at_first(start), []
        for _ in range(5):
            call = drawn(random, refused)
            try:
                following = model.step(state, call)
            except UsageError as told:
                assert exact and start == "any" and "nobody saw before whether it was there" in str(told)
                break
            left = {made for world in worlds for made in after(world, call, exact)}
            calls.append(call)
            if refused and following is not ILLEGAL and not left:
                break  # bounds are not told apart where a revision is only known to differ
            assert (following is not ILLEGAL) == bool(left), (seed, calls)
            if following is ILLEGAL:
                illegal += 1
                continue
            state, worlds = following, list(left)
    assert illegal > count // 10 // 10


def test_a_read_of_the_initial_value_without_a_revision_leaves_open_whether_the_key_was_there() -> None:
    model = MODELS["versioned-kv"].make({"start": "any", "exact": True})
    unknown = Call("get", None, None, "a")
    for revision in (0, 4):
        told = Call("get", None, None, "a", revision=revision)
        other = Call("get", None, None, "a", revision=4 - revision)
        assert legal(model, [unknown, told]) and legal(model, [told, unknown])
        assert not legal(model, [unknown, told, other])
    assert not legal(model, [unknown, Call("get", None, 1, "a")])


def test_revisions_that_differ_are_told_apart_where_they_are_known() -> None:
    model = MODELS["versioned-kv"].make({"precondition": "observe"})
    state = model.step(model.initial, Call("put", 1, 1, "a", revision=2))
    assert model.step(state, Call("cas-revision", (2, 5), REFUSED, "a")) is ILLEGAL
    assert model.step(state, Call("cas-revision", (0, 5), REFUSED, "b")) is ILLEGAL
    assert model.step(state, Call("cas-revision", (1, 5), REFUSED, "a")) == state


def legal(model: Model, calls: Sequence[Call]) -> bool:
    state = model.initial
    for call in calls:
        state = model.step(state, call)
        if state is ILLEGAL:
            return False
    return True


def test_ranges_with_limits() -> None:
    plain = MODELS["kv"].make()
    assert plain.wider is not None
    for model in (MODELS["versioned-kv"].make(), plain.wider(frozenset({"range"})) or plain):
        puts = [Call("put", 1, 1, key) for key in ("a", "b", "c")]
        assert legal(model, [*puts, Call("range", ("a", "c"), {"a": 1, "b": 1})])
        assert not legal(model, [*puts, Call("range", ("a", "c"), {"a": 1})])
        assert not legal(model, [*puts, Call("range", ("a", "c"), {"a": 1, "b": 1, "c": 1})])
        assert not legal(model, [*puts, Call("range", None, [["a", 1], ["a", 1], ["b", 1]])])
        with pytest.raises(UsageError, match="keys that are texts"):
            legal(model, [Call("put", 1, 1, 5), Call("range", ("a", "b"), {})])
        for result in (5, ["a"], [["a", 1, "x"]]):
            with pytest.raises(UsageError, match=r"a range returns|a revision is"):
                legal(model, [Call("range", None, result)])
        for argument in ("x", (), 7):
            with pytest.raises(UsageError, match=r"a range takes \[from, to\] or nothing"):
                legal(model, [Call("range", argument, {})])
            with pytest.raises(UsageError, match=r"a range takes \[from, to\] or nothing"):
                range_shown(Call("range", argument, UNSEEN))


@pytest.mark.parametrize("count", SHORT_AND_LONG)
@pytest.mark.parametrize("model", ["deque", "fifo-queue", "stack", "priority-queue"])
def test_containers_do_as_those_of_the_language(model: str, count: int) -> None:
    puts, takes, peeks = {
        "deque": (("addFirst", "addLast"), ("pollFirst", "pollLast"), ("peekFirst", "peekLast")),
        "fifo-queue": (("enqueue",), ("dequeue",), ("peek",)),
        "stack": (("push",), ("pop",), ("peek",)),
        "priority-queue": (("enqueue",), ("dequeue",), ("peek",)),
    }[model]
    made, illegal = MODELS[model].make(), 0
    for seed in range(count):
        random = Random(f"{model} {seed}")
        held: deque[int] = deque()
        state = made.initial
        for _ in range(8):
            f = random.choice((*puts, *puts, *takes, *peeks, "size"))
            argument = random.choice((0, 1, 2)) if f in puts else None
            result = random.choice((None, 0, 1, 2)) if f != "size" else random.choice((0, 1, 2))
            at = -1 if f.endswith("Last") or model == "stack" else 0
            expected: Any = argument
            if f == "size":
                expected = len(held)
            elif f not in puts:
                expected = held[at] if held else None
            following = made.step(state, Call(f, argument, argument if f in puts else result))
            assert (following is not ILLEGAL) == (f in puts or result == expected), (seed, f)
            if following is ILLEGAL:
                illegal += 1
                continue
            state = following
            if f in puts:
                held.appendleft(argument or 0) if f == "addFirst" else held.append(argument or 0)
                held = deque(sorted(held)) if model == "priority-queue" else held
            elif f in takes and held:
                held.remove(held[0]) if at == 0 else held.pop()
    assert illegal > count // 10


def test_the_wider_store_is_taken_where_it_is_needed() -> None:
    model = MODELS["kv"].make({"initial": None})
    assert model.wider is not None
    assert model.wider(frozenset({"get", "put", "append", "cas"})) is None
    deleting, ranging = model.wider(frozenset({"delete"})), model.wider(frozenset({"range"}))
    assert deleting is not None and deleting.by_key and ranging is not None and not ranging.by_key
    old = MODELS["kv"].make({"answers": "old"})
    assert old.wider is not None and replace(old).by_key
    ranged = old.wider(frozenset({"range"}))
    assert ranged is not None and not ranged.by_key
