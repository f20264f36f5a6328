"""The toy store: it takes an order that explains all reads, and no other."""

from splitbrain.checkers.transactions.certificate import disorder, serial_objection, snapshot_objection
from splitbrain.harness.history import Event, History


def history(*programs: list[list[object]], apart: bool = False) -> History:
    """Transactions of processes 0, 1, …: all at once, or one after the other."""
    steps = [[tuple(step) for step in program] for program in programs]
    begins = [(number, "invoke") for number in range(len(steps))]
    ends = [(number, "ok") for number in range(len(steps))]
    pairs = [pair for both in zip(begins, ends, strict=True) for pair in both] if apart else begins + ends
    return History.of(
        [Event(index=at, time=at, process=p, type=kind, f="txn", value=steps[p]) for at, (p, kind) in enumerate(pairs)]
    )


SKEW = history([["r", "x", None], ["w", "y", 1]], [["r", "y", None], ["w", "x", 1]])


def test_a_serial_order_is_carried_out() -> None:
    one = history([["append", "x", 1], ["r", "x", [1]]], [["r", "x", [1]], ["append", "x", 2]])
    assert serial_objection(one, [0, 1], lists=True) is None
    assert "reads" in str(serial_objection(one, [1, 0], lists=True))
    assert serial_objection(one, [0], lists=True) == "transaction 1 is not in the order"
    assert serial_objection(one, [0, 1, 1], lists=True) == "a transaction is in the order twice"


def test_write_skew_is_an_order_of_snapshots_and_no_serial_one() -> None:
    assert all(serial_objection(SKEW, order, lists=False) for order in ([0, 1], [1, 0]))
    both = [(0, False), (1, False), (0, True), (1, True)]
    assert snapshot_objection(SKEW, both, lists=False) is None
    assert snapshot_objection(SKEW, [(0, False), (0, True), (1, False), (1, True)], lists=False) is not None


def test_the_first_committer_wins() -> None:
    lost = history([["r", "x", None], ["w", "x", 1]], [["r", "x", None], ["w", "x", 2]])
    objection = snapshot_objection(lost, [(0, False), (1, False), (0, True), (1, True)], lists=False)
    assert objection is not None and "committed after it began" in objection


def test_an_order_against_time_is_refused() -> None:
    one = history([["w", "x", 1]], [["w", "y", 1]], apart=True)
    assert disorder(one, [0, 1], [0, 1], realtime=True) is None
    assert disorder(one, [1, 0], [1, 0], realtime=True) is not None
    assert disorder(one, [1, 0], [1, 0], realtime=False) is None
