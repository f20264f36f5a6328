"""Sources of operations."""

from splitbrain.harness.generator import calls, deal, nothing, once, repeat, sequence, simulate
from splitbrain.harness.operation import Operation

READ = Operation("read")


def writes(count: int) -> list[Operation]:
    return [Operation("write", n) for n in range(count)]


def test_repeat_never_ends():
    moments = simulate(repeat(READ), concurrency=2, seconds=0.01)
    assert len(moments) == 20
    assert {m.operation for m in moments} == {READ}


def test_once_is_once_over_all_threads():
    assert len(simulate(once(READ), concurrency=5)) == 1


def test_nothing_is_nothing():
    assert simulate(nothing()) == []


def test_a_sequence_is_handed_out_in_order_to_whoever_asks():
    moments = simulate(sequence(writes(7)), concurrency=3)
    assert [m.operation.value for m in moments] == list(range(7))


def test_a_dealt_list_goes_to_fixed_threads():
    moments = simulate(deal(writes(8)), concurrency=3)
    assert {(m.thread, m.operation.value) for m in moments} == {(n % 3, n) for n in range(8)}


def test_calls_make_each_operation_and_none_ends_the_thread():
    generator = calls(lambda c: Operation("write", (c.thread, c.ordinal)) if c.ordinal < 2 + c.thread else None)
    moments = simulate(generator, concurrency=2)
    assert sorted(m.operation.value for m in moments) == [(0, 0), (0, 1), (1, 0), (1, 1), (1, 2)]
