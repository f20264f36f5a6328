"""`lock` and `fencing` follow their definitions: against holders moment by moment, and all pairs of uses."""

from itertools import combinations
from random import Random
from typing import Any

import pytest
from msgspec import UNSET

from splitbrain.checkers.domain.fencing import FencingCheck
from splitbrain.checkers.domain.locks import LockCheck
from splitbrain.harness.budget import Budget
from splitbrain.harness.history import Event, History
from splitbrain.harness.verdict import Validity

from .randomly import LONG, QUICK, differential, events, pairs


def make(random: Random) -> list[Event]:
    """Clients that acquire, hold, use and release, sometimes out of turn; a lock that sometimes has two holders."""
    holder: list[Any] = []
    flaw = random.choice((0.0, 0.1, 0.4))

    def ask(random: Random) -> dict[str, Any]:
        return {"f": random.choices(("acquire", "hold", "use", "release"), (4, 1, 2, 3))[0], "value": None}

    def answer(random: Random, invoked: Event, kind: str) -> dict[str, Any]:
        mine = invoked.process in holder
        if kind == "fail":
            return {"error": (random.choice(("precondition", "conflict", "refused")), "")}
        if invoked.f == "acquire" and (not holder or random.random() < flaw):
            holder.append(invoked.process)
        if invoked.f == "release" and mine:
            holder.remove(invoked.process)
        return {}

    return events(random, ask, answer, random.randint(2, 10), weights=(7, 2, 1))


def make_uses(random: Random) -> list[Event]:
    """Uses with tokens that mostly grow; the resource's revisions, if there are any, follow the answers or not."""
    flaw, numbered = random.choice((0.0, 0.2, 0.5)), random.random() < 0.5
    revisions = random.sample(range(20), 20) if random.random() < flaw else list(range(20))
    if random.random() < 0.3:
        revisions = [revision // 2 for revision in revisions]  # a resource that counts less than all uses
    token = 0

    def ask(random: Random) -> dict[str, Any]:
        return {"f": random.choices(("use", "hold", "acquire"), (8, 1, 1))[0]}

    def answer(random: Random, invoked: Event, kind: str) -> dict[str, Any]:
        nonlocal token
        if kind != "ok":
            return {}
        token += random.random() < 0.5
        late = random.randint(0, 3) if random.random() < flaw else 0
        return {"token": max(0, token - late), **({"revision": revisions.pop(0)} if numbered else {})}

    return events(random, ask, answer, random.randint(3, 9), weights=(8, 1, 1))


def kind_of(completion: Event | None) -> str:
    """ok, info, or the kind of a failure."""
    if completion is None or completion.type == "info":
        return "info"
    return "ok" if completion.type == "ok" else str(completion.error[0])


def believed(own: list[tuple[Event, Event | None]], at: int, moment: float) -> bool:
    """Whether a client believes at a moment to hold what its operation number `at` acquired."""
    acquired = own[at][1]
    if own[at][0].f != "acquire" or acquired is None or acquired.type != "ok" or moment < acquired.index:
        return False
    sure = acquired.index
    for invoked, completion in own[at + 1 :]:
        told = kind_of(completion)
        if told == "ok" and invoked.f in ("hold", "use"):
            assert completion is not None
            sure = completion.index if invoked.f == "hold" else invoked.index
        elif told == "precondition":
            return moment < sure
        elif told == "conflict" and invoked.f == "hold":
            assert completion is not None
            return moment < completion.index
        else:
            return moment < invoked.index
    return True


def naive_lock(recorded: list[Event]) -> Validity:
    own: dict[Any, list[tuple[Event, Event | None]]] = {}
    for pair in pairs(recorded):
        own.setdefault(pair[0].process, []).append(pair)
    holders = 0
    for rows in own.values():
        holders += any(i.f == "acquire" and c is not None and c.type == "ok" for i, c in rows)
    for event in recorded:
        # At the very moment of an acquire its client holds the lock, if only for that moment.
        for moment in (event.index, event.index + 0.5):
            now = [p for p, rows in own.items() if any(believed(rows, at, moment) for at in range(len(rows)))]
            given = event.process if event.f == "acquire" and event.type == "ok" and moment == event.index else None
            if len({*now, given} - {None}) > 1:
                return Validity.INVALID
    return Validity.VALID if holders > 1 else Validity.UNKNOWN


def naive_fencing(recorded: list[Event]) -> Validity:
    done: list[tuple[Any, Any]] = [(i, c) for i, c in pairs(recorded) if c is not None and c.type == "ok"]
    uses = [(i, c) for i, c in done if i.f == "use"]
    grants = [(i, c) for i, c in done if i.f == "acquire"]
    numbered = all(type(c.revision) is int for _, c in uses)
    for some, by_revision in ((uses, numbered), (grants, False)):
        for one, other in combinations(some, 2):
            for (a, ended), (b, later) in ((one, other), (other, one)):
                if by_revision and ended.revision != later.revision:
                    before = ended.revision < later.revision
                else:
                    before = ended.index < b.index
                if before and ended.token > later.token:
                    return Validity.INVALID
                assert a is not b
    return Validity.VALID if len({c.token for _, c in uses}) > 1 else Validity.UNKNOWN


CASES: dict[str, Any] = {
    "lock": (LockCheck(), make, naive_lock),
    "fencing": (FencingCheck(), make_uses, naive_fencing),
}


@pytest.mark.parametrize("name", CASES)
def test_agrees_with_its_definition(name: str) -> None:
    checker, making, naive = CASES[name]
    differential(name, checker, making, naive, QUICK)


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("name", CASES)
def test_agrees_with_its_definition_at_length(name: str) -> None:
    checker, making, naive = CASES[name]
    differential(name, checker, making, naive, LONG)


def of(*lines: tuple[Any, ...]) -> History:
    """A history of lines, each process, type, f and, for completions, other fields."""
    return History.of(
        Event(index=i, time=i * 10**6, process=p, type=t, f=f, key="l", **(more[0] if more else {}))
        for i, (p, t, f, *more) in enumerate(lines)
    )  # fmt: skip


def used(at: int, process: int, token: int, revision: int) -> list[Event]:
    return [
        Event(index=at, time=at, process=process, type="invoke", f="use"),
        Event(index=at + 1, time=at + 1, process=process, type="ok", f="use", token=token, revision=revision),
    ]


def test_a_decrease_to_one_of_two_uses_of_one_revision_is_found() -> None:
    steps = [*used(0, 0, 2, 1), *used(2, 1, 5, 2), *used(4, 2, 1, 2)]
    assert FencingCheck().check(History.of(steps), Budget()).value is Validity.INVALID


def test_a_lock_that_hands_out_a_smaller_token_fences_nothing() -> None:
    steps = []
    for at, token in enumerate((5, 4)):
        for kind, told in (("invoke", UNSET), ("ok", token)):
            index = len(steps)
            steps.append(Event(index=index, time=index, process=at, type=kind, f="acquire", token=told))
    verdict = FencingCheck().check(History.of(steps), Budget())
    assert verdict.value is Validity.INVALID
    assert verdict.witness is not None and "granted" in verdict.witness.words[1]


def test_an_overlap_is_told() -> None:
    history = of(
        (0, "invoke", "acquire"), (0, "ok", "acquire", {"token": 3}), (0, "invoke", "hold"),
        (1, "invoke", "acquire"), (1, "ok", "acquire", {"token": 5}),
        (0, "ok", "hold"), (0, "invoke", "release"), (0, "ok", "release"),
    )  # fmt: skip
    verdict = LockCheck().check(history, Budget())
    assert verdict.value is Validity.INVALID
    assert verdict.reason == (
        "lock l: process 1 was given the lock at 0.004 s, while process 0 held it since 0.001 s (token 5 after token 3)"
    )
    assert verdict.witness is not None
    assert verdict.witness.words[1] == "0.001 s to 0.006 s (release began): held by process 0"


def test_who_learned_of_the_loss_is_not_blamed_for_what_comes_after() -> None:
    lost = (0, "fail", "hold", {"error": ("conflict", "the lease was lost")})
    before = ((0, "invoke", "acquire"), (0, "ok", "acquire"), (0, "invoke", "hold"))
    after = ((1, "invoke", "acquire"), (1, "ok", "acquire"))
    assert LockCheck().check(of(*before, lost, *after), Budget()).value is Validity.VALID
    assert LockCheck().check(of(*before, *after, lost), Budget()).value is Validity.INVALID


def test_a_client_that_the_end_of_the_run_stopped() -> None:
    history = of((0, "invoke", "acquire"), (0, "ok", "acquire"), (1, "invoke", "acquire"), (1, "ok", "acquire"))
    assert LockCheck().check(history, Budget()).value is Validity.INVALID
    assert LockCheck(held_on=False).check(history, Budget()).value is Validity.VALID


def test_a_use_that_hung_says_nothing_of_the_time_it_took() -> None:
    history = of(
        (0, "invoke", "acquire"), (0, "ok", "acquire"), (0, "invoke", "use"),
        (1, "invoke", "acquire"), (1, "ok", "acquire"),
        (0, "ok", "use"), (0, "invoke", "release"), (0, "fail", "release", {"error": ("precondition", "not held")}),
    )  # fmt: skip
    assert LockCheck().check(history, Budget()).value is Validity.VALID, "its lease may have been lost meanwhile"
