"""Lost writes and the agreement of copies, against their definition spelled out again."""

from hypothesis import given
from hypothesis import strategies as st

from splitbrain.classification.final_state import SETTLED_NS, final_state
from splitbrain.harness.history import Event, History

Row = tuple[str, str, str, int, int, object, str]
"""(node, f, key, begin, end, value, how it ended)"""


def history(rows: list[Row]) -> History:
    """A history of these operations, each with a process of its own."""
    events = []
    for process, (node, f, key, begin, end, value, ended) in enumerate(rows):
        argument = value if f == "write" else None
        events.append((begin, process, 0, {"type": "invoke", "value": argument}, (node, f, key)))
        if ended != "open":
            events.append((end, process, 1, {"type": ended, "value": value}, (node, f, key)))
    events.sort(key=lambda event: event[:3])
    return History.of(
        Event(index=index, time=time, process=process, f=f, key=key, node=node, **more)  # type: ignore[arg-type]
        for index, (time, process, _, more, (node, f, key)) in enumerate(events)
    )


LATE = 10 * SETTLED_NS


def test_an_acknowledged_write_that_nobody_overwrote_is_lost() -> None:
    found = final_state(history([
        ("n1", "write", "a", 1, 2, 7, "ok"),
        ("n1", "write", "b", 3, 4, 8, "ok"),
        ("n1", "read", "a", LATE, LATE + 1, None, "ok"),
        ("n2", "read", "a", LATE, LATE + 1, None, "ok"),
        ("n1", "read", "b", LATE, LATE + 1, 8, "ok"),
        ("n2", "read", "b", LATE, LATE + 1, 8, "ok"),
    ]))  # fmt: skip
    assert [(lost.key, lost.value, lost.node) for lost in found.lost] == [("a", 7, "n1")]
    assert (found.looked_for, found.compared, found.converged) == (2, 2, True)


def test_a_write_that_one_copy_still_has_is_not_lost_but_copies_differ() -> None:
    found = final_state(history([
        ("n1", "write", "a", 1, 2, 7, "ok"),
        ("n1", "read", "a", LATE, LATE + 1, 7, "ok"),
        ("n2", "read", "a", LATE, LATE + 1, None, "ok"),
    ]))  # fmt: skip
    assert not found.lost
    assert found.differing == ("a",)
    assert found.converged is False


def test_copies_are_equal_only_if_every_node_told_its_own() -> None:
    events: list[tuple[str, str, str, int, int, object, str]] = [
        ("n1", "write", "a", 1, 2, 7, "ok"),
        ("n3", "write", "b", 1, 2, 8, "ok"),
        ("n1", "read", "a", LATE, LATE + 1, 7, "ok"),
        ("n2", "read", "a", LATE, LATE + 1, 7, "ok"),
    ]
    found = final_state(history(events))
    assert (found.compared, found.silent, found.converged) == (1, ("n3",), None)
    assert final_state(history([*events, ("n3", "read", "a", LATE, LATE + 1, 7, "ok")])).converged is True


def test_writes_that_may_have_been_overwritten_or_were_not_acknowledged_do_not_count() -> None:
    for second in ("ok", "info", "open"):
        found = final_state(history([
            ("n1", "write", "a", 1, 2, 7, "ok"),
            ("n1", "write", "a", 3, 4, 8, second),
            ("n1", "read", "a", LATE, LATE + 1, 8, "ok"),
        ]))  # fmt: skip
        assert not found.lost
    found = final_state(
        history([("n1", "write", "a", 1, 2, 7, "fail"), ("n1", "read", "a", LATE, LATE + 1, None, "ok")])
    )
    assert (found.looked_for, found.lost) == (0, ())


def test_reads_before_copies_have_settled_are_not_final() -> None:
    found = final_state(history([("n1", "write", "a", 1, 2, 7, "ok"), ("n1", "read", "a", 3, 4, None, "ok")]))
    assert (found.compared, found.converged, found.looked_for) == (0, None, 0)


@given(st.data())
def test_lost_writes_are_those_of_the_definition(data: st.DataObject) -> None:
    count = data.draw(st.integers(0, 5))
    rows: list[Row] = []
    for number in range(count):
        begin = data.draw(st.integers(0, 20)) * 10 + number
        end = begin + data.draw(st.integers(1, 50)) * 10 + 5
        ended = data.draw(st.sampled_from(["ok", "info", "fail", "open"]))
        rows.append((f"n{number % 2}", "write", data.draw(st.sampled_from("ab")), begin, end, number, ended))
    for key in "ab":
        for node in ("n0", "n1"):
            if data.draw(st.booleans()):
                said = data.draw(st.sampled_from([None, *(row[5] for row in rows if row[2] == key)]))
                rows.append((node, "read", key, LATE, LATE + 1, said, "ok"))
    expected = set()
    for node, f, key, begin, end, value, ended in rows:
        reads = [row[5] for row in rows if row[1] == "read" and row[2] == key]
        writes = [row for row in rows if row[1] == "write" and row[2] == key and row[6] != "fail"]
        if f != "write" or ended != "ok" or not reads or any(row[3] > end for row in writes):
            continue
        ends = {row[5]: row[4] if row[6] == "ok" else LATE for row in writes} | {None: -1}
        if all(said in ends and ends[said] < begin for said in reads):
            expected.add((key, value, node))
    found = final_state(history(rows))
    assert {(lost.key, lost.value, lost.node) for lost in found.lost} == expected
