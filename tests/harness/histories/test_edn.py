"""EDN: every kind of form, streaming, and mistakes with their lines."""

import io
import math

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from splitbrain.harness.errors import HistoryError
from splitbrain.harness.histories import read
from splitbrain.harness.histories.edn import Edn, Forms, value_of
from splitbrain.harness.histories.parsing import Unreadable
from splitbrain.harness.history import Event, History, Interner

EVENTS = """\
{:process 0, :type :invoke, :f :cas, :value [1 2]}
{:process 0, :type :ok, :f :cas, :value [1 2]}
"""


def edn(value: object) -> str:  # noqa: PLR0911
    """The writer of the tests."""
    if value is None:
        return "nil"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, str):
        return msgspec.json.encode(value).decode()
    if isinstance(value, dict):
        return "{" + ", ".join(f"{edn(key)} {edn(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, frozenset):
        return "#{" + " ".join(map(edn, value)) + "}"
    assert isinstance(value, tuple)
    return "[" + " ".join(map(edn, value)) + "]"


def read_text(text: str, format: str = "auto") -> History:
    return read(io.BytesIO(text.encode()), format, name="h.edn")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("nil", None), ("true", True), ("false", False), ("0", 0), ("-7", -7), ("+7", 7), ("12N", 12),
        ("123456789012345678901234567890", 123456789012345678901234567890), ("1.5", 1.5), ("-2e3", -2000.0),
        ("1.50M", 1.5), ("0x1F", 31), ("-0XffN", -255), ("017", 15),
        ("36rZz", 1295), ("2r101", 5), ("1/2", "1/2"), ("-6/4", "-3/2"), ("4/2", 2), ("-0", 0),
        ('#object[a.b$c 0x4d "c@4d"]', ("a.b$c", 77, "c@4d")), ("#foo/bar [1]", (1,)),
        ("0.1000000000000000001M", "0.1000000000000000001"), ("1E+999M", "1E+999"), ("2E+999M", "2E+999"),
        ("1E-99999999999999999999M", "1E-99999999999999999999"),
        ("3M", 3.0), ("##Inf", math.inf), ("##-Inf", -math.inf), (":ok", "ok"), (":a/b", "a/b"),
        ("sym", "sym"), ("-", "-"), ("a.b/c-d?", "a.b/c-d?"), ('"a b"', "a b"), (r'"\"\\\n\tA"', '"\\\n\tA'),
        (r'"\ud83d\ude00"', "\U0001f600"), ('"; no [comment"', "; no [comment"), ('"two\nlines"', "two\nlines"),
        (r"\a", "a"), (r"\newline", "\n"), (r"\u0041", "A"), ("[]", ()), ("(1 [2 3])", (1, (2, 3))),
        ("{}", {}), ("{:a 1, :b {:c nil}}", {"a": 1, "b": {"c": None}}), ("{0 100 [1 2] 3}", {0: 100, (1, 2): 3}),
        ("#{1 2}", frozenset([1, 2])), ('#inst "2020-01-01"', "2020-01-01"), ("#jepsen.Op{:a 1}", {"a": 1}),
        ("[1 #_ 2 3]", (1, 3)), ("[#_ #_ 1 2 3]", (3,)), ("[1 #_[2 {3 4}]]", (1,)), ("[1 ; two ]\n 3]", (1, 3)),
        ("#:a{:x 1, :b/y 2, :_/z 3, 4 5}", {"a/x": 1, "b/y": 2, "z": 3, 4: 5}),
        ("#:a.b {:x #:c{:y 1}}", {"a.b/x": {"c/y": 1}}),
        ("[#_#:a{:x 1} 2]", (2,)), ("#{#:a{:x 1} 2}", frozenset([frozenset([("a/x", 1)]), 2])),
        ("^:a [1]", (1,)), ('^{:a [1]} ^String ^"B" {:c 1}', {"c": 1}), ("[#^:a b #_ ^:c d 1]", ("b", 1)),
        ("{^:a :b 1}", {"b": 1}),
        (r'#"a\d+\"b"', r'a\d+\"b'), ('[#"(a|b)" "^c"]', ("(a|b)", "^c")),
        ("#{{:a 1} {:a 2}}", frozenset([frozenset([("a", 1)]), frozenset([("a", 2)])])),
    ],
)  # fmt: skip
def test_every_kind_of_form(text, value):
    found = value_of(text)
    if text.startswith(("#{{", "#{#:")):
        found = frozenset(frozenset(part.items()) if isinstance(part, dict) else part for part in found)
    assert found == value
    assert type(found) is type(value)


def test_not_a_number_is_one_value():
    assert math.isnan(value_of("##NaN"))
    assert value_of("##NaN") is value_of("##NaN")


@pytest.mark.parametrize(
    "text",
    ["", "1 2", "[1", "1]", "[1}", "{:a}", "{:a 1 :a 2}", "#{1 1}", "1x", "1/0", "08", "0x", "0xG",
     "2r2", "1rr", "99r1", "1/", "1/x", '"open', r'"\q"', "##Huh", ":", "#",
     "\\", "[#_]", "^a", "[^]", "#:a", "#:a [1]", "#:{:b 1}", "#:a{:x 1 :a/x 2}", '#"open',
     "@a", "`a", r'"\ud83d"', "[" * 5000, "9" * 5000, "1e400", "..1.2"],
)  # fmt: skip
def test_what_is_no_value_is_refused(text):
    if text == "..1.2":
        assert value_of(text) == text, "a symbol may begin with dots"
        return
    with pytest.raises(Unreadable):
        value_of(text)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(st.text(max_size=3), inner, max_size=3)
        | st.frozensets(st.integers(), max_size=3)
    ),
    max_leaves=6,
)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("'(1 2)", '"\'" begins a quoted form, and a history holds data alone'),
        ("@x", "'@x' begins a dereference"),
        ("`(a)", "'`' begins a syntax quote"),
        ("#<Object java.lang.Object@1f>", "begins an object printed as #<…>"),
        ("#(inc %)", "# begins none of what EDN has: #{…} a set, #name a tag"),
        ("::a", "::a stands for a namespace that only the program knew: it has to be written out"),
        ("#::a{:b 1}", "#::a{ stands for a namespace that only the program knew"),
        ("#:a 1", "is a namespace without a map behind it"),
        ("2017-03-30", "not a number: '2017-03-30' (a text stands in quotes)"),
    ],
)
def test_what_clojure_prints_beyond_edn_is_told_by_its_name(text, says):
    with pytest.raises(Unreadable) as caught:
        value_of(text)
    assert says in str(caught.value)


@given(VALUES)
@example('\x85 ;{\\"')
def test_what_is_written_is_read(value):
    pool = Interner()
    assert pool.id(value_of(edn(value))) == pool.id(value)


@given(st.lists(VALUES, min_size=1, max_size=6), st.booleans())
def test_a_history_in_pieces_is_the_history_in_one(values, in_a_vector):
    events = [{"process": i, "type": "invoke", "f": "write", "value": value} for i, value in enumerate(values)]
    text = "\n".join(map(edn, events))
    data = (f"[{text}]" if in_a_vector else text).encode()
    at_once, by_lines = Edn(), Edn()
    whole = [*at_once.feed(data)]
    pieces = [event for line in data.splitlines(keepends=True) for event in by_lines.feed(line)]
    for parser in (at_once, by_lines):
        parser.finish()
    assert list(map(repr, pieces)) == list(map(repr, whole))
    pool = Interner()
    assert [pool.id(event.value) for event in whole] == pool.ids(values)


def test_a_vector_a_list_and_maps_one_after_another_are_the_same_history():
    plain = read_text(EVENTS)
    assert [event.value for event in plain] == [(1, 2), (1, 2)]
    for text in (f"[{EVENTS}]", f"({EVENTS})\n", f"; a comment\n[ {EVENTS} ; end\n]", EVENTS.replace("\n", " ")):
        assert list(read_text(text)) == list(plain)


def test_records_and_discards_among_events():
    text = EVENTS.replace("{:process", "#jepsen.history.Op{:index 3, :process") + "#_ {:process 9}\n"
    assert len(read_text(text)) == 2


def test_metadata_and_namespaces_among_events():
    text = EVENTS.replace("{:process", "^{:line 1}\n{:process").replace("[1 2]}", '[1 2], :error #:a{:b #"c\nd"}}')
    for whole in (text, f"[{text}]", f"^:x [{text}]", f"[^:a {text}]"):
        history = read_text(whole)
        assert [(event.value, event.error) for event in history] == [((1, 2), {"a/b": "c\nd"})] * 2
        lines = Edn()
        pieces = [event for line in whole.encode().splitlines(keepends=True) for event in lines.feed(line)]
        lines.finish()
        assert [event.value for event in pieces] == [(1, 2)] * 2


def test_the_nemesis_is_kept_and_not_paired():
    history = read_text(EVENTS + "{:process :nemesis, :type :info, :f :start, :value nil}\n")
    assert len(history) == 3
    assert len(history.operations()) == 1
    assert history.event(2).process == "nemesis"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (EVENTS + "{:process 0, :type :oh, :f :read}\n", "h.edn:3: type is invoke, ok, fail or info"),
        (EVENTS + "\n\n{:process 0, :type :ok, :f :read}\n", "h.edn:5: process 0 completes"),
        (EVENTS + "{:process 0 :type}\n" + EVENTS, "h.edn:3: a map with a key that has no value"),
        ("[" + EVENTS, "h.edn:3: the file ends inside a vector"),
        (EVENTS + "42\n", "h.edn:3: an event is a map"),
        (EVENTS + "]\n", "h.edn:3: ] closes nothing"),
        (EVENTS + "{:process 0 :type :invoke :f :read :value 1x}\n", "h.edn:3: not a number: '1x'"),
        (EVENTS + "{[1] 2}\n", "h.edn:3: the keys of an event are keywords"),
        (
            EVENTS + "#:jepsen{:process 0, :type :ok}\n",
            "h.edn:3: the keys of an event have no namespace: :jepsen/process",
        ),
        (EVENTS + "{:process 0, :a/type :ok, :f :read}\n", "h.edn:3: the keys of an event have no namespace: :a/type"),
        (EVENTS + "{:process :client-7 :type :invoke :f :read}\n", "h.edn:3: process is a number"),
        (EVENTS + "{:process 0 :type :invoke :f :read :value " + "[" * 200 + "]" * 200 + "}\n", "h.edn:3: nested"),
    ],
)
def test_mistakes_have_a_line(text, says):
    with pytest.raises(HistoryError) as caught:
        read_text(text)
    assert str(caught.value).startswith(says)


def test_a_history_in_columns_is_that_of_its_events():
    event = next(iter(read_text("{:process 1 :type :invoke :f :txn :value [[:r 0 nil]] :time 5 :index 9}\n")))
    assert event == Event(index=0, time=5, process=1, type="invoke", f="txn", value=(("r", 0, None),))


@pytest.mark.parametrize("blanks", [" ", ",", "\n", ", \t"])
def test_megabytes_of_blanks_are_read_once(blanks: str) -> None:
    text = EVENTS + blanks * (4_000_000 // len(blanks))
    assert len(read(io.BytesIO(text.encode()), "edn")) == 2


def test_a_string_of_many_lines_is_read_once_though_a_mistake_follows() -> None:
    text = EVENTS + '{:process 1, :type :invoke, :f :write, :value "' + "a\\\\\n" * 200_000 + '"}\n}'
    with pytest.raises(HistoryError, match=r":200004: \} closes nothing"):
        read(io.BytesIO(text.encode()), "edn")


@pytest.mark.parametrize("inner", [r"a\"b", r"\\", r"a\\\"", "a;b #_ c", r"\n\\\\x", "one\ntwo", ""])
def test_a_string_may_come_in_pieces(inner: str) -> None:
    text = f'{{:a "{inner}"}} '
    first, last = text.index('"') + 1, text.rindex('"')
    for cut in range(first, last + 1):
        for again in range(cut, last + 1):
            forms = Forms()
            assert forms.feed(text[:cut]) + forms.feed(text[cut:again]) == []
            assert forms.feed(text[again:]) == Forms().feed(text)
