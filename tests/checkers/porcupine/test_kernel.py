"""Agreement of the compiled search with itself, with the reference search and with the definition. Many small histories
at once, each under a key of its own, so that a hundred thousand take seconds.

Registers are searched twice: by the built-in steps, with absorption, lookahead and dropped crashed operations, and
through a table, with none of these."""

import os
import secrets
import warnings
from array import array
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from splitbrain.checkers import porcupine
from splitbrain.checkers.porcupine import MODELS, Call, Model, backend, kernel
from splitbrain.checkers.porcupine.backend import open_backend
from splitbrain.checkers.porcupine.prepare import prepare
from splitbrain.checkers.porcupine.search import search
from splitbrain.checkers.porcupine.table import Table
from splitbrain.harness.budget import Budget
from splitbrain.harness.errors import UsageError
from splitbrain.harness.history import Event, History
from splitbrain.harness.operation import EventType
from splitbrain.harness.verdict import Validity, Verdict

from .brute import linearizable
from .small import FAMILIES
from .small import history as small_history
from .verified import assert_verified

pytestmark = pytest.mark.skipif(not kernel.BUILT, reason="the kernel is not built")

QUICK, LONG, AT_ONCE = 100_000, 1_000_000, 5_000
BRUTE = 40
"""Histories of which one is tried in every order, and searched by the clear search, too."""

CAS = replace(MODELS["cas-register"].make({"precondition": "observe"}), monitors=())
SEARCHED = replace(MODELS["register"].make(), monitors=())
"""A register that is always searched, whatever its values."""
INVOKE, OK, FAIL, INFO = map(int, EventType)


def asked(state: object, call: Call) -> object:
    """The step of a register, under a name that the kernel does not know by heart."""
    return CAS.step(state, call)


TABULATED = replace(CAS, step=asked)


def keys_of_registers(random: Random, keys: int) -> History:
    """A history of so many keys, each a small history of its own: up to ten operations of up to five clients, some
    crash; half of the objects answer at random."""
    history = History()
    add = history.add
    process = 0
    for key in range(keys):
        name, honest = f"k{key}", random.random() < 0.6
        values = random.choice(((None, 0), (None, 0, 1), (0, 1, 2), range(12)))
        fresh = iter(range(20, 99))
        unique, crashes, cas, refusals = (
            random.random() < 0.2,
            random.choice((0, 0, 0.2, 0.5)),
            random.random() < 0.6,
            0.3,
        )
        clients = random.randint(1, 5)
        state: Any = None
        todo, idle = random.randint(2, 10), clients
        going: list[list[Any]] = []
        while todo or going:
            if todo and idle and (not going or random.random() < 0.55):
                kind = random.random()
                f = "read" if kind < 0.4 else "write" if kind < 0.7 or not cas else "cas"
                value = None
                if f == "write":
                    value = next(fresh) if unique else random.choice(values)
                elif f == "cas":
                    value = (state if random.random() < 0.5 else random.choice(values), random.choice(values))  # type: ignore[assignment]
                add(INVOKE, process, f, value, name, 0, None)
                going.append([process, f, value, False, OK, value])
                process, idle, todo = process + 1, idle - 1, todo - 1
                continue
            op = random.choice(going)
            if not op[3]:
                op[3] = True
                crashed = random.random() < crashes
                if not crashed or random.random() < 0.5:
                    if op[1] == "read":
                        op[5] = state if honest else random.choice(values)
                    elif op[1] == "write":
                        state = op[2]
                    elif state == op[2][0]:
                        state = op[2][1]
                    else:
                        op[4] = FAIL if honest or random.random() < 0.5 else OK
                if crashed:
                    op[4] = INFO
                continue
            going.remove(op)
            idle += 1
            error = None
            if op[4] == FAIL:
                error = ("precondition" if random.random() < refusals else "timeout", "")
            if op[4] != INFO or random.random() < 0.7:
                add(op[4], op[0], op[1], op[5], name, 0, None, error)
    return history


def of_one_key(history: History) -> dict[object, list[Event]]:
    """The events of each key, without it."""
    out: dict[object, list[Event]] = {}
    for event in history:
        out.setdefault(event.key, []).append(event)
    return out


def differential(count: int) -> None:
    seed = int(os.environ.get("SPLITBRAIN_TEST_SEED") or secrets.randbits(32))
    print(f"SPLITBRAIN_TEST_SEED={seed}")
    random = Random(seed)
    done = refuted = 0
    while done < count:
        history = keys_of_registers(random, AT_ONCE)
        known, tabulated = (answers(model, history) for model in (CAS, TABULATED))
        assert known == tabulated, next((a, b) for a, b in zip(known, tabulated, strict=True) if a != b)
        refuted += sum(linearizable is False for _, linearizable, _ in known)
        sample(history, {key: linearizable for key, linearizable, _ in known}, random.randrange(BRUTE))
        done += len(known)
    print(f"{done} histories, {refuted} not linearizable")
    assert done // 10 < refuted < done * 6 // 10


def answers(model: Model, history: History) -> list[tuple[int, bool | None, int]]:
    """The kernel's verdict on each key, and what is owed; every order verified."""
    found = open_backend(model, history, Budget(configurations=1 << 40).start(), compiled=True)
    everything = list(range(len(found)))
    found._search(everything, 1 << 20)  # type: ignore[attr-defined]
    out = [found.result(number) for number in everything]
    assert_verified(CAS, history, out)
    return [(answer.key, answer.linearizable, answer.next_return) for answer in out]


def sample(history: History, known: dict[int, bool | None], first: int) -> None:
    """Compare some keys with the definition and the clear search."""
    parts = of_one_key(history)
    for name in list(parts)[first::BRUTE]:
        key = history.pool.id(name)
        events = parts[name]
        expected = linearizable(CAS, [replace_key(event) for event in events])
        if key not in known:
            assert expected
            continue
        assert known[key] == expected, "\n".join(map(str, events))
        spending = Budget().start()
        prepared = prepare(CAS, History.of(map(replace_key, events)), spending)
        outcome = search(prepared.problems[0], prepared, Table(CAS, prepared.classes), spending, 1 << 40)
        assert outcome.linearizable == expected, "\n".join(map(str, events))


def replace_key(event: Event) -> Event:
    """The event without its key: the brute force knows none but strings."""
    return Event(
        index=event.index, time=event.time, process=event.process, type=event.type, f=event.f, value=event.value,
        error=event.error,
    )  # fmt: skip


def test_registers_by_heart_agree_with_those_of_a_table() -> None:
    differential(QUICK)


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_registers_by_heart_agree_with_those_of_a_table_at_length() -> None:
    differential(LONG)


@pytest.mark.parametrize("name", FAMILIES)
def test_every_width_of_sets_agrees(name: str) -> None:
    from splitbrain.checkers.porcupine import native_backend

    family, random = FAMILIES[name], Random(name)
    for _ in range(300):
        recorded = History.of(small_history(family, random))
        found = []
        for widths in (native_backend._WIDTHS[:1], native_backend._WIDTHS[1:2], native_backend._WIDTHS[2:]):
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(native_backend, "_WIDTHS", widths)
                verdict = porcupine.check(family.model, recorded, explain=False)
                found.append((verdict.value, verdict.reason, verdict.certificate))
        assert found[0] == found[1] == found[2]


@pytest.mark.parametrize("name", FAMILIES)
def test_with_and_without_the_kernel_the_verdict_is_the_same(name: str) -> None:
    family, random = FAMILIES[name], Random(f"{name} without")
    model = replace(family.model, monitors=())
    for _ in range(300):
        recorded = History.of(small_history(family, random))
        with_kernel = porcupine.check(model, recorded)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(kernel, "BUILT", False)
            with warnings.catch_warnings(action="ignore"):
                without = porcupine.check(model, recorded)
        assert with_kernel.value is without.value
        assert with_kernel.value is Validity.VALID or with_kernel.reason == without.reason
        assert told(with_kernel) == told(without)


def told(verdict: Verdict) -> object:
    """The witness, in words too."""
    return verdict.witness


def crowd(width: int, seen: int | None) -> History:
    """`width` clients write at once, then all of them read at once what one of them wrote; or one reads another."""
    history = History()
    for kind in (INVOKE, OK):
        for process in range(width):
            history.add(kind, process, "write", process, None, 0, None)
    for kind in (INVOKE, OK):
        for process in range(width):
            value = None if kind == INVOKE else 7 if process or seen is None else seen
            history.add(kind, process, "read", value, None, 0, None)
    return history


@pytest.mark.parametrize("width", [63, 64, 65, 200, 256, 257, 1024])
def test_more_operations_open_than_a_word_has_bits(width: int) -> None:
    register = SEARCHED
    assert porcupine.check(register, crowd(width, None)).value is Validity.VALID
    assert porcupine.check(register, crowd(width, 8), explain=False).value is Validity.INVALID


def test_beyond_the_widest_sets_the_clear_search_answers() -> None:
    verdict = porcupine.check(SEARCHED, crowd(1100, 8), Budget(seconds=1), explain=False)
    assert verdict.value is Validity.UNKNOWN
    assert verdict.details["operations"] == 2200


@pytest.mark.parametrize("crashed", [60, 64, 65, 300, 1024])
def test_more_crashed_operations_than_a_word_has_bits(crashed: int) -> None:
    """Crashed writes, each of which is read once; then the last one is read again, after another."""
    history = History()
    for number in range(crashed):
        history.add(INVOKE, 100 + number, "write", number, None, 0, None)
    for number in range(crashed):
        history.add(INVOKE, 0, "read", None, None, 0, None)
        history.add(OK, 0, "read", number, None, 0, None)
    register = SEARCHED
    assert porcupine.check(register, history).value is Validity.VALID
    history.add(INVOKE, 0, "read", None, None, 0, None)
    history.add(OK, 0, "read", 0, None, 0, None)
    assert porcupine.check(register, history, explain=False).value is Validity.INVALID


def test_an_exception_of_the_model_comes_through() -> None:
    def step(state: int, call: Call) -> int:
        raise KeyboardInterrupt

    model = Model("m", "", ("read",), 0, step, frozenset({"read"}))
    with pytest.raises(KeyboardInterrupt):
        porcupine.check(model, crowd_of_reads())


def crowd_of_reads() -> History:
    history = History()
    history.add(INVOKE, 0, "read", None, None, 0, None)
    history.add(OK, 0, "read", 1, None, 0, None)
    return history


def test_without_the_kernel_it_says_so_once() -> None:
    backend._say_once.cache_clear()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kernel, "BUILT", False)
        with pytest.warns(RuntimeWarning, match="not built") as said:
            porcupine.check(TABULATED, crowd_of_reads())
            porcupine.check(MODELS["fifo-queue"].make(), History())
    assert len(said) == 1


def test_a_cas_with_no_pair_is_wrong_use() -> None:
    history = History()
    for kind in (INVOKE, OK):
        history.add(kind, 0, "cas", 5, None, 0, None)
    with pytest.raises(UsageError, match="a cas takes"):
        porcupine.check(MODELS["cas-register"].make(), history)


def test_a_state_that_only_python_finds_equal_is_another() -> None:
    """A register that holds `True`, and was not seen to hold `1`."""
    history = History()
    for kind, f, value in ((INVOKE, "write", True), (OK, "write", True), (INVOKE, "read", None), (OK, "read", 1)):
        history.add(kind, 0, f, value, None, 0, None)
    assert porcupine.check(SEARCHED, history).value is Validity.INVALID


def test_columns_are_not_changed() -> None:
    history = keys_of_registers(Random(3), 50)
    before = [array(column.typecode, column) for column in (history.type, history.f, history.value, history.key)]
    porcupine.check(CAS, history)
    assert before == [history.type, history.f, history.value, history.key]
