"""The lock table: who is granted, who waits, who is wounded."""

from splitbrain.targets.stores.two_phase_commit.locks import LockTable
from splitbrain.targets.stores.two_phase_commit.messages import StepAsk


def step(age: int, txn: str, number: int = 1) -> StepAsk:
    return StepAsk(txn, number, (age, txn), "w", "x", 1, 0)


def asked(table: LockTable, ask: StepAsk, *, alone: bool) -> tuple[list[str], list[str]]:
    """Transactions that are granted the key, and those that are wounded."""
    table.wait("x", ask, alone=alone)
    granted, wounded = table.grant("x")
    return [one.txn for one in granted], wounded


def test_the_older_wounds_and_the_younger_waits() -> None:
    table = LockTable()
    assert asked(table, step(2, "middle"), alone=True) == (["middle"], [])
    assert asked(table, step(3, "young"), alone=True) == ([], [])
    assert asked(table, step(1, "old"), alone=True) == ([], ["middle"])
    assert table.release("middle") == ["x"]
    granted, wounded = table.grant("x")
    assert ([one.txn for one in granted], wounded) == (["old"], [])
    assert table.exclusive("x") == "old"


def test_readers_share_and_one_of_two_upgrades_is_wounded() -> None:
    table = LockTable()
    assert asked(table, step(1, "old"), alone=False) == (["old"], [])
    assert asked(table, step(2, "young"), alone=False) == (["young"], [])
    assert asked(table, step(2, "young", 2), alone=True) == ([], [])
    assert asked(table, step(1, "old", 2), alone=True) == ([], ["young"])
    table.release("young")
    assert [one.txn for one in table.grant("x")[0]] == ["old"]
    assert table.of("old") == [("x", True)]


def test_a_step_that_comes_twice_waits_once() -> None:
    table = LockTable()
    asked(table, step(1, "old"), alone=True)
    for _ in range(2):
        asked(table, step(2, "young"), alone=True)
    table.release("old")
    assert [one.txn for one in table.grant("x")[0]] == ["young"]
    assert table.grant("x") == ([], [])
    table.release("young")
    assert table.exclusive("x") is None and not table.holds("x", "young")
