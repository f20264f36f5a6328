"""Witnesses that are proofs, as small as promised, with explanations that hold."""

import secrets
from dataclasses import replace
from random import Random

import pytest

from splitbrain.checkers import porcupine
from splitbrain.checkers.common.per_key import NEVER
from splitbrain.checkers.porcupine import MODELS, Model, short_history, shrink, witness
from splitbrain.checkers.porcupine.prepare import Prepared, Problem, prepare
from splitbrain.checkers.porcupine.shrink import Closure, subproblem
from splitbrain.checkers.porcupine.witness import cut, events
from splitbrain.harness.budget import Budget
from splitbrain.harness.history import Event, History
from splitbrain.harness.operation import EventType
from splitbrain.harness.verdict import Validity, Verdict, Witness

from .brute import linearizable
from .histories import recorded
from .small import FAMILIES, history

COUNT = 700


def problems(model: Model, whole: History) -> tuple[Prepared, list[Problem]]:
    prepared = prepare(model, whole, Budget().start())
    return prepared, prepared.problems


def part(whole: History, positions: tuple[int, ...]) -> list[Event]:
    return [whole.event(position) for position in positions]


def witnesses(verdict: Verdict) -> list[Witness]:
    return [v.witness for v in (verdict, *verdict.children) if v.witness is not None]


def random_for(name: str) -> Random:
    seed = secrets.randbits(32)
    print(f"{name}: seed {seed}")
    return Random(f"{seed} {name}")


@pytest.mark.parametrize("recent", [1, 4, shrink.RECENT])
@pytest.mark.parametrize("name", FAMILIES)
def test_a_witness_refutes_alone_and_nothing_can_go(name: str, recent: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shrink, "RECENT", recent)
    random, family = random_for(name), FAMILIES[name]
    found = 0
    for _ in range(COUNT):
        whole = History.of(history(family, random))
        verdict = porcupine.check(family.model, whole)
        assert (verdict.witness is not None) == (verdict.value is Validity.INVALID)
        for told in witnesses(verdict):
            found += 1
            small = part(whole, told.events)
            assert not linearizable(family.model, small), (list(whole), verdict)
            assert told.words[0]
            again = History.of(small)
            prepared, (problem,) = problems(family.model, again)
            closure = Closure(family.model, problem, prepared)
            everything = set(range(len(problem)))
            for operation in everything:
                gone = closure.of((operation,), everything)
                if gone:
                    rest = subproblem(problem, sorted(everything - gone))
                    assert linearizable(family.model, part(again, events(rest))), (list(whole), verdict)
    assert found > COUNT // 20


@pytest.mark.parametrize("name", FAMILIES)
def test_what_a_witness_leaves_out_never_makes_a_linearizable_history_look_wrong(name: str) -> None:
    """The proofs in `shrink` and `sources`, tried: cut and thin out linearizable histories at random."""
    random, family = random_for(name), FAMILIES[name]
    for _ in range(COUNT):
        recorded_events = history(family, random)
        if not linearizable(family.model, recorded_events):
            continue
        whole = History.of(recorded_events)
        prepared, found = problems(family.model, whole)
        for problem in found:
            returns = [ret for ret in problem.ret if ret != NEVER]
            if returns and random.random() < 0.7:
                smaller = cut(problem, prepared, whole, random.choice(returns))
            else:
                smaller = problem
            closure = Closure(family.model, smaller, prepared)
            kept = set(range(len(smaller)))
            for operation in random.sample(sorted(kept), random.randint(0, len(kept))):
                kept -= closure.of((operation,), kept)
                rest = subproblem(smaller, sorted(kept))
                assert linearizable(family.model, part(whole, events(rest))), (recorded_events, list(rest.call))
            wanted = random.sample(range(len(smaller)), random.randint(0, len(smaller)))
            rest = subproblem(smaller, sorted(closure.needed_by(wanted)))
            assert linearizable(family.model, part(whole, events(rest))), (recorded_events, list(rest.call))


@pytest.mark.parametrize("name", [name for name in FAMILIES if FAMILIES[name].model.independence.feeds is not None])
def test_the_last_operations_with_what_they_need_never_make_a_linearizable_history_look_wrong(name: str) -> None:
    random, family = random_for(name), FAMILIES[name]
    shorter = 0
    for _ in range(2 * COUNT):
        recorded_events = history(family, random)
        if not linearizable(family.model, recorded_events):
            continue
        whole = History.of(recorded_events)
        prepared, found = problems(family.model, whole)
        tried: list[tuple[int, ...]] = []

        def note(problem: Problem) -> bool:
            tried.append(events(problem))  # noqa: B023 — called before the next turn
            return False

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(shrink, "RECENT", random.randint(1, 6))
            for problem in found:
                assert shrink.recent(family.model, problem, prepared, Budget().start(), note) is None
        shorter += len(tried)
        for kept in tried:
            assert linearizable(family.model, part(whole, kept)), (recorded_events, kept)
    assert shorter > 20 or not family.model.independence.blind


def test_of_a_long_history_only_the_end_is_looked_at_closely(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []

    class Noted(Closure):
        def __init__(self, model: Model, problem: Problem, prepared: Prepared, since: int = -1) -> None:
            sizes.append(len(problem))
            super().__init__(model, problem, prepared, since)

    monkeypatch.setattr(shrink, "Closure", Noted)
    whole = History()
    for number in range(10_000):
        for kind, seen in ((EventType.INVOKE, None), (EventType.OK, number // 2 % 5 + (number == 9_999))):
            f = "read" if number % 2 else "write"
            whole.add(kind, number % 3, f, number // 2 % 5 if f == "write" else seen, None, 0, None)
    verdict = porcupine.check(MODELS["register"].make(), whole)
    assert verdict.witness is not None
    assert len(verdict.witness.events) == 4
    assert max(sizes) == shrink.RECENT


def words(name: str, *lines: str, **settings: str) -> tuple[str, ...]:
    verdict = porcupine.check(MODELS[name].make(settings), recorded(*lines))
    assert verdict.value is Validity.INVALID
    assert verdict.witness is not None
    assert verdict.reason == verdict.witness.words[0]
    return verdict.witness.words


def test_a_stale_read() -> None:
    first = words(
        "register",
        "0 invoke write 4",
        "0 ok write 4",
        "1 invoke write 5",
        "1 ok write 5",
        "2 invoke read",
        "2 ok read 4",
    )[0]
    assert first == (
        "n3 (process 2) read 4 at 0.005 s, yet write 5 of n2 (process 1) had been acknowledged at 0.003 s and "
        "nothing wrote 4 since"
    )


def test_a_value_that_nobody_wrote() -> None:
    first = words("register", "0 invoke write 4", "0 ok write 4", "2 invoke read", "2 ok read 7")[0]
    assert first == "n3 (process 2) read 7 at 0.003 s, yet nothing ever wrote 7"


def test_a_value_whose_write_failed() -> None:
    first = words(
        "register",
        "0 invoke write 7",
        "0 fail write 7",
        "1 invoke write 1",
        "1 ok write 1",
        "2 invoke read",
        "2 ok read 7",
    )[0]
    assert first.endswith("yet nothing ever wrote 7 (write 7 at 0.001 s had failed)")


def test_a_value_before_it_was_written() -> None:
    first = words("register", "2 invoke read", "2 ok read 7", "0 invoke write 7", "0 ok write 7")[0]
    assert first == "n3 (process 2) read 7 at 0.001 s, before write 7 was invoked at 0.002 s"


def test_the_initial_value_after_a_write() -> None:
    first = words("register", "0 invoke write 4", "0 ok write 4", "2 invoke read", "2 ok read nil")[0]
    assert first.endswith("read nil at 0.003 s, yet write 4 of n1 (process 0) had been acknowledged at 0.001 s and "
                          "nothing wrote nil since")  # fmt: skip


def test_reads_that_go_back() -> None:
    told = words(
        "register", "0 invoke write 1", "0 ok write 1", "3 invoke write 2", "1 invoke read", "1 ok read 2",
        "2 invoke read", "2 ok read 1", "3 ok write 2",
    )  # fmt: skip
    assert "read 1" in told[0]
    assert "the only reachable state here is 2" in told[0]


def test_a_lock_held_twice() -> None:
    first = words("mutex", "0 invoke acquire", "0 ok acquire", "1 invoke acquire", "1 ok acquire")[0]
    assert first == (
        "n2 (process 1)'s acquire was acknowledged at 0.003 s, yet acquire of n1 (process 0) had been acknowledged at "
        "0.001 s and there was no release since"
    )


def test_keys_are_named() -> None:
    events = [
        Event(index=0, time=0, process=0, type="invoke", f="read", key="k4"),
        Event(index=1, time=5, process=0, type="ok", f="read", key="k4", value="x"),
    ]
    verdict = porcupine.check(MODELS["register"].make(), History.of(events))
    assert verdict.key == "k4"
    assert verdict.reason.startswith("key k4: process 0 read x")


def test_what_was_not_searched_to_its_end_does_not_tell_all_states(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(witness, "WORK", 1)
    monkeypatch.setattr(short_history, "SHORT", 0)  # else the search comes first
    register = MODELS["register"].make()
    for model, states in (
        (replace(register, monitors=()), "among the reachable states here is 4"),
        (register, "no order of what was invoked before lets it stand anywhere"),
    ):
        whole = recorded("0 invoke write 4", "0 ok write 4", "2 invoke read", "2 ok read 7")
        told = porcupine.check(model, whole).witness
        assert told is not None
        assert told.words[-1].endswith(f"cannot be placed: {states}")


def test_an_explanation_can_be_had_later() -> None:
    model = MODELS["register"].make()
    whole = recorded("0 invoke write 4", "0 ok write 4", "2 invoke read", "2 ok read 7")
    bare = porcupine.check(model, whole, explain=False)
    assert bare.witness is None
    assert porcupine.explain(model, whole, bare) == porcupine.check(model, whole)


def test_an_operation_that_ends_after_all_that_matters_is_still_running() -> None:
    verdict = porcupine.check(
        MODELS["register"].make(),
        recorded(
            "0 invoke write 1", "1 invoke read", "1 ok read 1", "1 invoke read", "1 ok read nil", "0 ok write 1"
        ),
    )  # fmt: skip
    assert verdict.witness is not None
    assert verdict.witness.words[1] == "0.000 s to ?: n1 (process 0) write 1 (still running at 0.004 s)"
    verdict = porcupine.check(
        MODELS["register"].make(),
        recorded(
            "0 invoke write 1", "1 invoke read", "1 ok read 1", "1 invoke read", "1 ok read nil", "0 info write 1"
        ),
    )  # fmt: skip
    assert verdict.witness is not None
    assert verdict.witness.words[1] == "0.000 s to ?: n1 (process 0) write 1 (unknown end)"


def test_a_read_of_a_large_set_is_told_by_what_it_lacks() -> None:
    lines = [f"0 {kind} add {n}" for n in range(30) for kind in ("invoke", "ok")]
    seen = "[" + " ".join(str(n) for n in range(30) if n != 17) + "]"
    verdict = porcupine.check(MODELS["lin-set"].make(), recorded(*lines, "1 invoke read", f"1 ok read {seen}"))
    assert verdict.witness is not None
    assert verdict.witness.words[0].endswith("which fits no order: it lacks 17, which must be there")
    assert verdict.witness.words[1] == "… 29 operations on other elements, and"
    assert len(verdict.witness.words) == 5 and verdict.witness.words[2].endswith("add 17")


@pytest.mark.parametrize(
    ("seen", "why"),
    [
        ([*range(29)], "it lacks 29, which must be there"),
        ([*range(30), 99], "it has 99, which cannot be there"),
        ([*range(20), 21, 20, *range(22, 30)], "element 21 is 21, where it must be 20"),
    ],
)
def test_a_read_of_a_long_list_is_told_by_where_it_differs(seen: list[int], why: str) -> None:
    lines = [f"0 {kind} append {n}" for n in range(30) for kind in ("invoke", "ok")]
    lines += ["2 invoke append 99", "2 fail append 99", "1 invoke read", f"1 ok read [{' '.join(map(str, seen))}]"]
    verdict = porcupine.check(MODELS["lin-list"].make(), recorded(*lines))
    assert verdict.witness is not None
    assert verdict.witness.words[0].endswith(f"which fits no order: {why}")


def test_answers_of_a_set_are_shown() -> None:
    lin_set = MODELS["lin-set"].make({"answers": "true"})
    added = recorded("0 invoke add 1", "0 ok add true", "1 invoke add 1", "1 ok add true")
    verdict = porcupine.check(lin_set, added)
    assert verdict.reason.startswith("n2 (process 1)'s add 1 → true was acknowledged")


def test_a_refusal_is_told_once() -> None:
    mutex = MODELS["mutex"].make({"precondition": "observe"})
    verdict = porcupine.check(mutex, recorded("0 invoke acquire", "0 fail acquire", "1 invoke acquire", "1 ok acquire"))
    assert verdict.reason.startswith("n1 (process 0)'s acquire was refused at")


def test_the_sentence_on_a_read_says_of_what_key_and_revision_it_was() -> None:
    events = [
        Event(index=0, time=0, process=0, type="invoke", f="put", value="x", key="a"),
        Event(index=1, time=1, process=0, type="ok", f="put", value="x", key="a", revision=2),
        Event(index=2, time=2, process=1, type="invoke", f="get", key="a"),
        Event(index=3, time=3, process=1, type="ok", f="get", value="x", key="a", revision=1),
    ]
    verdict = porcupine.check(MODELS["versioned-kv"].make(), History.of(events))
    assert verdict.reason.startswith("process 1 got a → x (revision 1) at")


@pytest.mark.parametrize(
    ("model", "lines", "told"),
    [
        ("stack", ("0 invoke push 1", "0 ok push 1", "1 invoke pop", "1 ok pop nil"), "popped nil"),
        ("deque", ("0 invoke addLast 1", "0 ok addLast 1", "1 invoke pollLast", "1 ok pollLast 2"), "Last returned 2"),
        ("fetch-and-add", ("1 invoke fetch-and-add 1", "1 ok fetch-and-add 5"), "fetch-and-add 1 returned 5"),
    ],
)  # fmt: skip
def test_what_an_operation_returned_is_told_as_such(model: str, lines: tuple[str, ...], told: str) -> None:
    assert f"{told} at" in porcupine.check(MODELS[model].make(), recorded(*lines)).reason


def test_states_that_may_be_are_told_apart() -> None:
    invoked = ("read", "add 1", "read", "add 2", "read", "add 4", "add 8", "read")
    answers = {0: "read 6", 1: "add 1", 2: "read 0", 3: "add 2", 4: "read 3", 5: "add 4", 6: "add 8", 7: "read 15"}
    lines = [f"{process} invoke {words}" for process, words in enumerate(invoked)]
    lines += [f"{process} ok {words}" for process, words in answers.items()]
    reason = porcupine.check(MODELS["lin-counter"].make(), recorded(*lines)).reason
    assert reason.endswith("the only reachable states here are 7 or 15")
