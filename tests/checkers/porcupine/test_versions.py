"""States of the versioned models, which are exactly what is known of the revisions: against trying all revisions."""

import secrets
from itertools import combinations
from random import Random

import pytest

from splitbrain.checkers.porcupine import ILLEGAL, MODELS, UNSEEN, Call, Model

COUNT = 2_500
REVISIONS = 7


def legal(model: Model, calls: list[Call]) -> bool:
    """Whether the model allows these calls in this order."""
    state = model.initial
    for call in calls:
        state = model.step(state, call)
        if state is ILLEGAL:
            return False
    return True


def possible(calls: list[Call]) -> bool:
    """Whether some rising revisions of all writes explain everything that came back."""
    writes = [call for call in calls if call.f == "put"]
    for chosen in combinations(range(1, REVISIONS + len(writes) + 1), len(writes)):
        held: dict[object, tuple[object, int]] = {}
        revisions = iter(chosen)
        for call in calls:
            if call.f == "put":
                held[call.key] = call.argument, next(revisions)
                if call.revision not in (None, held[call.key][1]):
                    break
            elif (call.result, call.revision) not in ((held.get(call.key, (None, 0))[0], None),
                                                      held.get(call.key, (None, 0))):  # fmt: skip
                break
        else:
            return True
    return False


@pytest.mark.parametrize(("name", "keys"), [("versioned-register", (None,)), ("versioned-kv", ("a", "b"))])
def test_a_state_knows_all_that_can_be_known(name: str, keys: tuple[str | None, ...]) -> None:
    seed = secrets.randbits(32)
    print(f"{name}: seed {seed}")
    random, model, allowed = Random(f"{seed} {name}"), MODELS[name].make(), 0
    for _ in range(COUNT):
        held: dict[object, object] = {}
        calls = []
        revision = 0
        for _ in range(random.randint(2, 7)):
            key = random.choice(keys)
            if random.random() < 0.5:
                revision += random.choice((1, 1, 2))
                held[key] = random.choice((0, 1))
                crashed = random.random() < 0.6
                calls.append(
                    Call("put", held[key], UNSEEN if crashed else None, key, None, None if crashed else revision)
                )
            else:
                seen = random.choice((None, revision, random.randint(0, REVISIONS)))
                calls.append(Call("get", None, held.get(key), key, None, seen))
        expected = possible(calls)
        assert legal(model, calls) == expected, calls
        allowed += expected
    assert COUNT // 10 < allowed < COUNT * 9 // 10


def test_what_is_known_is_told() -> None:
    model = MODELS["versioned-register"].make()
    state = model.step(model.initial, Call("write", 4, None, None, None, 7))
    assert model.show_state(state) == "4 (revision 7)"
    state = model.step(state, Call("write", 5, UNSEEN))
    assert model.show_state(state) == "5 (revision at least 8)"
    assert model.show_state(model.step(state, Call("read", None, 5, None, None, 9))) == "5 (revision 9)"
