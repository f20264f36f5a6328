"""Jepsen's history.txt and its logs since 2017: operations as Jepsen prints them."""

import io

import pytest

from splitbrain.harness.errors import HistoryError
from splitbrain.harness.histories import read
from splitbrain.harness.history import Event

TEXT = """\
0\t:invoke\t:write\t"a b"
:nemesis\t:info\t:start\t{"n1" #{"n2"}}
0\t:info\t:write\t"a b"\t:timeout
1\t:invoke\t:read\tnil
1\t:fail\t:read\tnil\tConnection refused: (n1
"""
SINCE_2017 = "INFO [2017-03-30 22:38:59,278] jepsen worker 1 - jepsen.util {}\n"
SINCE_2021 = "2021-02-26 23:39:01,300{{GMT}}\tINFO\t[jepsen worker 1] jepsen.util: {}\n"
LOGS = {"2017": SINCE_2017, "2021": SINCE_2021}


def events(text: str, form: str = "auto") -> list[Event]:
    return list(read(io.BytesIO(text.encode()), form, name="h"))


def told(text: str, form: str = "auto") -> str:
    with pytest.raises(HistoryError) as caught:
        events(text, form)
    return str(caught.value)


def test_parts_are_separated_by_tabs_and_an_error_is_free_text() -> None:
    found = events(TEXT)
    assert [(e.process, e.type, e.f, e.value) for e in found] == [
        (0, "invoke", "write", "a b"), ("nemesis", "info", "start", {"n1": frozenset({"n2"})}),
        (0, "info", "write", "a b"), (1, "invoke", "read", None), (1, "fail", "read", None),
    ]  # fmt: skip
    assert (found[2].error, found[4].error) == ("timeout", "Connection refused: (n1")


@pytest.mark.parametrize("form", ["auto", "text", "edn", "jsonl", "porcupine"])
def test_the_format_that_was_named_does_no_harm(form: str) -> None:
    assert events(TEXT, form) == events(TEXT)


def test_pasted_with_line_numbers_and_blanks() -> None:
    numbered = "".join(f"{at:6}\t{line}\n" for at, line in enumerate(TEXT.splitlines(), 1))
    assert events(numbered) == events(TEXT)
    assert events("  0 :invoke :cas [4 4]\n0 :info :cas [4 4] :timeout\n")[1].error == "timeout"
    assert events("0 :invoke :cas [4 4]\n0 :info :cas [4 4] broken pipe (n1\n")[1].error == "broken pipe (n1"


@pytest.mark.parametrize("line", ["what?", "0\t:invoke\t:read", "0 :oh :read nil", "0\t:invoke\t:write\t[1",
                                  "2017-03-30", "0\t:ok\t:write\t"])  # fmt: skip
def test_an_unreadable_line_says_what_was_expected(line: str) -> None:
    said = told(TEXT + line + "\n" + TEXT)
    assert said.startswith("h:6: ") and "0 :invoke :write 1" in said


@pytest.mark.parametrize("year", LOGS)
@pytest.mark.parametrize("form", ["auto", "porcupine"])
def test_logs_hold_the_same_operations(year: str, form: str) -> None:
    text = "".join(LOGS[year].format(line) for line in TEXT.splitlines())
    text = (
        '2021 INFO [main] jepsen.core: Running test:\n {:concurrency 5\n  :nodes ["n1"]}\n\tat java.x(Y.java)\n' + text
    )
    assert events(text, form) == events(TEXT)


@pytest.mark.parametrize("year", LOGS)
def test_a_damaged_operation_in_a_log_is_an_error(year: str) -> None:
    good = LOGS[year].format("0\t:invoke\t:write\t1")
    assert "h:2: " in told(good + LOGS[year].format("0 :invoke"))
    assert "h:2: " in told(good + "0\t:ok\t:write\t1\n"), "an operation without its origin"


def test_a_mistake_in_the_other_formats_says_what_was_expected() -> None:
    assert "expected an event as {:process 0, " in told("2017-03-30 INFO\n", "edn")
    assert 'expected an event as {"process": 0' in told("2017-03-30 INFO\n", "jsonl")
