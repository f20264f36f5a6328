"""CSV: named columns, in any order, separated by what is there."""

import io

import pytest

from splitbrain.harness.errors import HistoryError
from splitbrain.harness.histories import read
from splitbrain.harness.history import Event

TABLE = """\
time,process,type,f,key,value,error,colour
1,0,invoke,write,x,"a, b",,red
2,0,fail,write,x,"a, b",timeout,
3,1,invoke,read,y,,,
4,1,ok,read,y,"[1, ""2"", {""a"": 3}]",,
5,nemesis,info,start,,#{1},,
"""


def events(text: str, form: str = "auto") -> list[Event]:
    return list(read(io.BytesIO(text.encode()), form, name="h"))


def test_columns_are_known_by_their_names() -> None:
    found = events(TABLE)
    assert [(e.process, e.type, e.f, e.value, e.time) for e in found] == [
        (0, "invoke", "write", "a, b", 1), (0, "fail", "write", "a, b", 2), (1, "invoke", "read", None, 3),
        (1, "ok", "read", (1, "2", {"a": 3}), 4), ("nemesis", "info", "start", frozenset({1}), 5),
    ]  # fmt: skip
    assert (found[0].key, found[1].error) == ("x", "timeout")


def test_a_quoted_value_goes_on_over_lines() -> None:
    text = '"a\n\n""b"", c"'
    table = f"process,type,f,value\n0,invoke,write,{text}\n0,ok,write,{text}\n1,invoke,read,\n1,fail,read,\n"
    found = events(table)
    assert [event.value for event in found] == ['a\n\n"b", c', 'a\n\n"b", c', None, None]
    assert events(table.replace("\n", "\r\n")) == found
    with pytest.raises(HistoryError, match=r"^h:8: process 2 completes"):
        events(table.replace("1,invoke", "2,ok"))
    with pytest.raises(HistoryError, match=r"inside a quoted value, in the event that begins '0,ok,write,\"x'"):
        events('process,type,f,value\n0,invoke,write,x\n0,ok,write,"x\n1,invoke,read,\n')
    long = 'process,type,f,value\n0,invoke,write,"x\n' + "y\n" * 2000
    with pytest.raises(HistoryError, match="has not ended after 1,000 lines"):
        events(long)


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_separators_line_ends_and_the_order_of_columns(separator: str) -> None:
    table = "Value,F,:type,process\n1,write,invoke,0\n\n1,write,ok,0\n".replace(",", separator)
    assert events(table) == events(table.replace("\n", "\r\n")) == events(table, "csv")
    assert [(e.process, e.type, e.value) for e in events(table)] == [(0, "invoke", 1), (0, "ok", 1)]


def test_values_are_what_they_look_like() -> None:
    words = ["nil", "null", "true", "-5", "1.5", "word", "two words", ":ok", "[1 2]", "007"]
    table = "process,type,f,value\n" + "".join(f"{at},invoke,write,{word}\n" for at, word in enumerate(words))
    assert [e.value for e in events(table)] == [None, None, True, -5, 1.5, "word", "two words", "ok", (1, 2), "007"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("process,f,value\n0,read,\n", "h:1: the first line names the columns, and there is none called type"),
        ("process,type,f,f\n", "h:1: two columns are called f"),
        ("process,type,f\n0,invoke\n", "h:2: 2 values under 3 columns"),
        ("process,type,f,value\n0,invoke,read,[1\n", "h:2: one value was expected"),
        ("process,type,f\n0,begin,read\n", "h:2: type is invoke"),
        (
            'process,type,f\n0,"invoke,read\n',
            "h:3: the file ends inside a quoted value, in the event that begins '0,\"invoke,read'",
        ),
    ],
)
def test_mistakes_have_a_line(text: str, says: str) -> None:
    with pytest.raises(HistoryError) as caught:
        events(text, "csv")
    assert str(caught.value).startswith(says)
    assert "\n" not in str(caught.value)
