"""Text logs of Jepsen: operations that `jepsen.util` printed, one a line, among other lines.

    INFO  jepsen.util - 0 :invoke :read nil                                                   until 2016
    INFO [2017-03-30 22:38:59,278] jepsen worker 1 - jepsen.util 1 :invoke :read nil          since 2017
    2021-02-26 23:39:01,300{GMT} INFO [jepsen worker 1] jepsen.util: 1 :invoke :read nil      since 2021

A log may begin with any number of other lines. They are passed over: their words, and the lines of a message or a
stack trace that goes on. One of `jepsen.util`, or one that names a type of operation, and cannot be read, is an error,
and so is a log without an operation. Porcupine's key-value logs are EDN, a map a line, and are read as such.
"""

import re
from collections.abc import Sequence

from splitbrain.harness.histories.loose import Loose
from splitbrain.harness.histories.op_line import EXPECTED, OPERATION, OperationLines
from splitbrain.harness.histories.parsing import Unreadable

_ORIGIN = r"jepsen\.util(?: -|:)?\s+"
_LINE = re.compile(rf"(?:.*\s)?{_ORIGIN}{OPERATION.pattern}")
_HEAD = re.compile(rb"jepsen\.util(?: -|:)?[ \t]+:?[\w.@-]+[ \t]+:")
_OLD = re.compile(r"(?:.*\s)?jepsen\.util - .*")
_OTHER = re.compile(r"(?!.*jepsen\.util)(?:\S+ \S+ )?(?:TRACE|DEBUG|INFO|WARN|ERROR|FATAL)\s.*")
_CONTINUED = re.compile(r"(?!.*jepsen\.util)(?!.*(?:^|\s):(?:invoke|ok|fail|info)(?:\s|$)).*")


_BEGIN = re.compile(
    rb"\s*(?:(?:TRACE|DEBUG|INFO|WARN|ERROR|FATAL)\s+(?:\[\d{4}-\d\d-\d\d |jepsen\.)"
    rb"|\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}\S*\s+(?:TRACE|DEBUG|INFO|WARN|ERROR|FATAL)\s)"
)
"""The first line of a log, whatever it tells."""


def looks_like_log(head: bytes) -> bool:
    """Whether the first line is one of a log, or a line near the beginning comes from `jepsen.util`."""
    return _BEGIN.match(head) is not None or b"jepsen.util - " in head[: 1 << 16] or holds_operation(head[: 1 << 16])


def holds_operation(block: bytes) -> bool:
    """Whether one of these lines is an operation that `jepsen.util` printed."""
    return _HEAD.search(block) is not None


class PorcupineLog:
    """Parser of Jepsen's text logs."""

    expected = f"a line of jepsen.util with {EXPECTED}"

    def __init__(self) -> None:
        self._lines = OperationLines()
        self._found = False
        """Whether there was any operation."""
        self._old = False
        """Whether a line of the oldest kind came: such logs hold no messages of several lines."""

    def feed(self, block: bytes) -> Sequence[Loose]:
        """The operations of whole lines."""
        try:
            lines = block.decode().split("\n")
        except UnicodeDecodeError:
            raise Unreadable("not UTF-8 text") from None
        return [event for line in lines if (event := self._event(line.rstrip())) is not None]

    def _event(self, line: str) -> Loose | None:
        found = _LINE.fullmatch(line)
        if found is not None:
            self._found = True
            self._old = self._old or _OLD.fullmatch(line) is not None
            return self._lines.event(found)
        if not line or _OTHER.fullmatch(line) or (not self._old and _CONTINUED.fullmatch(line)):
            return None
        raise Unreadable(f"not a line of a Jepsen log: {line[:60]!r}")

    def clean(self) -> bool:
        """Always true, as nothing is ever left open."""
        return True

    def finish(self) -> None:
        """End the log. Unreadable if it told no operation: then it is no history."""
        if not self._found:
            raise Unreadable("no operation in this log: no line of it comes from jepsen.util")

    def mark(self) -> bool:
        """The state now, for `rewind`."""
        return self._old

    def rewind(self, mark: bool) -> None:
        """Return to a state that `mark` gave."""
        self._old = mark

    def begins_event(self, line: bytes) -> bool:
        """A line of `jepsen.util`, or the beginning of one."""
        return line.startswith(b"INFO  jepsen.util"[: len(line)]) or b"jepsen.util" in line
