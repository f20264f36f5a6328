"""Assumptions on the keys of registers, compared with search over all orders of versions that satisfy them."""

from collections import Counter
from collections.abc import Callable
from random import Random

import pytest

from splitbrain.checkers.catalogue import entry
from splitbrain.checkers.transactions.assumption_names import LINEARIZABLE, NOTHING, SEQUENTIAL
from splitbrain.checkers.transactions.check import TransactionCheck
from splitbrain.checkers.transactions.conditions import JUDGED
from splitbrain.harness.budget import Budget
from splitbrain.harness.errors import UsageError
from splitbrain.harness.histories import read
from splitbrain.harness.history import Event, History
from splitbrain.harness.options import settle
from splitbrain.harness.verdict import Validity, Verdict

from .exhaustive import Small, Tx, conditions, transactions_of
from .small import Maker
from .test_against_search import DIRTY, LOOSE, WITHOUT_INT, closed
from .test_known_answers import DATA

BEFORE: dict[str, Callable[[Tx, Tx], bool]] = {
    SEQUENTIAL: lambda one, other: one.process == other.process and one.end < other.begin,
    LINEARIZABLE: lambda one, other: one.end < other.begin,
}
ORDERS_MAX = 100


def judged(events: list[Event], assume: str, level: str = "serializable") -> Verdict:
    return TransactionCheck("rw-register", level, assume).check(History.of(events), Budget())


def touched(small: Small, txn: Tx, key: object, order: tuple) -> list[int]:
    """The places at which a transaction meets a key along an order of its versions: readers stand behind writers."""
    places: list[int] = []
    for f, k, value in txn.ops:
        if k != key:
            continue
        if f != "r":
            return [*places, 2 * order.index(txn.written(key)[-1])]
        if txn.status == "ok" and value is None:
            places.append(-1)
        elif txn.status == "ok" and value in order and small.writer[key, value] is not txn:
            places.append(2 * order.index(value) + 1)
    return places


def admissible(small: Small, orders: dict, assume: str) -> bool:
    """Whether no key goes back under these orders of versions."""
    for key in {k for txn in small.txns for _, k, _ in txn.ops}:
        places = {txn: touched(small, txn, key, orders.get(key, ())) for txn in small.txns}
        places = {txn: found for txn, found in places.items() if found}
        if any(txn.written(key) and max(found) > found[-1] for txn, found in places.items()):
            return False
        pairs = ((one, other) for one in places for other in places if BEFORE[assume](one, other))
        if any(max(places[one]) > min(places[other]) for one, other in pairs):
            return False
    return True


def expected(events: list[Event], assume: str) -> set[str] | None:
    """The levels allowed under the assumption; None if it does not hold."""
    small = Small(transactions_of(events, False), False)
    found = [conditions(small, orders) for orders in small.orders() if admissible(small, orders, assume)]
    if not found:
        return None
    allowed = set[str]().union(*found) if small.txns else set(JUDGED)
    if small.anomalies & {"internal", "future-read"}:
        allowed &= WITHOUT_INT
    if small.blind_to_own:
        allowed.discard("read-committed-axiom")
    if small.anomalies & DIRTY:
        allowed &= LOOSE
    if "unwritten-read" in small.anomalies:
        allowed = set()
    return closed(allowed)


def unisolated(random: Random) -> list[Event]:
    """A history of a store with no isolation whose keys are linearizable: each micro-operation takes effect by itself,
    some time inside of its transaction."""
    state: dict[int, int] = {}
    events: list[Event] = []
    left: dict[int, list[tuple]] = {}
    done: dict[int, list[tuple]] = {}
    slots, retired, value, count, keys = [0, 1, 2], 100, 0, random.randint(4, 8), random.randint(1, 3)

    def add(process: int, kind: str, steps: list[tuple]) -> None:
        at = len(events)
        events.append(Event(index=at, time=at, process=process, type=kind, f="txn", value=tuple(steps)))

    while count or left:
        slot = random.randrange(3)
        process = slots[slot]
        if process not in left:
            if count:
                count -= 1
                left[process], done[process] = [], []
                for key in random.sample(range(keys), random.randint(1, keys)):
                    value += 1
                    left[process].append(("r", key, None) if random.random() < 0.4 else ("w", key, value))
                add(process, "invoke", left[process])
        elif left[process]:
            f, key, value_here = left[process].pop(0)
            if f == "w":
                state[key] = value_here
            done[process].append((f, key, state.get(key)))
        else:
            del left[process]
            lost = random.random() < 0.1
            asked = [(f, key, None if f == "r" else made) for f, key, made in done[process]]
            add(process, "info" if lost else "ok", asked if lost else done[process])
            if lost:
                slots[slot] = retired = retired + 1
    return events


def compare(assume: str, seed: int, count: int) -> None:
    """Compare so many histories that satisfy the assumption, and those that do not on the way."""
    told: Counter[str] = Counter()
    number = 0
    while told["holds"] < count:
        number += 1
        random = Random(f"{assume} {seed} {number}")
        events = Maker(random, False, worse=True).history() if number % 4 == 0 else unisolated(random)
        if Small(transactions_of(events, False), False).order_count() > ORDERS_MAX:
            continue
        found, allowed = judged(events, assume).details, expected(events, assume)
        assert found["undecided"] == {}
        plain = judged(events, NOTHING).details
        mine = {model for model in found["allowed"] if model in JUDGED}
        if allowed is None:
            told["does not hold"] += 1
            assert number % 4 == 0, (number, events)
            assert found["assumption_objection"], (number, events)
            assert {name: found[name] for name in plain} == plain
            continue
        told["holds"] += 1
        assert found["assumption_objection"] is None, (number, events)
        assert mine == allowed, (number, events)
        assert set(found["allowed"]) <= set(plain["allowed"])
        told["refutes more"] += len(found["allowed"]) < len(plain["allowed"])
    print(f"{assume}: {dict(told)}")
    assert told["refutes more"] >= count // 150 and told["does not hold"] >= count // 100


@pytest.mark.parametrize("assume", BEFORE)
def test_levels_are_those_of_orders_that_satisfy_the_assumption(assume: str) -> None:
    compare(assume, 3, 150)


def test_known_answer_of_elle() -> None:
    history = read(DATA / "elle-rw-g0-final-reads.jsonl")  # each session reads in the end what the other one wrote
    plain, sessions, realtime = (
        TransactionCheck("rw-register", "serializable", assume).check(history, Budget())
        for assume in (NOTHING, SEQUENTIAL, LINEARIZABLE)
    )
    assert plain.value is Validity.VALID
    assert sessions.value is Validity.INVALID and sessions.details["anomalies"] == ["G0"]
    assert "(by the assumption on keys)" in sessions.reason
    assert realtime.value is Validity.UNKNOWN and realtime.details["anomalies"] == ["G-single-process"]
    assert realtime.details["assumption_objection"] == (
        "T0 wrote y = 2 and ended before T2 wrote y = 1; T2 wrote y = 1 and ended before T6 read y = 2"
    )


def test_read_of_what_is_written_later_is_an_objection_and_no_anomaly() -> None:
    history = read(DATA / "elle-rw-scc-sort.jsonl")
    verdict = TransactionCheck("rw-register", "serializable", LINEARIZABLE).check(history, Budget())
    assert verdict.value is Validity.UNKNOWN
    first, *more = verdict.reason.split("\n")
    assert first.startswith("the assumption linearizable-keys does not hold: T5 read x = 4 and ended before T7")
    assert more[0].startswith("without it: 5 transactions are serializable")
    assert verdict.details["anomalies"] == ["G1c-process"]
    refuted = TransactionCheck("rw-register", "strict-serializable", LINEARIZABLE).check(history, Budget())
    assert refuted.value is Validity.INVALID and "the verdict is without it" in refuted.reason


def serial_events(transactions: int, random: Random) -> list[Event]:
    """A strictly serializable history: each transaction takes effect at once, some time before it ends."""
    state: dict[int, int] = {}
    events: list[Event] = []
    open_now: dict[int, tuple] = {}
    begun = value = 0

    def add(process: int, kind: str, steps: tuple) -> None:
        at = len(events)
        events.append(Event(index=at, time=at, process=process, type=kind, f="txn", value=steps))

    while begun < transactions or open_now:
        process = random.randrange(6)
        if process in open_now:
            add(process, "ok", open_now.pop(process))
        elif begun < transactions:
            begun += 1
            asked: list[tuple] = []
            done: list[tuple] = []
            for _ in range(random.randint(1, 4)):
                key = begun // 80 * 4 + random.randrange(4)
                if random.random() < 0.5:
                    asked.append(("r", key, None))
                    done.append(("r", key, state.get(key)))
                else:
                    value += 1
                    state[key] = value
                    asked.append(("w", key, value))
                    done.append(asked[-1])
            add(process, "invoke", tuple(asked))
            open_now[process] = tuple(done)
    return events


@pytest.mark.parametrize("assume", BEFORE)
def test_strictly_serializable_history_satisfies_each_assumption(assume: str) -> None:
    events = serial_events(1500, Random(7))
    verdict = judged(events, assume, "strict-serializable")
    assert verdict.value is Validity.VALID, verdict.reason
    assert verdict.details["assumption_objection"] is None and verdict.details["anomalies"] == []


def test_option_is_of_registers_and_has_words() -> None:
    registers, lists = (entry(name).options for name in ("rw-register", "list-append"))
    assert settle(registers, {"assume": SEQUENTIAL}, "model rw-register")["assume"] == SEQUENTIAL
    made: object = entry("rw-register").make({"assume": SEQUENTIAL})
    assert made == TransactionCheck("rw-register", assume=SEQUENTIAL)
    with pytest.raises(UsageError, match="option assume is one of nothing, sequential-keys, linearizable-keys"):
        settle(registers, {"assume": "sequential"}, "model rw-register")
    with pytest.raises(UsageError, match="no option 'assume'"):
        settle(lists, {"assume": SEQUENTIAL}, "model list-append")


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("assume", BEFORE)
def test_levels_are_those_of_orders_that_satisfy_the_assumption_at_length(assume: str) -> None:
    compare(assume, 2, 30_000)
