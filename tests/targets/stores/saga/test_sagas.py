"""saga on the workbench: what follows what, what is undone, and what restarts and copies of letters do."""

from functools import partial
from pathlib import Path

import pytest

from splitbrain import registry
from splitbrain.checkers.claims import Standing
from splitbrain.results.result import RunStatus
from splitbrain.runner.calls import run
from splitbrain.targets.stores.messages import Request
from splitbrain.targets.stores.saga import SagaNode
from splitbrain.targets.stores.saga.messages import Delivery, Receipt, StepCommand
from splitbrain.targets.stores.saga.plan import CLEARING, MOST, OPENING, following, owner_of
from splitbrain.targets.stores.saga.settings import SagaSettings

from ..bench import StoreBench

NAMES = ("n1", "n2", "n3")
STYLES = (True, False)
RICH = MOST - OPENING


def bench(orchestrated: bool, dedup: str = "all") -> StoreBench:
    made = StoreBench(partial(SagaNode, settings=SagaSettings(orchestrated=orchestrated, dedup=dedup)), NAMES)
    made.settle()
    return made


def transfer(number: int, source: str, target: str, amount: int) -> Request:
    return Request("transfer", None, {"from": source, "to": target, "amount": amount}, "s", number)


def balances(made: StoreBench, *accounts: str) -> list[int]:
    """Balances, straight from the nodes that have them."""
    return [made.program(owner_of(account, NAMES)).balance(account) for account in accounts]


def tick(made: StoreBench, times: int = 3) -> None:
    for _ in range(times):
        for name in made.up():
            made.fire(name, "tick")
        made.settle()


def quiet(made: StoreBench) -> bool:
    return not any(made.program(name).outbox.letters for name in NAMES)


@pytest.mark.parametrize("orchestrated", STYLES)
def test_money_moves_and_the_clearing_house_is_empty_again(orchestrated: bool) -> None:
    made = bench(orchestrated)
    handle = made.request("n2", transfer(1, "a", "b", RICH))
    made.settle()
    assert made.replies[handle].error is None
    assert balances(made, "a", "b", CLEARING) == [OPENING - RICH, MOST, 0]
    assert quiet(made)


@pytest.mark.parametrize("orchestrated", STYLES)
def test_what_was_done_is_undone_in_reverse_order(orchestrated: bool) -> None:
    made = bench(orchestrated)
    handle = made.request("n1", transfer(1, "a", "b", RICH + 1))
    made.settle()
    assert made.replies[handle].error == "precondition"
    assert balances(made, "a", "b", CLEARING) == [OPENING, OPENING, 0]
    command = following(StepCommand("n1.1.1", 2, 2, False, ("a", "b", RICH + 1), "n1"), done=False)
    undone = []
    while isinstance(command, StepCommand):
        undone.append((command.step, command.back))
        command = following(command, done=True)
    assert undone == [(1, True), (0, True)] and command is False


@pytest.mark.parametrize("orchestrated", STYLES)
@pytest.mark.parametrize("amount", [RICH, RICH + 1])
def test_a_request_that_comes_again_begins_nothing_new(orchestrated: bool, amount: int) -> None:
    """A client's request that a proxy sends twice: at once, or when its saga has ended."""
    made = bench(orchestrated)
    asked = transfer(1, "a", "b", amount)
    handles = [made.request("n2", asked), made.request("n2", asked)]
    made.settle()
    handles.append(made.request("n2", asked))
    made.settle()
    expected = None if amount == RICH else "precondition"
    assert [made.replies[handle].error for handle in handles] == [expected] * 3
    assert balances(made, "a", "b") == ([OPENING - RICH, MOST] if amount == RICH else [OPENING, OPENING])


def test_a_request_that_was_refused_stays_refused() -> None:
    made = StoreBench(partial(SagaNode, settings=SagaSettings()), NAMES)
    handle = made.request("n2", transfer(1, "a", "b", RICH))
    assert made.replies[handle].error == "unavailable"
    made.settle()
    handle = made.request("n2", transfer(1, "a", "b", RICH))
    made.settle()
    assert made.replies[handle].error == "unavailable"
    assert balances(made, "a", "b") == [OPENING, OPENING]


@pytest.mark.parametrize("orchestrated", STYLES)
def test_a_first_step_that_is_refused_leaves_nothing_to_undo(orchestrated: bool) -> None:
    made = bench(orchestrated)
    handle = made.request("n3", transfer(1, "a", "b", OPENING + 1))
    made.settle()
    assert made.replies[handle].error == "precondition"
    assert balances(made, "a", "b", CLEARING) == [OPENING, OPENING, 0]


@pytest.mark.parametrize("orchestrated", STYLES)
@pytest.mark.parametrize("lost", [Delivery, Receipt])
def test_a_saga_goes_on_where_it_stopped_after_all_have_crashed(orchestrated: bool, lost: type) -> None:
    """Crashes at whatever place it was, told by how many letters had been delivered."""
    for delivered in range(12):
        made = bench(orchestrated)
        made.request("n2", transfer(1, "a", "b", RICH))
        for _ in range(delivered):
            waiting = [name for name in NAMES if made.beds[name].syncs]
            if waiting:
                made.sync(waiting[0])
            elif made.flights:
                made.deliver()
        made.drop(lambda flight: isinstance(flight.message, lost))
        for name in NAMES:
            made.crash(name)
            made.start(name)
        made.settle()
        tick(made)
        moved = bool(made.program("n2").begun)
        assert balances(made, "a", "b", CLEARING) == ([OPENING - RICH, MOST, 0] if moved else [OPENING, OPENING, 0])
        assert quiet(made)
        assert made.program("n2").over == ({"n2.1.1": True} if moved else {})


@pytest.mark.parametrize(("dedup", "debited"), [("all", 1), ("window", 1), ("last", 2), ("none", 3)])
def test_a_letter_that_comes_again(dedup: str, debited: int) -> None:
    """At once, and once more after another one of the same node."""
    made = bench(True, dedup)
    letter = StepCommand("n9.1.1", 0, 0, False, ("a", "b", 1), "n9")
    other = StepCommand("n9.1.2", 0, 0, False, ("a", "b", 0), "n9")
    owner = made.program(owner_of("a", NAMES))
    for each in (letter, letter, other, letter):
        owner._receive("n9", each)
    assert owner.balance("a") == OPENING - debited


def test_a_read_asks_the_nodes_that_have_the_accounts() -> None:
    made = bench(True)
    made.request("n1", transfer(1, "a", "b", 5))
    made.settle()
    handle = made.request("n2", Request("read", None, ["b", "a", "c"], "s", 2))
    made.settle()
    assert made.replies[handle].value == {"a": OPENING - 5, "b": OPENING + 5, "c": OPENING}


def test_a_read_without_an_answer_is_given_up() -> None:
    made = bench(True)
    handle = made.request("n1", Request("read", None, [f"a{number}" for number in range(9)], "s", 1))
    made.flights.clear()
    for _ in range(30):
        made.fire("n1", "tick")
        made.flights.clear()
    assert made.replies[handle].error == "unavailable"


@pytest.mark.parametrize(
    ("f", "value"),
    [("transfer", 5), ("transfer", {"from": "a", "to": CLEARING, "amount": 1}), ("read", None), ("write", 5)],
)
def test_nonsense_is_refused(f: str, value: object) -> None:
    made = bench(True)
    handle = made.request("n1", Request(f, None, value, "s", 1))
    assert made.replies[handle].error == "unsupported"


@pytest.mark.parametrize(
    ("options", "claims"),
    [
        ("", ("conserved",)),
        (":style=choreography", ("conserved",)),
        (":dedup=window", ()),
        (":dedup=none", ()),
        (":disk=memory", ()),
    ],
)
def test_money_is_conserved_where_letters_that_come_again_are_known(options: str, claims: tuple[str, ...]) -> None:
    assert registry.target(f"saga{options}").claims == claims


def test_what_saga_claims_is_judged(tmp_path: Path) -> None:
    found = run(
        "saga", model="claim", nemesis="kill,packet", env="sim", time_limit=5.0, seed=1, out=tmp_path
    ).result  # fmt: skip
    assert found.status is RunStatus.VALID, found.reason
    assert found.claims == {"conserved": Standing.CONFIRMED}
