"""History: what goes in as events comes out as the same events."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from splitbrain.harness.history import ABSENT, NEMESIS_PROCESS, Event, History
from splitbrain.harness.operation import EventType

VALUES = st.none() | st.integers() | st.text(max_size=4) | st.lists(st.integers(), max_size=3).map(tuple)
MAYBE_ABSENT = {"key": VALUES, "error": VALUES, "token": VALUES, "session": VALUES, "node": st.text(max_size=3)}


@st.composite
def events(draw: st.DrawFn) -> list[Event]:
    count = draw(st.integers(0, 6))
    return [
        Event(
            index=i,
            time=draw(st.integers(0, 1 << 62)),
            process=draw(st.integers(0, 9) | st.just("nemesis")),
            type=draw(st.sampled_from(["invoke", "ok", "fail", "info"])),
            f=draw(st.text(max_size=4)),
            value=draw(VALUES),
            **{name: draw(values) for name, values in MAYBE_ABSENT.items() if draw(st.booleans())},  # type: ignore[arg-type]
            **({"revision": draw(st.integers(0, 99))} if draw(st.booleans()) else {}),  # type: ignore[arg-type]
        )
        for i in range(count)
    ]


@given(events())
def test_events_come_out_as_they_went_in(given_events):
    one_by_one, at_once = History.of(given_events), History()
    at_once.extend(given_events)
    assert list(one_by_one) == list(at_once) == given_events


def test_parts_make_the_same_event_as_an_event_does():
    by_parts, by_event = History(), History()
    by_parts.add(int(EventType.OK), 3, "read", 7, "k", 12, "n1", None, 5, "token")
    by_event.append(
        Event(index=0, time=12, process=3, type="ok", f="read", key="k", value=7, node="n1", revision=5, token="token")
    )
    assert by_parts.event(0) == by_event.event(0)
    assert by_parts.error[0] == by_parts.session[0] == ABSENT


def test_the_nemesis_has_a_process_of_its_own():
    history = History.of([Event(index=0, time=0, process="nemesis", type="info", f="start-kill")])
    assert list(history.process) == [NEMESIS_PROCESS]
    assert len(history.operations()) == 0


@pytest.mark.parametrize("wrong", [{"type": "maybe"}, {"process": "client"}])
def test_a_word_that_does_not_exist_is_refused_and_nothing_added(wrong):
    history = History()
    with pytest.raises(ValueError, match=r"maybe|client"):
        history.append(Event(**{"index": 0, "time": 0, "process": 0, "type": "ok", "f": "read", **wrong}))
    assert len(history) == len(history.process) == len(history.pool) == 0
