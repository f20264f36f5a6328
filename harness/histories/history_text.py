"""`history.txt` of Jepsen: one operation a line, its parts separated by tabs or blanks, `0  :invoke  :write  1`.

Such lines are often pasted with line numbers before them, which are passed over.
"""

import re
from collections.abc import Sequence

from splitbrain.harness.histories.loose import Loose
from splitbrain.harness.histories.op_line import EXPECTED, OPERATION, OperationLines
from splitbrain.harness.histories.parsing import Unreadable

_LINE = re.compile(rf"\s*(?:\d+[:.]?\s+)?{OPERATION.pattern}")
_HEAD = re.compile(rb"\s*(?:\d+[:.]?[ \t]+)?:?[\w.@-]+[ \t]+:(?:invoke|ok|fail|info)[ \t]+:?\w")


def looks_like_history_text(head: bytes) -> bool:
    """Whether the first line is an operation as Jepsen prints it."""
    return _HEAD.match(head) is not None


class HistoryText:
    """Parser of `history.txt`."""

    expected = EXPECTED

    def __init__(self) -> None:
        self._lines = OperationLines()

    def feed(self, block: bytes) -> Sequence[Loose]:
        """The operations of whole lines; empty lines are let pass."""
        try:
            lines = block.decode().split("\n")
        except UnicodeDecodeError:
            raise Unreadable("not UTF-8 text") from None
        return [self._event(line) for line in lines if line.strip()]

    def _event(self, line: str) -> Loose:
        found = _LINE.fullmatch(line.rstrip())
        if found is None:
            raise Unreadable(f"no operation: {line.strip()[:60]!r}")
        return self._lines.event(found)

    def clean(self) -> bool:
        """Always true, as nothing is ever left open."""
        return True

    def finish(self) -> None:
        """Do nothing, as nothing is ever left open."""

    def mark(self) -> None:
        """The state, of which there is none that matters."""

    def rewind(self, mark: None) -> None:
        """Return to a state, of which there is none that matters."""

    def begins_event(self, line: bytes) -> bool:
        """Whether a process begins, after blanks."""
        return re.match(rb"\s*:?[\w.@-]+", line) is not None
