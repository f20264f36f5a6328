"""Problems equivalent to consensus: what counts as wrong in a history, and what clients do next."""

from splitbrain.harness.generator import Completion, Context
from splitbrain.harness.operation import EventType, Operation
from splitbrain.textbook.agreement import NameByReading
from splitbrain.textbook.consensus import answers_differ, held_twice, opposite_pairs, oversold, replaced_twice
from splitbrain.textbook.scripts import (
    SET_SHAPES,
    DecideByComparing,
    DecideByReading,
    LockByReading,
    ScriptedClients,
    SellByCounter,
    scripted,
)
from splitbrain.textbook.simulated import simulate

from .made_runs import MadeUpRun, ended


def well(operation: Operation, value: object = None) -> Completion:
    """An operation of thread 0 that ended ok."""
    return Completion(0, operation, EventType.OK, 0, value)


def test_a_question_is_wrong_if_two_answers_were_learnt() -> None:
    run = MadeUpRun(
        ended("cas", "a", (None, "x"), 0, 0, 1), ended("read", "a", "x", 1, 2, 3),
        ended("cas", "b", (None, "x"), 0, 4, 5), ended("read", "b", "y", 1, 6, 7),
        ended("cas", "b", (None, "z"), 2, 6, 7, ok=False), ended("read", "c", None, 0, 8, 9),
    )  # fmt: skip
    assert answers_differ(run) == (1, 2)


def test_a_lock_is_held_twice_if_its_uses_overlap() -> None:
    def held(process: int, start: int, stop: int) -> tuple[object, object]:
        return (
            ended("read", "used1", None, process, start, start + 1),
            ended("write", "lock1", None, process, stop, stop + 1),
        )

    apart = MadeUpRun(*held(0, 0, 5), *held(1, 6, 9))  # type: ignore[arg-type]
    across = MadeUpRun(*held(0, 0, 5), *held(1, 4, 9))  # type: ignore[arg-type]
    assert held_twice(apart) == (0, 2) and held_twice(across) == (1, 2)


def test_a_value_is_replaced_twice_if_it_was_read_after_it_was_gone() -> None:
    first = ended("read", "r", "v", 0, 0, 1), ended("write", "r", "a", 0, 2, 3)
    racing = ended("read", "r", "v", 1, 2, 3), ended("write", "r", "b", 1, 4, 5)
    late = ended("read", "r", "v", 1, 4, 5), ended("write", "r", "b", 1, 6, 7)
    assert replaced_twice(MadeUpRun(*first, *racing)) == (0, 2)
    assert replaced_twice(MadeUpRun(*first, *late)) == (1, 2)


def test_orders_differ_where_neighbours_stand_the_other_way_round() -> None:
    assert opposite_pairs([["a", "b", "c"], ["a", "b", "c"], ["b", "c"]]) == (0, 3)
    assert opposite_pairs([["a", "b", "c"], ["b", "a", "c", "d"]]) == (1, 2)


def test_items_are_oversold_if_more_was_taken_than_stocked() -> None:
    counted = MadeUpRun(
        ended("increment", "i", 2, 0, 0, 1), ended("increment", "i", -1, 1, 2, 3), ended("increment", "i", -1, 2, 2, 3),
        ended("increment", "j", 1, 0, 0, 1), ended("increment", "j", -1, 1, 2, 3), ended("increment", "j", -1, 2, 2, 3),
    )  # fmt: skip
    assert oversold(counted) == (1, 2)
    compared = MadeUpRun(ended("write", "i", 1, 0, 0, 1), ended("cas", "i", (1, 0), 1, 2, 3))
    assert oversold(compared) == (0, 1)


def test_clients_that_look_first_write_only_what_they_found_free() -> None:
    script = DecideByReading("q", ("x",))
    look = script.operation(0, script.start(0))
    assert (look.f, look.key) == ("read", "q0")
    free = script.after(0, script.start(0), well(look))
    assert script.operation(0, free).f == "write"
    taken = script.after(0, script.start(0), well(look, "y"))
    assert script.operation(0, taken) == Operation("read", None, "q1")
    names = NameByReading({})
    assert names.update(well(look, 3)) == names
    assert names.update(well(look)) == NameByReading({0: "q0"})


def test_a_lock_is_used_only_by_whose_name_is_in_it() -> None:
    script = LockByReading()
    state = script.after(0, script.start(0), well(Operation("read", None, "lock0")))
    state = script.after(0, state, well(script.operation(0, state), "0/0"))
    assert script.operation(0, state).f == "read"
    assert script.operation(0, script.after(0, state, well(script.operation(0, state), "0/0"))).key == "used0"
    assert script.operation(0, script.after(0, state, well(script.operation(0, state), "1/0"))).key == "lock1"


def test_a_piece_is_sold_where_one_is_seen() -> None:
    script = SellByCounter(1, 4, 2)
    state = script.after(0, script.start(0), well(script.operation(0, script.start(0)), 4))
    look = script.operation(0, state)
    assert look.f == "read"
    assert script.operation(0, script.after(0, state, well(look, 1))).value == -1
    assert script.operation(0, script.after(0, state, well(look, 0))).f == "read"


def test_scripts_see_what_reads_saw_and_threads_go_on_by_themselves() -> None:
    clients = ScriptedClients(DecideByComparing("q", ("x", "y")), {})
    context = Context(1, 1, 0, 0, 1, 0, (0, 1))
    operation, _ = clients.next(context)
    assert operation == Operation("cas", (None, "y"), "q0")
    run = simulate(
        "raft", 1, scripted("scripted", DecideByComparing("q", ("x", "y")), SET_SHAPES), workload="availability",
        rate=50.0, time_limit=2.0,
    )  # fmt: skip
    wrong, whole = answers_differ(run)
    assert wrong == 0 < whole
