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


@pytest.mark.parametrize("line", ["INFO  jepsen.util - 0 :invoke", "INFO  jepsen.util - 0 :oh :read nil", "what?",
                                  "INFO  jepsen.util - 0 :invoke :write [1"])  # fmt: skip
def test_a_line_that_cannot_be_read_is_an_error(line):
    with pytest.raises(HistoryError, match="h:7: "):
        read(io.BytesIO((LOG + line + "\n").encode()), name="h")
