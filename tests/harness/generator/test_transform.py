"""Changes and selections of operations."""

import pytest

from splitbrain.harness.errors import UsageError
from splitbrain.harness.generator import calls, keep, limit, rename, repeat, sequence, simulate, transform
from splitbrain.harness.operation import Operation

WRITES = sequence(Operation("write", n) for n in range(6))


def test_transform_changes_every_operation():
    moments = simulate(transform(lambda o: Operation(o.f, o.value * 10, "x"), WRITES))
    assert [(m.operation.value, m.operation.key) for m in moments] == [(n * 10, "x") for n in range(6)]


def test_rename_leaves_the_rest():
    moments = simulate(rename({"write": "put"}, WRITES))
    assert moments[3].operation == Operation("put", 3)
    assert simulate(rename({"x": "y"}, WRITES)) == simulate(WRITES)


def test_keep_picks():
    assert [m.operation.value for m in simulate(keep(lambda o: o.value % 2 == 1, WRITES))] == [1, 3, 5]


def test_keep_draws_again():
    draws = calls(lambda context: Operation("write", context.draws.below(10)))
    moments = simulate(limit(100, keep(lambda o: o.value < 3, draws)))
    assert {m.operation.value for m in moments} == {0, 1, 2}


def test_keep_that_refuses_everything_says_so():
    with pytest.raises(UsageError, match="refused 10,000 operations"):
        simulate(keep(lambda o: False, repeat(Operation("read"))))
