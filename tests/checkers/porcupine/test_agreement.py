"""Agreement of all procedures on random small histories; each kind of history occurs, and a mistake would be
noticed."""

import os
import shlex
from collections.abc import Callable
from dataclasses import replace
from random import Random

import pytest

from splitbrain.checkers import porcupine
from splitbrain.checkers.porcupine import kernel
from splitbrain.checkers.porcupine.monitors.monitor import Decision, MonitorInput, Procedure
from splitbrain.checkers.porcupine.search import search
from splitbrain.harness.verdict import Validity, Verdict

from . import agreement, together
from .agreement import SHARES, SUBJECTS, Disagreement, compared, main

pytestmark = pytest.mark.skipif(not kernel.BUILT, reason="the kernel is not built")

QUICK, LONG = 3_000, 100_000
READS = {"read", "get", "contains", "dequeue", "pop"}
NOTHING = (None, (), "", 0, {"x": None, "y": None}, {"x": None}, {"a": 10, "b": 10})
"""Operations that see something in an object of which nobody made anything."""

ONLY_REFUTED = {"unique multi-register"}
"""Families whose fast procedures find no orders."""


def agree(name: str, count: int) -> None:
    """Assert that all agree; a disagreement tells how it is repeated."""
    tally = agreement.of_family(name, int(os.environ["SPLITBRAIN_TEST_SEED"]), count)
    assert tally.histories == count
    assert SHARES[0] <= tally.invalid / count <= SHARES[1]
    if name.startswith("unique") and SUBJECTS[name].model.monitors:
        assert tally.proved == 0 if name in ONLY_REFUTED else 0.4 * count < tally.proved < count
        assert tally.refuted > count // 10 or "revision" in name or "version" in name


@pytest.mark.parametrize("name", SUBJECTS)
def test_all_procedures_agree(name: str) -> None:
    agree(name, QUICK)


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("name", SUBJECTS)
def test_all_procedures_agree_at_length(name: str) -> None:
    agree(name, LONG)


@pytest.mark.parametrize("name", SUBJECTS)
def test_histories_are_of_all_kinds(name: str) -> None:
    """Operations that crash, which is said or not; values come twice, and nothing is read."""
    random, kinds = Random(name), set[str]()
    for _ in range(400):
        events = SUBJECTS[name].make(random)
        invoked = [event for event in events if event.type == "invoke"]
        changing = [(event.f, event.value) for event in invoked if event.f not in READS]
        seen = [event.value for event in events if event.type == "ok" and event.f in READS]
        kinds |= {"crashed"} if any(event.type == "info" for event in events) else set()
        kinds |= {"never ended"} if len(events) < 2 * len(invoked) else set()
        kinds |= {"twice"} if any(changing.count(each) > 1 for each in changing) else set()
        kinds |= {"nothing"} if any(value in NOTHING for value in seen) else set()
    has_reads = not READS.isdisjoint(SUBJECTS[name].model.operations)
    assert kinds == {"crashed", "never ended", "twice"} | ({"nothing"} if has_reads else set())


def refuting_everything(case: MonitorInput) -> Decision:
    return Decision(core=range(len(case.problem)))


def accepting_everything(case: MonitorInput) -> Decision:
    return Decision(order=range(len(case.problem)))


def backwards(case: MonitorInput) -> Decision | None:
    found = FIFO(case)
    return None if found is None or found.order is None else Decision(order=found.order[::-1])


def part_of_a_core(case: MonitorInput) -> Decision | None:
    found = FIFO(case)
    return None if found is None or found.order is not None else Decision(core=found.core[:1])


FIFO = SUBJECTS["fifo-queue"].model.monitors[0]


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (refuting_everything, "says False, the clear search True"),
        (accepting_everything, "says True, the clear search False"),
        (backwards, "an order is no proof"),
        (part_of_a_core, r"refutes by the operations of events \d+, but these are linearizable"),
    ],
)
def test_a_wrong_procedure_is_found_out(monkeypatch: pytest.MonkeyPatch, wrong: Procedure, words: str) -> None:
    subject = SUBJECTS["fifo-queue"]
    monkeypatch.setitem(SUBJECTS, subject.name, replace(subject, model=replace(subject.model, monitors=(wrong,))))
    with pytest.raises(Disagreement, match=f"{wrong.__name__}.* {words}"):
        compared(subject.name, 1, 0, 200)


def undecided(verdict: Verdict) -> Verdict:
    return replace(verdict, value=Validity.UNKNOWN)


def without_its_end(verdict: Verdict) -> Verdict:
    return replace(verdict, certificate=verdict.certificate and verdict.certificate[:-1])


@pytest.mark.parametrize(
    ("wrong", "words"),
    [(undecided, "verdict unknown, not"), (without_its_end, "order is no proof: the completed operation of")],
)
def test_a_wrong_verdict_is_found_out(
    monkeypatch: pytest.MonkeyPatch, wrong: Callable[[Verdict], Verdict], words: str
) -> None:
    check = porcupine.check
    monkeypatch.setattr(porcupine, "check", lambda *given, **options: wrong(check(*given, **options)))
    with pytest.raises(Disagreement, match=words):
        compared("register", 1, 0, 200)


def test_one_wrong_value_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    values_of = porcupine.values_of
    monkeypatch.setattr(porcupine, "values_of", lambda *given: [Validity.VALID, *values_of(*given)[1:]])
    with pytest.raises(Disagreement, match="value valid, not"):
        for chunk in range(20):
            compared("register", 1, chunk, 20)


@pytest.mark.parametrize("always", [True, False])
def test_a_wrong_clear_search_is_found_out(monkeypatch: pytest.MonkeyPatch, always: bool) -> None:
    monkeypatch.setattr(together, "search", lambda *given: replace(search(*given), linearizable=always))
    with pytest.raises(Disagreement, match=f"the clear search (says )?{always}"):
        compared("register", 1, 0, 200)


def test_a_wrong_compiled_search_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    from splitbrain.checkers.porcupine import native_backend

    search_of, other = (
        native_backend.NativeBackend,
        replace(SUBJECTS["register"].searched, step=lambda state, call: state),
    )
    monkeypatch.setattr(native_backend, "NativeBackend", lambda model, *given: search_of(other, *given))
    with pytest.raises(Disagreement, match="the compiled search says True, the clear search False"):
        compared("register", 1, 0, 200)


def test_the_command_repeats_a_disagreement(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    name = "owner-mutex by value"
    arguments = ["--families", f"mutex,{name}", "--count", "1100", "--seed", "5"]
    assert main(arguments) == 0
    first, *lines = capsys.readouterr().out.splitlines()
    assert first == "seed 5"
    assert [line.partition(" histories")[0] for line in lines] == ["mutex: 1,100", f"{name}: 1,100"]
    subject = SUBJECTS[name]
    monkeypatch.setitem(
        SUBJECTS, name, replace(subject, model=replace(subject.model, monitors=(accepting_everything,)))
    )
    assert main(arguments) == 1
    told = capsys.readouterr().out.partition(f"{name}: ")[2]
    again = shlex.split(told.rpartition("again: ")[2])
    assert again[:3] == ["python", "-m", agreement.__name__]
    assert main(again[3:]) == 1
    assert capsys.readouterr().out.partition(f"{name}: ")[2] == told


def test_the_command_takes_every_family_by_its_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert any(", " in name for name in SUBJECTS)
    main(["--count", "1", "--seed", "5"])
    lines = capsys.readouterr().out.splitlines()[1:]
    assert {line.partition(": 1 histories")[0] for line in lines} >= {*SUBJECTS}


def test_the_command_takes_families_that_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--families", "queue"])
    assert "no family is called 'queue'; there are register, " in capsys.readouterr().err
