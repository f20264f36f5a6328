"""Secondary indexes: which reads miss a write, what crashes leave behind, and what one dead partition stops."""

import pytest

from splitbrain.harness.random_stream import RandomStream
from splitbrain.textbook.indexes import IndexedTable, IndexKind, asked, read_ms, served_without


@pytest.mark.parametrize("kind", [IndexKind.LOCAL, IndexKind.TRANSACTION])
def test_what_is_written_in_one_step_is_found(kind: IndexKind) -> None:
    draw = RandomStream(1, "index")
    tables = [IndexedTable(kind, draw) for _ in range(4)]
    assert sum(len(table.reads) for table in tables) > 10_000
    for table in tables:
        assert all(table.reads) and not table.wrong and table.written > 1000
        assert set(table.windows_ms) == {0.0}


def test_entries_sent_afterwards_are_missed_for_a_while_and_lost_by_crashes_without_a_log() -> None:
    sent, logged = (IndexedTable(kind, RandomStream(1, "index")) for kind in (IndexKind.SENT, IndexKind.LOGGED))
    for table in (sent, logged):
        assert 0.1 < 1 - sum(table.reads) / len(table.reads) < 0.3
        assert 10 < sorted(table.windows_ms)[len(table.windows_ms) // 2] < 20
    assert sent.wrong > 0 and logged.wrong == 0


def test_a_local_read_asks_all_and_a_transaction_writes_two() -> None:
    draw = RandomStream(1, "down")
    assert (asked(IndexKind.LOCAL), asked(IndexKind.SENT)) == (10, 1)
    served = {kind: [served_without(kind, 3, draw) for _ in range(2000)] for kind in IndexKind}
    reads = {kind: sum(read for read, _ in found) / 2000 for kind, found in served.items()}
    writes = {kind: sum(write for _, write in found) / 2000 for kind, found in served.items()}
    assert reads[IndexKind.LOCAL] == 0 and reads[IndexKind.SENT] == pytest.approx(0.9, abs=0.03)
    assert writes[IndexKind.SENT] == pytest.approx(0.9, abs=0.03)
    assert writes[IndexKind.TRANSACTION] == pytest.approx(0.81, abs=0.03)
    local, one = ([read_ms(kind, draw) for _ in range(2000)] for kind in (IndexKind.LOCAL, IndexKind.SENT))
    assert sum(local) > 3 * sum(one)
