"""Jepsen's text logs: operations among other lines."""

import io

import pytest

from splitbrain.harness.errors import HistoryError
from splitbrain.harness.histories import read

LOG = """\
INFO  jepsen.core - Worker 0 starting
INFO  jepsen.util - 0\t:invoke\t:cas\t[1 2]
2014-06-01 12:00:00,001 INFO  jepsen.util - :nemesis\t:info\t:start\t"cut off"
WARN  etcd.client - no answer

INFO  jepsen.util - 0   :info   :cas    :timed-out
"""


def test_operations_are_found_among_other_lines():
    history = read(io.BytesIO(LOG.encode()))
    assert [(e.process, e.type, e.f, e.value) for e in history] == [
        (0, "invoke", "cas", (1, 2)), ("nemesis", "info", "start", "cut off"), (0, "info", "cas", "timed-out"),
    ]  # fmt: skip
    assert not history.timed


SINCE_2021 = "2021-02-26 23:39:01,300{GMT}\tINFO\t[main] "


@pytest.mark.parametrize("begin", [SINCE_2021 + "jepsen.db: ", "INFO [2017-03-30 22:38:59,278] main - jepsen.db ",
                                   "INFO  jepsen.db - "])  # fmt: skip
def test_a_log_may_tell_much_before_its_first_operation(begin):
    before = "".join(f"{begin}installing part {part}\n" for part in range(3_000))
    assert len(before) > 1 << 16
    operation = begin.replace("jepsen.db", "jepsen.util") + "0\t:invoke\t:read\tnil\n"
    assert [event.f for event in read(io.BytesIO((before + operation).encode()), name="h")] == ["read"]


@pytest.mark.parametrize("text", [SINCE_2021 + 'jepsen.cli: Test options:\n {:nodes ["n1"]}\n', "2017-03-30 hello\n"])
def test_a_log_without_an_operation_is_no_history(text):
    with pytest.raises(
        HistoryError, match=r"h\.log:\d: no operation in this log: no line of it comes from jepsen\.util"
    ):
        read(io.BytesIO(text.encode()), name="h.log")


@pytest.mark.parametrize("line", ["INFO  jepsen.util - 0 :invoke", "INFO  jepsen.util - 0 :oh :read nil", "what?",
                                  "INFO  jepsen.util - 0 :invoke :write [1"])  # fmt: skip
def test_a_line_that_cannot_be_read_is_an_error(line):
    with pytest.raises(HistoryError, match="h:7: "):
        read(io.BytesIO((LOG + line + "\n").encode()), name="h")
