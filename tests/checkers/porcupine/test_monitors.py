"""Agreement of monitors with the reference search on larger histories, with proofs and explanations. Small histories,
also those just outside what they take, are compared in `test_agreement`."""

import os
import secrets
from collections import Counter
from dataclasses import replace
from random import Random

import msgspec
import pytest

from splitbrain.checkers import porcupine
from splitbrain.checkers.porcupine import MODELS, kernel, short_history
from splitbrain.checkers.porcupine.monitor_batch import by_zones
from splitbrain.checkers.porcupine.monitors.monitor import Decision, MonitorInput
from splitbrain.checkers.porcupine.prepare import prepare
from splitbrain.checkers.porcupine.reference_backend import ReferenceBackend
from splitbrain.checkers.porcupine.shrink import Closure, subproblem
from splitbrain.checkers.porcupine.witness import events as events_of
from splitbrain.harness.budget import Budget
from splitbrain.harness.history import Event, History
from splitbrain.harness.verdict import Validity

from .brute import linearizable
from .histories import recorded as recorded_lines
from .unique import SHAPES, history, mixed

QUICK, LONG = 60, 2_000


@pytest.fixture(autouse=True)
def _procedures_come_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """Switch off the search of short registers, which is quicker than anything else."""
    monkeypatch.setattr(short_history, "SHORT", 0)


def seeded(name: str) -> Random:
    """A source of chance whose seed is printed if a test fails; SPLITBRAIN_TEST_SEED repeats it."""
    seed = int(os.environ.get("SPLITBRAIN_TEST_SEED") or secrets.randbits(32))
    print(f"{name}: SPLITBRAIN_TEST_SEED={seed}")
    return Random(f"{seed} {name}")


def decisions(name: str, recorded: History) -> list[tuple[Decision | None, list[Event]]]:
    """Decisions of each procedure of the model, and the events of its core."""
    model = SHAPES[name].model
    spending = Budget().start()
    prepared = prepare(model, recorded, spending)
    out: list[tuple[Decision | None, list[Event]]] = []
    for problem in prepared.problems:
        for procedure in model.monitors:
            found = procedure(MonitorInput(model, problem, prepared, spending, recorded.operations().revision))
            core = [] if found is None else events_of(subproblem(problem, found.core))
            out.append((found, [recorded.event(position) for position in core]))
    return out


def judge(name: str, events: list[Event], expected: bool) -> str:
    """Check all that is said about one history; a word for counting."""
    model, recorded = SHAPES[name].model, History.of(events)
    shown = "\n".join(map(str, events)) + f"\nlinearizable: {expected}\n"
    word = "outside"
    for found, core in decisions(name, recorded):
        if found is None:
            continue
        said = found.order is not None
        assert said == expected, f"{shown}{found}"
        word = "valid" if said else "invalid"
        if found.order is not None:
            problem = prepare(model, recorded, Budget().start()).problems[0]
            order = [problem.call[operation] for operation in found.order]
            assert porcupine.objection(model, recorded, order) is None, f"{shown}{found}"
        elif len(core) <= 20:
            assert not linearizable(model, core), f"{shown}{found}"
    verdict = porcupine.check(model, recorded, explain=False)
    assert verdict.value is not (Validity.INVALID if expected else Validity.VALID), f"{shown}{verdict}"
    assert expected or verdict.value is Validity.INVALID, f"{shown}{verdict}"
    return word


def large(name: str, count: int) -> None:
    """Histories of some dozens of operations, against the clear search."""
    random, words = seeded(name), Counter[str]()
    for _ in range(count):
        events = history(SHAPES[name], random, 60, 5, random.choice((0, 0, 0.04)))
        plain = ReferenceBackend(
            SHAPES[name].model, History.of(events), Budget(seconds=60, configurations=20_000).start()
        )
        plain.search_all()
        answer = plain.result(0) if len(plain) else None
        if answer is None or answer.linearizable is None:
            words["undecided"] += 1
        else:
            words[judge(name, events, answer.linearizable)] += 1
    print(f"{name}: {count} large histories: {dict(words)}")


@pytest.mark.parametrize("name", SHAPES)
def test_agrees_with_the_clear_search(name: str) -> None:
    large(name, QUICK)


@pytest.mark.skipif(not kernel.BUILT, reason="the kernel is not built")
def test_many_keys_are_left_to_the_search_if_one_is_written_the_same_twice() -> None:
    random, together = seeded("zones"), History()
    for key in range(100):
        events = history(SHAPES["register"], random, crashes=0)
        if all(found is not None and found.order for found, _ in decisions("register", History.of(events))[:1]):
            together.extend([msgspec.structs.replace(e, key=key, process=e.process + 100 * key) for e in events])  # type: ignore[operator]
    model = SHAPES["register"].model
    known = by_zones(model, together, Budget().start())
    assert known is not None and len(known) > 10
    assert porcupine.check(model, together).value is Validity.VALID
    for kind in ("invoke", "ok", "invoke", "ok"):
        together.append(Event(index=0, time=0, process=10**6, type=kind, f="write", value=77, key=0))
    assert by_zones(model, together, Budget().start()) is None
    assert porcupine.check(model, together).value is Validity.VALID


@pytest.mark.parametrize("name", SHAPES)
def test_what_a_procedure_refutes_is_explained_as_what_a_search_refutes(name: str) -> None:
    random, model, found = seeded(name), SHAPES[name].model, 0
    for _ in range(400):
        recorded = History.of(history(SHAPES[name], random))
        verdict = porcupine.check(model, recorded)
        assert (verdict.witness is not None) == (verdict.value is Validity.INVALID)
        if verdict.witness is None:
            continue
        found += 1
        alone = [recorded.event(position) for position in verdict.witness.events]
        assert not linearizable(model, alone), f"{list(recorded)} {verdict}"
        assert verdict.reason == verdict.witness.words[0]
        (problem,) = (prepared := prepare(model, History.of(alone), Budget().start())).problems
        closure, everything = Closure(model, problem, prepared), set(range(len(problem)))
        for operation in everything:
            gone = closure.of((operation,), everything)
            rest = events_of(subproblem(problem, sorted(everything - gone)))
            assert not gone or linearizable(model, [History.of(alone).event(position) for position in rest])
    assert found > 10


def test_a_key_that_no_procedure_takes_is_searched() -> None:
    recorded = History()
    for key, values in (("plain", (1, 2)), ("looked", (1, 1)), ("wrong", (1, 3))):
        for value in values:
            for kind in (0, 1):
                recorded.add(kind, 0, "enqueue", value, key, len(recorded), None)
        for kind in (0, 1):
            f = "peek" if key == "looked" else "dequeue"
            recorded.add(kind, 0, f, values[key == "wrong"] if kind else None, key, len(recorded), None)
    verdict = porcupine.check(MODELS["fifo-queue"].make(), recorded)
    assert verdict.value is Validity.INVALID
    assert [(c.key, c.value) for c in verdict.children] == [
        ("plain", Validity.VALID), ("looked", Validity.UNKNOWN), ("wrong", Validity.INVALID),
    ]  # fmt: skip
    right = History.of(event for event in recorded if event.key != "wrong")
    verdict = porcupine.check(MODELS["fifo-queue"].make(), right)
    assert verdict.value is Validity.VALID


@pytest.mark.parametrize("name", ["fifo-queue", "stack", "priority-queue"])
def test_what_crashed_takes_took_is_found(name: str) -> None:
    random, words = seeded(name), Counter[str]()
    put, take, *_ = SHAPES[name].model.operations
    shape = replace(SHAPES[name], ask=mixed(put, take))
    for _ in range(8):
        events = history(shape, random, 1_000, random.choice((10, 30)), 0.03)
        verdict = porcupine.check(SHAPES[name].model, History.of(events), Budget(configurations=20_000), explain=False)
        words[verdict.value.value] += 1
    print(f"{name}: {dict(words)}")
    assert words["unknown"] <= 4, words


def test_more_elements_are_gone_than_crashed_takes_can_have() -> None:
    lines = ["0 invoke dequeue", "0 info dequeue"]
    for element in range(40):
        lines += [f"1 invoke enqueue {element}", f"1 ok enqueue {element}"]
    lost = recorded_lines(*lines, "1 invoke dequeue", "1 ok dequeue 2")
    verdict = porcupine.check(MODELS["fifo-queue"].make(), lost)
    assert verdict.value is Validity.INVALID
    assert verdict.witness is not None
    assert len(verdict.witness.events) <= 10
    one = recorded_lines(*lines, "1 invoke dequeue", "1 ok dequeue 1")
    assert porcupine.check(MODELS["fifo-queue"].make(), one).value is Validity.VALID
    late = recorded_lines(*lines[2:], "1 invoke dequeue", "1 ok dequeue 1", *lines[:2])
    assert porcupine.check(MODELS["fifo-queue"].make(), late).value is Validity.INVALID


def test_a_wrong_procedure_is_found_out() -> None:
    queue = MODELS["fifo-queue"].make()
    recorded = recorded_lines("0 invoke enqueue 1", "0 ok enqueue 1", "0 invoke dequeue", "0 ok dequeue 1")
    everything = replace(queue, monitors=(lambda case: Decision(core=range(len(case.problem))),))
    assert porcupine.check(everything, recorded).value is Validity.VALID
    backwards = replace(queue, monitors=(lambda case: Decision(order=(1, 0)),))
    assert porcupine.check(backwards, recorded).value is Validity.UNKNOWN


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("name", SHAPES)
def test_agrees_at_length(name: str) -> None:
    large(name, LONG)
