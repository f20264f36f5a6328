"""The course of a test as promised: who does what, how it ends, and under which process it stands."""

import asyncio
from itertools import pairwise

import pytest

from splitbrain.harness.client import TRANSPORT, ErrorTable, Rule
from splitbrain.harness.environment import Death
from splitbrain.harness.errors import InfrastructureError, UsageError
from splitbrain.harness.generator import (
    SECOND,
    Wait,
    calls,
    cycle,
    deal,
    delay,
    limit,
    mix,
    nothing,
    on_threads,
    once,
    per_thread,
    phases,
    rate,
    repeat,
    reserve,
    sequence,
    simulate,
    sleep,
    then,
    until_ok,
)  # fmt: skip
from splitbrain.harness.operation import ErrorKind, EventType, Operation, Outcome

READ, WRITE = Operation("read"), Operation("write", 1)


def test_every_operation_is_recorded_at_its_thread_s_node(stage):
    done = stage.run_test(limit(9, repeat(WRITE)))
    events = stage.events()
    assert [e.type for e in events].count("invoke") == [e.type for e in events].count("ok") == 9
    assert all(e.node == f"n{e.process % 3 + 1}" for e in events)
    assert stage.steps == ["setup", "teardown"]
    assert stage.progress.counts == [9, 9, 0, 0]
    assert stage.progress.phase == "over"
    assert done.main == (0, events[-1].time)


def test_more_threads_than_nodes_are_dealt_over_them(stage):
    stage.run_test(per_thread(once(READ)), concurrency=5)
    assert {e.process: e.node for e in stage.events()} == {0: "n1", 1: "n2", 2: "n3", 3: "n1", 4: "n2"}


def test_after_info_a_process_is_retired_and_its_client_replaced(stage):
    async def lost(client, operation):
        await asyncio.sleep(0.01)
        raise ConnectionResetError("gone")

    stage.invoke = lost
    stage.run_test(on_threads([1], limit(3, repeat(WRITE))))
    assert stage.lines() == [
        (1, "invoke", "write", 1),
        (1, "info", "write", "connection"),
        (4, "invoke", "write", 1),
        (4, "info", "write", "connection"),
        (7, "invoke", "write", 1),
        (7, "info", "write", "connection"),
    ]
    assert stage.opened == 5  # set-up, three operations, teardown


def test_a_timeout_of_a_write_is_info_and_of_a_read_fail(stage):
    async def silent(client, operation):
        await asyncio.sleep(3600)

    stage.invoke = silent
    stage.run_test(on_threads([0], sequence([WRITE, READ, READ])), timeout=0.5)
    assert stage.lines() == [
        (0, "invoke", "write", 1),
        (0, "info", "write", "timeout"),
        (3, "invoke", "read", None),
        (3, "fail", "read", "timeout"),
        (3, "invoke", "read", None),
        (3, "fail", "read", "timeout"),
    ]
    times = [e.time for e in stage.events()]
    assert [b - a for a, b in pairwise(times)][::2] == [SECOND // 2] * 3


def test_a_late_reply_never_answers_the_next_request(stage):
    """A client that answers in order of arrival, the first time too late: only a fresh one gives the right answer."""
    replies = {}

    async def queued(client, operation):
        mine = replies.setdefault(client.number, asyncio.Queue())
        late = 1.2 if operation.value == 0 else 0.1
        asyncio.get_running_loop().call_later(late, mine.put_nowait, operation.value)
        return Outcome.ok(await mine.get())

    stage.invoke = queued
    stage.run_test(on_threads([0], sequence(Operation("read", n) for n in range(5))), timeout=1.0)
    seen = [(e.type, e.value) for e in stage.events() if e.type != "invoke"]
    assert seen == [("fail", 0), ("ok", 1), ("ok", 2), ("ok", 3), ("ok", 4)]


@pytest.mark.parametrize(
    ("error", "f", "ended", "kind"),
    [
        (ConnectionRefusedError("no"), "write", "fail", "refused"),
        (ConnectionResetError("gone"), "write", "info", "connection"),
        (ConnectionResetError("gone"), "read", "fail", "connection"),
        (KeyError("bug"), "write", "info", "other"),
        (KeyError("bug"), "read", "fail", "other"),
        (KeyError("bug"), "unheard-of", "info", "other"),
        (IndexError("no leader"), "write", "fail", "no-leader"),
    ],
)
def test_what_an_error_means_is_the_table_s_to_say(stage, error, f, ended, kind):
    async def failing(client, operation):
        await asyncio.sleep(0.001)
        raise error

    stage.errors = ErrorTable((*TRANSPORT, Rule(IndexError, ErrorKind.NO_LEADER, definite=True)))
    stage.invoke = failing
    stage.run_test(once(Operation(f)))
    (event,) = [e for e in stage.events() if e.type != "invoke"]
    assert (event.type, event.error[0]) == (ended, kind)


def test_an_error_that_nobody_foresaw_is_told_with_its_type(stage):
    async def failing(client, operation):
        return {}["lost"]

    stage.invoke = failing
    stage.run_test(once(WRITE))
    assert stage.events()[-1].error == ("other", "KeyError: 'lost'")


def test_a_client_that_cannot_connect_has_sent_nothing_and_backs_off(stage):
    async def refused(client):
        if client.number > 1:
            raise ConnectionRefusedError("nobody there")

    stage.open = refused
    stage.run_test(on_threads([0], limit(6, repeat(WRITE))))
    begun = [e.time / SECOND for e in stage.events() if e.type == "invoke"]
    assert [round(b - a, 3) for a, b in pairwise(begun)] == [0.1, 0.2, 0.4, 0.8, 1.0]
    ends = [e for e in stage.events() if e.type != "invoke"]
    assert {(e.type, e.error, e.process) for e in ends} == {
        ("fail", ("refused", "while connecting: nobody there"), 0),
    }


def test_a_client_that_never_connects_has_sent_nothing_either(stage):
    async def hanging(client):
        if client.number > 1:
            await asyncio.sleep(3600)

    stage.open = hanging
    stage.run_test(once(WRITE))
    assert stage.lines() == [(0, "invoke", "write", 1), (0, "fail", "write", "refused")]


def test_an_answer_keeps_the_connection(stage):
    async def refusing(client, operation):
        await asyncio.sleep(0.001)
        return Outcome.fail(ErrorKind.PRECONDITION, "not 4")

    stage.invoke = refusing
    stage.run_test(on_threads([2], limit(5, repeat(WRITE))))
    assert stage.opened == 3  # set-up, five operations, teardown


def test_a_client_that_gives_no_reason_is_recorded_as_such(stage):
    async def mute(client, operation):
        return Outcome(EventType.INFO)

    stage.invoke = mute
    stage.run_test(once(WRITE))
    assert stage.events()[-1].error[0] == "other"


def test_a_client_that_forgets_to_return_is_told(stage):
    stage.invoke = lambda client, operation: asyncio.sleep(0.01)
    stage.run_test(once(WRITE))
    assert stage.events()[-1].error == ("other", "TypeError: the client's invoke returned None, which is no outcome")


def test_a_generator_that_answers_nonsense_is_told(stage):
    with pytest.raises(UsageError, match="answered 'read'"):
        stage.run_test(repeat("read"))


def test_a_client_that_turns_its_cancellation_into_an_error_is_believed(stage):
    async def stubborn(client, operation):
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            raise ConnectionResetError("cut off") from None

    stage.invoke = stubborn
    stage.run_test(on_threads([0], limit(3, repeat(WRITE))))
    assert [line[3] for line in stage.lines() if line[1] == "info"] == ["connection"] * 3


def test_the_time_limit_ends_main_and_waits_for_what_is_under_way(stage):
    async def slow(client, operation):
        await asyncio.sleep(0.7)
        return Outcome.ok()

    stage.invoke = slow
    done = stage.run_test(repeat(WRITE), time_limit=2.0)
    invoked = [e.time for e in stage.events() if e.type == "invoke"]
    assert max(invoked) < 2 * SECOND
    assert done.main[1] == round(2.1 * SECOND)
    assert len(stage.events()) == 2 * len(invoked)


def test_a_generator_that_ends_ends_main_early(stage):
    assert stage.run_test(nothing()).main == (0, 0)
    assert stage.events() == []


def test_a_generator_that_waits_for_what_never_comes_ends_at_the_time_limit(stage):
    class Patient:
        def next(self, context):
            return Wait(), self

        def update(self, completion):
            return self

    assert stage.run_test(Patient(), time_limit=3.0).main == (0, 3 * SECOND)


def test_operations_that_take_no_time_do_not_stop_it(stage):
    async def instantly(client, operation):
        return Outcome.ok()

    stage.invoke = instantly
    stage.run_test(repeat(READ), time_limit=0.001)
    events = stage.events()
    assert len(events) == 2 * 3 * 1000
    assert {e.process for e in events[:6]} == {0, 1, 2}


def test_the_rate_is_over_all_threads(stage):
    stage.run_test(repeat(READ), rate=50.0, time_limit=100.0)
    assert 4600 < len(stage.events()) / 2 < 5400


def test_a_thread_that_hung_catches_up_with_the_others(stage):
    async def hung(client, operation):
        await asyncio.sleep(8.0 if client.node.name == "n2" and stage.now() < SECOND else 0.001)
        return Outcome.ok()

    stage.invoke = hung
    stage.run_test(repeat(READ), rate=60.0, time_limit=20.0, timeout=10.0)
    done = [sum(e.process == thread and e.type == "ok" for e in stage.events()) for thread in range(3)]
    assert all(count == pytest.approx(400, rel=0.15) for count in done)


def test_phases_have_a_barrier(stage):
    async def by_node(client, operation):
        await asyncio.sleep(0.1 * int(client.node.name[1]))
        return Outcome.ok()

    stage.invoke = by_node
    stage.run_test(phases(per_thread(once(WRITE)), per_thread(once(READ))))
    order = [(e.type, e.f) for e in stage.events()]
    assert order == [("invoke", "write")] * 3 + [("ok", "write")] * 3 + [("invoke", "read")] * 3 + [("ok", "read")] * 3


def test_final_operations_see_what_was_done_and_go_on_under_the_same_processes(stage):
    async def lost(client, operation):
        if operation.f == "write":
            raise ConnectionResetError("gone")
        return Outcome.ok(7)

    stage.invoke = lost
    counted = []

    def final(history):
        counted.append(len(history))
        return per_thread(once(READ))

    stage.run_test(per_thread(once(WRITE)), final=final)
    assert counted == [6]
    assert sorted(e.process for e in stage.events()[6:]) == [3, 3, 4, 4, 5, 5]


def test_final_operations_are_limited_in_time(stage):
    done = stage.run_test(nothing(), final=lambda history: repeat(READ), final_limit=0.05)
    assert done.main == (0, 0)
    assert len(stage.events()) == 2 * 3 * 50


def test_set_up_waits_for_nodes_that_do_not_serve_yet(stage):
    async def not_yet(client):
        if stage.now() < 3 * SECOND:
            raise ConnectionRefusedError("not yet")

    stage.open = not_yet
    assert stage.run_test(once(READ)).main[0] == 3 * SECOND
    assert stage.steps == ["setup", "teardown"]


def test_nodes_that_never_serve_are_a_failure_of_the_infrastructure(stage):
    async def never(client):
        raise ConnectionRefusedError("never")

    stage.open = never
    with pytest.raises(InfrastructureError, match=r"could not be set up: never$"):
        stage.run_test(once(READ))


def test_a_node_that_is_silent_at_set_up_is_told_as_such(stage):
    async def silent(client):
        await asyncio.sleep(1000)

    stage.open = silent
    with pytest.raises(InfrastructureError, match=r"could not be set up: n\d did not answer within \d+ s$"):
        stage.run_test(once(READ))


def test_nodes_that_never_serve_because_they_died_are_told_with_why(stage):
    async def never(client):
        raise ConnectionRefusedError("never")

    stage.open = never
    stage.died = (Death("n1", 5, "n1 died by itself: KeyError", ()), Death("n2", 6, "n2 died too", ()))
    with pytest.raises(InfrastructureError, match=r"could not be set up: never; n1 died by itself: KeyError$"):
        stage.run_test(once(READ))


def test_a_mistake_in_set_up_is_told_at_once(stage):
    async def broken():
        raise TypeError("three arguments")

    stage.setup = broken
    with pytest.raises(InfrastructureError, match="TypeError: three arguments"):
        stage.run_test(once(READ))
    assert stage.now() == 0


def test_a_teardown_or_close_that_fails_is_a_warning(stage):
    async def broken():
        raise OSError("no such table")

    stage.teardown = stage.close = broken
    warnings = stage.run_test(once(READ)).warnings
    assert "undoing the set-up on n1: no such table" in warnings
    assert "closing a client of n1: no such table" in warnings


def test_the_same_seed_gives_the_same_history_and_another_does_not(stage):
    async def jittery(client, operation):
        await asyncio.sleep(0.001 * (1 + stage.now() % 7))
        if stage.now() % 5 == 0:
            raise ConnectionResetError
        return Outcome.ok(operation.value)

    def history(seed):
        fresh = type(stage)()
        fresh.invoke = jittery
        writes = calls(lambda context: Operation("write", context.draws.below(100)))
        fresh.run_test(mix(repeat(READ), writes), rate=200.0, seed=seed)
        return fresh.events()

    assert history(1) == history(1)
    assert history(1) != history(2)


def test_an_operation_depends_on_seed_thread_and_ordinal_alone(stage):
    """The n-th operation of a thread, the same however long operations take."""

    def operations(latency):
        async def slow(client, operation):
            await asyncio.sleep(latency * int(client.node.name[1]))
            return Outcome.ok(operation.value)

        fresh = type(stage)()
        fresh.invoke = slow
        writes = calls(lambda context: Operation("write", context.draws.below(1000)))
        fresh.run_test(mix(repeat(READ), writes), rate=30.0, time_limit=20.0)
        return [[(e.f, e.value) for e in fresh.events() if e.type == "invoke" and e.process == t] for t in range(3)]

    for quick, slow in zip(operations(0.001), operations(0.1), strict=True):
        shared = min(len(quick), len(slow))
        assert shared > 50
        assert quick[:shared] == slow[:shared]


def test_a_dealt_list_is_done_by_those_it_was_dealt_to(stage):
    stage.run_test(then(sleep(1.0), deal(Operation("write", n) for n in range(6))))
    assert sorted((e.process, e.value) for e in stage.events() if e.type == "invoke") == [
        (0, 0), (0, 3), (1, 1), (1, 4), (2, 2), (2, 5),
    ]  # fmt: skip


@pytest.mark.parametrize("wrong", [{"concurrency": 0}, {"time_limit": 0.0}, {"timeout": -1.0}])
def test_a_test_that_makes_no_sense_is_refused(stage, wrong):
    with pytest.raises(UsageError):
        stage.test(nothing(), **wrong)


@pytest.mark.parametrize(
    "generator",
    [
        limit(20, mix(repeat(READ), repeat(WRITE))),
        rate(300.0, mix(repeat(READ), repeat(WRITE))),
        phases(on_threads([1], limit(4, repeat(WRITE))), per_thread(limit(2, repeat(READ))), until_ok(repeat(WRITE))),
        then(sleep(0.5), deal(Operation("write", n) for n in range(10))),
        cycle(phases(limit(2, repeat(READ)), once(WRITE)), 5),
        reserve((1, delay(0.1, repeat(WRITE))), rest=rate(50.0, repeat(READ))),
    ],
)
def test_the_imaginary_client_shows_what_the_controller_does(stage, generator):
    stage.run_test(generator, time_limit=2.0)
    done = [(e.time, e.process, Operation(e.f, e.value)) for e in stage.events() if e.type == "invoke"]
    assert sorted(done, key=repr) == sorted(map(tuple, simulate(generator, seconds=2.0)), key=repr)
