"""Agreement of each engine of the compiled search, alone and in turns, with a search through a table.

Histories are longer than brute force could take, and the depth-first search gives up early, so that the other engines
run. The results through a table are compared with the definition in `test_kernel`."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random
from typing import Any

import pytest

from splitbrain.checkers.porcupine import Model, kernel
from splitbrain.checkers.porcupine.backend import open_backend
from splitbrain.checkers.porcupine.search_result import SearchResult
from splitbrain.harness.budget import Budget
from splitbrain.harness.history import History

from .test_kernel import CAS, FAIL, INFO, INVOKE, OK, TABULATED, of_one_key
from .verified import assert_verified

pytestmark = pytest.mark.skipif(not kernel.BUILT, reason="the kernel is not built")

QUICK, LONG, AT_ONCE = 10_000, 1_000_000, 1_000
ENGINES: dict[str, dict[str, Any]] = {
    "as it comes": {},
    "depth first": {"local": False, "bfs": False},
    "breadth first": {"dfs": False},
    "both in turns": {"patience": 1, "local": False},
    "local refutation": {"patience": 0, "back": 1, "share": 1000, "bfs": False},
    "local refutation, further back": {"patience": 0, "back": 3, "share": 1000, "bfs": False},
    "all in turns": {"patience": 1, "back": 1},
}


@contextmanager
def tuned(**options: Any) -> Iterator[None]:
    """Set the engines so."""
    from splitbrain.checkers.porcupine.kernel import tuning

    tuning.tune(**options)
    try:
        yield
    finally:
        tuning.tune()


def histories(random: Random, keys: int) -> History:
    """A history of up to 24 operations a key of up to six clients on a register; some crash, some answers are wrong."""
    history, process = History(), 0
    for key in range(keys):
        process = _one(history, random, f"k{key}", process)
    return history


def _one(history: History, random: Random, key: str, process: int) -> int:
    add, chance = history.add, random.random
    todo, clients, fresh = random.randint(6, 24), random.randint(2, 6), 100 if chance() < 0.15 else 0
    values, cas = range(random.choice((2, 2, 3, 4, 8))), random.choice((0, 0.2, 0.4))
    wrong, crashes, refusals = (random.choice(often) for often in ((0, 0, 0.03, 0.08), (0, 0, 0.1, 0.3), (0, 0, 0.7)))
    state: int | None = None
    going: list[list[Any]] = []
    while todo or going:
        if todo and len(going) < clients and (not going or chance() < 0.5):
            kind, value = chance(), None
            f = "read" if kind < 0.45 else "cas" if kind < 0.45 + cas else "write"
            if f == "write":
                fresh += fresh > 0
                value = fresh or random.choice(values)
            elif f == "cas":
                value = state if chance() < 0.5 else random.choice(values), random.choice(values)  # type: ignore[assignment]
            add(INVOKE, process, f, value, key, 0, None)
            going.append([process, f, value, False, OK, value])
            process, todo = process + 1, todo - 1
            continue
        op = random.choice(going)
        if op[3]:
            going.remove(op)
            if op[4] != INFO:
                error = ("precondition" if chance() < refusals else "timeout", "") if op[4] == FAIL else None
                add(op[4], op[0], op[1], op[5], key, 0, None, error)
            continue
        op[3], crashed = True, op[1] != "read" and chance() < crashes
        if not crashed or chance() < 0.5:
            if op[1] == "read":
                op[5] = random.choice(values) if chance() < wrong else state
            elif op[1] == "write":
                state = op[2]
            elif state == op[2][0]:
                state = op[2][1]
            elif not crashed:
                op[4] = OK if chance() < wrong else FAIL
        if crashed:
            op[4] = INFO
    return process


def answers(model: Model, history: History) -> list[SearchResult]:
    """The kernel's verdict on each key; every order verified."""
    found = open_backend(model, history, Budget(configurations=1 << 40).start(), compiled=True)
    everything = list(range(len(found)))
    found._search(everything, 1 << 20)  # type: ignore[attr-defined]
    out = [found.result(number) for number in everything]
    assert_verified(CAS, history, out)
    return out


def differential(count: int) -> None:
    from splitbrain.checkers.porcupine.kernel import tuning

    seed = int(os.environ.get("SPLITBRAIN_TEST_SEED") or secrets.randbits(32))
    print(f"SPLITBRAIN_TEST_SEED={seed}")
    random = Random(seed)
    done = refuted = 0
    nearby = -tuning.locally_refuted()
    while done < count:
        history = histories(random, AT_ONCE)
        expected = [told(answer) for answer in answers(TABULATED, history)]
        for name, options in ENGINES.items():
            with tuned(**options):
                found = answers(CAS, history)
            assert [told(answer) for answer in found] == expected, wrong(history, name, found, expected)
        done += len(expected)
        refuted += sum(linearizable is False for _, linearizable, _ in expected)
    nearby += tuning.locally_refuted()
    print(f"{done} histories, {refuted} not linearizable, {nearby} times that was told from nearby")
    assert done // 50 < refuted < done // 3
    assert nearby > refuted // 5


def told(answer: SearchResult) -> tuple[int, bool | None, int]:
    """The part of a result that must be the same."""
    return answer.key, answer.linearizable, answer.next_return


def wrong(
    history: History, engine: str, found: list[SearchResult], expected: list[tuple[int, bool | None, int]]
) -> str:
    """The first history on which an engine errs."""
    answer, other = next((a, b) for a, b in zip(found, expected, strict=True) if told(a) != b)
    events = of_one_key(history)[history.pool.values[answer.key]]
    return "\n".join([f"{engine}: {told(answer)}, not {other}", *map(str, events)])


def test_every_engine_says_the_same() -> None:
    differential(QUICK)


@pytest.mark.long
@pytest.mark.timeout(3 * 3600)
def test_every_engine_says_the_same_at_length() -> None:
    differential(LONG)
