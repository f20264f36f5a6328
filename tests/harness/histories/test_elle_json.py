"""One JSON array of objects: read, and mistakes with their lines."""

import io

import pytest

from splitbrain.harness.errors import HistoryError
from splitbrain.harness.histories import read

INVOKE = '{"process":0,"type":"invoke","f":"add","value":{"0":1}}'
OK = '{"process":0,"type":"ok","f":"add","value":{"0":1}}'


def test_an_array_on_one_line_or_on_many():
    for text in (f"[{INVOKE},{OK}]", f"[\n{INVOKE},\n\n{OK}\n]\n", f" [ {INVOKE} , {OK} ] "):
        history = read(io.BytesIO(text.encode()))
        assert [event.value for event in history] == [{"0": 1}, {"0": 1}]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (f"[{INVOKE},\n{OK},\n{OK}]", "h:3: process 0 completes"),
        (f"[{INVOKE},\n{OK},\n\n3]", "h:4: not an event"),
        (f"[{INVOKE},\n{OK},\n{{]", "h:3: not JSON"),
        (f"[{INVOKE},\n{OK}\n", "h:3: not JSON"),
        (f"[{INVOKE},\n{OK}]\n]", "h:3: not JSON"),
        (f"[{OK},\n7]", "h:1: process 0 completes"),
    ],
)
def test_mistakes_have_a_line(text, says):
    with pytest.raises(HistoryError) as caught:
        read(io.BytesIO(text.encode()), "json", name="h")
    assert str(caught.value).startswith(says)


@pytest.mark.parametrize("format", ["auto", "json", "jsonl"])
def test_an_object_around_the_events_is_told(format):
    for text in (f'{{"history": [{INVOKE}, {OK}]}}', f'{{"history":\n [{INVOKE},\n{OK}],\n "name": 1}}\n'):
        with pytest.raises(HistoryError, match=r"^h:1: one JSON object, with its events in the field 'history'; exp"):
            read(io.BytesIO(text.encode()), format, name="h")
    maps = '{"value": [{"a": 1}], "process": 0, "type": "invoke"'
    with pytest.raises(HistoryError, match=r"^h:1: not JSON"):
        read(io.BytesIO(maps.encode()), "jsonl", name="h")
    assert len(read(io.BytesIO(f'{maps}, "f": "add"}}'.encode()), "jsonl")) == 1
