"""The journal's promises and the log's memory."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from splitbrain.harness.program import Append, Effect, Replace, Send, Sync, Truncate
from splitbrain.targets.stores.journal import Journal
from splitbrain.targets.stores.log import ReplicaLog
from splitbrain.targets.stores.messages import Entry, Request


def entry(term: int, value: int = 0) -> Entry:
    """An entry that can be told from others."""
    return Entry(term, Request("write", "x", value, "s", value))


def written(effects: list[Effect]) -> bytes:
    """All bytes that are appended."""
    return b"".join(effect.data for effect in effects if isinstance(effect, Append))


def test_one_sync_at_a_time_and_the_next_takes_all_that_came_meanwhile() -> None:
    journal = Journal()
    journal.write(b"1")
    assert [type(effect) for effect in journal.flush()] == [Append, Sync]
    journal.write(b"2")
    journal.write(b"3")
    assert [type(effect) for effect in journal.flush()] == [Append]
    journal.on_durable(1)
    assert journal.durable == 1
    assert journal.flush() == [Sync(2)]
    journal.on_durable(2)
    assert journal.durable == 3
    assert journal.flush() == []


def test_a_promise_is_held_until_its_record_is_durable() -> None:
    journal = Journal()
    late, early = Send("n2", "late"), Send("n2", "early")
    journal.hold(journal.write(b"1"), early)
    journal.flush()
    journal.hold(journal.write(b"2"), late)
    journal.flush()
    assert journal.released() == []
    journal.on_durable(1)
    assert journal.released() == [early]
    journal.flush()
    journal.on_durable(2)
    assert journal.released() == [late]
    assert journal.released() == []


def test_a_journal_in_memory_promises_at_once_and_remembers_nothing() -> None:
    journal = Journal(persistent=False)
    journal.hold(journal.write(b"1"), Send("n2", "done"))
    assert journal.flush() == []
    assert journal.released() == [Send("n2", "done")]
    assert Journal(persistent=False).recover({"log": b"anything"}) == ([], [])


def test_a_torn_tail_is_cut_once() -> None:
    log = ReplicaLog(Journal())
    log.ballot(3, "n1")
    log.append(entry(3))
    good = written(log.journal.flush())
    log.append(entry(3, 1))
    torn = good + written(log.journal.flush())[:-1]
    again = ReplicaLog(Journal())
    assert again.recover({"log": torn}) == [Truncate("log", len(good))]
    assert (again.term, again.vote, again.last, again.durable) == (3, "n1", 1, 1)
    assert ReplicaLog(Journal()).recover({"log": good}) == []


Step = tuple[int, list[int]]


@given(st.lists(st.tuples(st.integers(0, 8), st.lists(st.integers(1, 4), max_size=4)), max_size=12))
def test_what_is_recovered_is_what_was_there(steps: list[Step]) -> None:
    """Entries that are replaced again and again."""
    log = ReplicaLog(Journal())
    data = b""
    for number, (previous, terms) in enumerate(steps):
        log.merge(min(previous, log.last), [entry(term, number) for term in terms])
        data += written(log.journal.flush())
    again = ReplicaLog(Journal())
    again.recover({"log": data})
    assert again.between(1, again.last) == log.between(1, log.last)


def test_merge_keeps_what_agrees_and_tells_what_had_to_go() -> None:
    log = ReplicaLog(Journal())
    assert log.merge(0, [entry(1), entry(1), entry(2)]) is None
    assert log.merge(0, [entry(1)]) is None
    assert log.last == 3
    assert log.merge(1, [entry(1), entry(3), entry(3)]) == 3
    assert [log.term_at(i) for i in range(6)] == [0, 1, 1, 3, 3, None]


@pytest.mark.parametrize(
    ("index", "term", "hint"),
    [(0, 0, None), (2, 1, None), (3, 1, (3, 2)), (5, 4, (3, 2)), (9, 4, (6, 0))],
)
def test_a_conflict_says_where_to_look_next(index: int, term: int, hint: tuple[int, int] | None) -> None:
    log = ReplicaLog(Journal())
    log.merge(0, [entry(term) for term in (1, 1, 2, 2, 2)])
    assert log.conflict(index, term) == hint
    assert (log.last_of(1), log.last_of(2), log.last_of(3)) == (2, 5, None)


def test_the_disk_is_behind_until_it_has_said_so() -> None:
    log = ReplicaLog(Journal())
    log.append(entry(1))
    log.journal.flush()
    log.append(entry(1))
    log.journal.flush()
    log.journal.on_durable(1)
    log.settle()
    assert (log.durable, log.last) == (1, 2)
    log.merge(0, [entry(2)])
    assert (log.durable, log.last) == (0, 1)


def test_entries_that_a_snapshot_replaced_become_durable_with_their_own_records() -> None:
    """Entries that are not only in the snapshot's file: the old file has them until the new one is there."""
    log = ReplicaLog(Journal())
    log.append(entry(1))
    log.append(entry(1, 1))
    log.journal.flush()
    log.compact(2, b"state", 0)
    log.compact(2, b"state", 0)
    log.journal.flush()
    log.settle()
    assert (log.base, log.durable) == (2, 0)
    log.journal.on_durable(1)
    log.settle()
    assert log.durable == 2


def test_what_is_recovered_from_a_snapshot_is_what_was_there() -> None:
    log = ReplicaLog(Journal())
    log.ballot(3, "n1")
    log.merge(0, [entry(1, 1), entry(2, 2), entry(3, 3), entry(3, 4)])
    log.compact(3, b"state", 1)
    (replace, _) = log.journal.flush()
    assert isinstance(replace, Replace)
    again = ReplicaLog(Journal())
    again.recover({"log": replace.data})
    assert (again.term, again.vote, again.base, again.last, again.durable) == (3, "n1", 2, 4, 4)
    assert again.between(3, 4) == log.between(3, 4)
    assert again.snapshot is not None
    assert (again.snapshot.index, again.snapshot.state) == (3, b"state")
    assert [again.term_at(i) for i in range(1, 6)] == [None, 2, 3, 3, None]
