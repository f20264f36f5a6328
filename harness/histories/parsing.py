"""On which line is the mistake? Feeds a parser block by block, and line by line where a block is refused.

Whole blocks are fast and say nothing about lines; so a block that fails is read again, a line at a time, from the
parser's state before it. Here is also the one mercy: a last line that was cut by a crash is dropped, with a warning.
"""

from collections.abc import Sequence
from typing import Any, Protocol

from splitbrain.harness.errors import HistoryError
from splitbrain.harness.histories.source import Source
from splitbrain.harness.histories.validate import Intake, Refused


class Unreadable(Exception):
    """Text that is not in the format; the message is for the user, without file and line."""


class Parser(Protocol):
    """One format, fed with blocks of whole lines."""

    def feed(self, block: bytes) -> Sequence[Any]:
        """The events that end in this block. Unreadable if the block is not in the format; then the parser must be
        rewound before it goes on."""

    def finish(self) -> None:
        """Nothing comes any more. Unreadable if something was left open."""

    def mark(self) -> Any:
        """The state now, for `rewind`."""

    def rewind(self, mark: Any) -> None:
        """Back to a state that `mark` gave."""

    def begins_event(self, line: bytes) -> bool:
        """Whether an event begins like this, if only the rest of the line were there."""


def parse(source: Source, parser: Parser, intake: Intake) -> None:
    """Read a whole source. HistoryError, with file and line, at its first mistake."""
    line = 1
    for block in source.blocks():
        mark = parser.mark()
        try:
            events = parser.feed(block)
        except Unreadable:
            parser.rewind(mark)
            _by_lines(source.name, parser, intake, block, line)
        else:
            try:
                intake.add(events)
            except Refused as refused:
                parser.rewind(mark)
                at = line + _line_of(parser, block, refused.ordinal)
                raise HistoryError(source.name, at, refused.text) from None
        line += block.count(b"\n")
    try:
        parser.finish()
    except Unreadable as wrong:
        raise HistoryError(source.name, line, str(wrong)) from None


def _by_lines(name: str, parser: Parser, intake: Intake, block: bytes, first: int) -> None:
    for offset, text in enumerate(block.splitlines(keepends=True)):
        mark = parser.mark()
        try:
            intake.add(parser.feed(text))
        except Unreadable as wrong:
            cut = not text.endswith(b"\n") and offset == block.count(b"\n")
            if cut and len(intake.history) and parser.begins_event(text):
                parser.rewind(mark)
                intake.history.warnings.append(f"line {first + offset} is cut and was dropped: the trace of a crash")
                return
            raise HistoryError(name, first + offset, str(wrong)) from None
        except Refused as refused:
            raise HistoryError(name, first + offset, refused.text) from None


def _line_of(parser: Parser, block: bytes, ordinal: int) -> int:
    """How many lines down in the block the event with this ordinal ends."""
    seen = 0
    for offset, text in enumerate(block.splitlines(keepends=True)):
        seen += len(parser.feed(text))
        if seen > ordinal:
            return offset
    return 0
