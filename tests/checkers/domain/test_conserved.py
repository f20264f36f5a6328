"""`conserved`: the total counts before the first transfer and after the last one. `bank` by its definition."""

from random import Random
from typing import Any

import msgspec
import pytest

from splitbrain.checkers.domain.bank import BankCheck
from splitbrain.checkers.domain.conserved import ConservedCheck
from splitbrain.harness.budget import Budget
from splitbrain.harness.errors import UsageError
from splitbrain.harness.history import Event, History
from splitbrain.harness.verdict import Validity, Verdict

from .randomly import LONG, QUICK, differential, events, pairs

MOVE = {"from": "a", "to": "b", "amount": 1}


def judged(*told: tuple[int, str, str, Any], total: int | None = None) -> Verdict:
    """The verdict on events: process, type, operation, value."""
    listed = [
        Event(index=at, time=at, process=process, type=kind, f=f, value=value)
        for at, (process, kind, f, value) in enumerate(told)
    ]
    return ConservedCheck(total).check(History.of(listed), Budget())


def read(process: int, a: int, b: int) -> list[tuple[int, str, str, Any]]:
    return [(process, "invoke", "read", None), (process, "ok", "read", {"a": a, "b": b})]


BEGUN, ENDED = (9, "invoke", "transfer", MOVE), (9, "ok", "transfer", MOVE)


def test_money_that_is_nowhere_for_a_while_is_counted() -> None:
    found = judged(*read(0, 5, 5), BEGUN, *read(1, 4, 5), ENDED, *read(2, 4, 6))
    assert found.value is Validity.VALID
    assert found.details["intermediate_reads"] == 1 and found.details["total"] == 10


@pytest.mark.parametrize(("a", "b", "word"), [(4, 5, "the total is 9, not 10"), (-1, 11, "account a has -1")])
def test_what_is_missing_in_the_end_refutes(a: int, b: int, word: str) -> None:
    found = judged(*read(0, 5, 5), BEGUN, ENDED, *read(2, a, b))
    assert found.value is Validity.INVALID and word in found.reason
    assert found.witness is not None and len(found.witness.events) == 4


def test_without_a_read_at_both_ends_nothing_could_refute() -> None:
    assert judged(BEGUN, ENDED, *read(2, 4, 6)).value is Validity.UNKNOWN
    assert judged(*read(0, 5, 5), BEGUN, ENDED).value is Validity.UNKNOWN
    assert judged(*read(0, 5, 5), BEGUN, *read(1, 0, 0)).value is Validity.UNKNOWN
    assert judged(BEGUN, ENDED, *read(2, 4, 6), total=10).value is Validity.VALID


@pytest.mark.parametrize("end", ["fail", "info"])
def test_transfers_that_nobody_saw_happen_say_nothing(end: str) -> None:
    found = judged(*read(0, 5, 5), BEGUN, (9, end, "transfer", MOVE), *read(2, 5, 5))
    assert found.value is Validity.UNKNOWN and "no transfer was acknowledged, or seen" in found.reason
    assert judged(*read(0, 5, 5), BEGUN, (9, end, "transfer", MOVE), *read(2, 4, 6)).value is Validity.VALID
    assert judged(*read(0, 5, 5), *read(1, 5, 5)).value is Validity.UNKNOWN


def test_totals_of_fractions_may_be_rounded() -> None:
    tenths = [{"a": 0.1, "b": 0.2, "c": 0.3}, {"a": 0.3, "b": 0.2, "c": 0.1}]
    first, last = ([(p, "invoke", "read", None), (p, "ok", "read", seen)] for p, seen in enumerate(tenths))
    assert judged(*first, BEGUN, ENDED, *last).value is Validity.VALID


def test_other_operations_are_wrong_use() -> None:
    with pytest.raises(UsageError):
        judged((0, "invoke", "write", 1), (0, "ok", "write", 1))


def moved(random: Random) -> list[Event]:
    """Transfers among three accounts whose two halves come apart, and reads; money is lost now and then."""
    accounts, flaw = dict.fromkeys("abc", 3), random.choice((0.0, 0.1, 0.4))

    def ask(random: Random) -> dict[str, Any]:
        if random.random() < 0.5:
            return {"f": "read"}
        one, other = random.sample("abc", 2)
        return {"f": "transfer", "value": {"from": one, "to": other, "amount": random.randint(1, 2)}}

    def answer(random: Random, invoked: Event, kind: str) -> dict[str, Any]:
        if invoked.f == "read":
            seen = {name: balance - (random.random() < flaw / 2) for name, balance in accounts.items()}
            return {"value": seen} if kind == "ok" else {}
        amount = invoked.value["amount"]
        if kind == "ok" or (kind == "info" and random.random() < 0.5):
            accounts[invoked.value["from"]] -= amount
            accounts[invoked.value["to"]] += amount - (random.random() < flaw)
        return {}

    read_first = [Event(index=0, time=0, process=90, type="invoke", f="read")]
    read_first.append(Event(index=1, time=1, process=90, type="ok", f="read", value=dict(accounts)))
    out = events(random, ask, answer, random.randint(1, 8), weights=random.choice(((8, 1, 1), (0, 1, 1), (1, 0, 0))))
    if random.random() < 0.8:
        out = [*read_first, *out]
    if random.random() < 0.8:
        last = answer(random, read_first[0], "ok")["value"]
        out += [msgspec.structs.replace(read_first[0], process=91), msgspec.structs.replace(
            read_first[1], process=91, value=last)]  # fmt: skip
    return [msgspec.structs.replace(event, index=at, time=at) for at, event in enumerate(out)]


def reads_of(recorded: list[Event]) -> list[tuple[int, int, dict[str, int]]]:
    return [
        (i.index, c.index, c.value) for i, c in pairs(recorded) if i.f == "read" and c is not None and c.type == "ok"
    ]


def naive_conserved(recorded: list[Event]) -> Validity:
    transfers = [(i, c) for i, c in pairs(recorded) if i.f == "transfer"]
    reads = reads_of(recorded)
    before = [seen for _, end, seen in reads if all(end < i.index for i, _ in transfers)]
    after = [seen for begin, _, seen in reads if all(c is not None and c.index < begin for _, c in transfers)]
    if not before or not after:
        return Validity.UNKNOWN
    if any(sum(seen.values()) != sum(before[0].values()) or min(seen.values()) < 0 for seen in (*before, *after)):
        return Validity.INVALID
    happened = any(c is not None and c.type == "ok" for _, c in transfers) or len({str(seen) for *_, seen in reads}) > 1
    return Validity.VALID if happened else Validity.UNKNOWN


def naive_bank(recorded: list[Event]) -> Validity:
    reads = sorted(reads_of(recorded), key=lambda read: read[1])
    if any(sum(seen.values()) != sum(reads[0][2].values()) or min(seen.values()) < 0 for *_, seen in reads):
        return Validity.INVALID
    done = [i.index for i, c in pairs(recorded) if i.f == "transfer" and c is not None and c.type == "ok"]
    happened = any(begun < reads[-1][1] for begun in done) if reads else False
    happened = happened or len({str(seen) for *_, seen in reads}) > 1
    return Validity.VALID if len(reads) > 1 and happened else Validity.UNKNOWN


@pytest.mark.parametrize("count", [QUICK, pytest.param(LONG, marks=[pytest.mark.long, pytest.mark.timeout(3600)])])
def test_accounts_are_judged_by_their_definitions(count: int) -> None:
    differential("conserved", ConservedCheck(), moved, naive_conserved, count)
    differential("bank", BankCheck(), moved, naive_bank, count)
