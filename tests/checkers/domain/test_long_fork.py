"""`long-fork` by its definition: against comparing all pairs of reads."""

from itertools import combinations
from random import Random
from typing import Any

import pytest

from splitbrain.checkers.domain.long_fork import LongForkCheck
from splitbrain.harness.budget import Budget
from splitbrain.harness.errors import UsageError
from splitbrain.harness.history import Event, History
from splitbrain.harness.verdict import Validity

from .randomly import LONG, QUICK, differential, events, pairs


def make(random: Random) -> list[Event]:
    """Writes of the keys 0 to 3, mostly once each, and reads of the groups {0 1} and {2 3}, some of them stale."""
    there: dict[int, int] = {}
    left = [0, 1, 2, 3]
    flaw = random.choice((0.0, 0.3, 0.6))

    def ask(random: Random) -> dict[str, Any]:
        if random.random() < 0.4 and left:
            key = left.pop(random.randrange(len(left)))
            if random.random() < 0.05:
                left.append(key)
            return {"f": "txn", "value": (("w", key, 1),)}
        group = random.choice(((0, 1), (1, 0), (0, 1), (2, 3)))
        return {"f": "txn", "value": tuple(("r", key, None) for key in group)}

    def answer(random: Random, invoked: Event, kind: str) -> dict[str, Any]:
        if invoked.value[0][0] == "w":
            there[invoked.value[0][1]] = 1
            return {}
        seen = [("r", key, None if random.random() < flaw else there.get(key)) for _, key, _ in invoked.value]
        return {"value": tuple(seen) if kind == "ok" else invoked.value}

    return events(random, ask, answer, random.randint(4, 16), weights=(9, 1, 1))


def naive(recorded: list[Event]) -> Validity:
    writes = [i.value[0][1] for i, c in pairs(recorded) if i.value[0][0] == "w" and not (c and c.type == "fail")]
    reads = [
        {key: value for _, key, value in c.value}
        for i, c in pairs(recorded) if i.value[0][0] == "r" and c is not None and c.type == "ok"
    ]  # fmt: skip
    compared = False
    for a, b in combinations(reads, 2):
        if a.keys() != b.keys():
            continue
        seen = {key for read in reads if read.keys() == a.keys() for key in a if read[key] is not None}
        compared = compared or (bool(seen) and sum(key in writes or key in seen for key in a) > 1)
        ahead = any(a[key] is not None and b[key] is None for key in a)
        behind = any(b[key] is not None and a[key] is None for key in a)
        if ahead and behind:
            return Validity.INVALID
    return Validity.VALID if compared and len(set(writes)) == len(writes) else Validity.UNKNOWN


def test_agrees_with_its_definition() -> None:
    differential("long-fork", LongForkCheck(), make, naive, QUICK)


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_agrees_with_its_definition_at_length() -> None:
    differential("long-fork", LongForkCheck(), make, naive, LONG)


def of(*values: Any) -> History:
    kinds = ("invoke", "ok") * len(values)
    return History.of(
        Event(index=i, time=i, process=0, type=kind, f="read", value=values[i // 2]) for i, kind in enumerate(kinds)
    )


@pytest.mark.parametrize(
    "values",
    [
        ((("r", 0, None), ("r", 1, None)),) * 2,
        ((("w", 0, 1),), (("r", 0, 1), ("r", 1, None))),
        ((("w", 0, 1),), *((("r", 0, 1), ("r", 1, None)),) * 2),
        ((("w", 0, 1),), (("w", 1, 1),), *((("r", 0, None), ("r", 1, None)),) * 2),
    ],
    ids=["nothing written", "one read", "one key written", "nothing seen"],
)
def test_groups_that_could_not_fork_say_nothing(values: Any) -> None:
    verdict = LongForkCheck().check(of(*values), Budget())
    assert verdict.value is Validity.UNKNOWN and "nothing could have refuted the model" in verdict.reason


def test_reads_of_another_size_cannot_be_judged() -> None:
    read = (("r", 0, 1), ("r", 1, None))
    verdict = LongForkCheck(3).check(of(read, read), Budget())
    assert verdict.value is Validity.UNKNOWN
    assert "a read has 2 keys, where group-size is 3" in verdict.reason


def test_what_is_no_transaction_is_wrong_use() -> None:
    with pytest.raises(UsageError, match="lists of"):
        LongForkCheck().check(of(5), Budget())
