"""The loop of all parsers: feeds them block by block, and line by line where a block is refused.

Whole blocks are fast and say nothing about lines; so a block that fails is read again, a line at a time, from the
parser's state before it. A last line that was cut by a crash is dropped, with a warning.
"""

from collections.abc import Sequence
from typing import Any, Protocol

from splitbrain.harness.errors import HistoryError
from splitbrain.harness.histories.loose import BadEvent
from splitbrain.harness.histories.source import Source
from splitbrain.harness.histories.validate import Intake

_LOOK_EVERY = 256


class Unreadable(Exception):
    """Text that is not in the format; the message is for the user, without file and line."""


class Parser(Protocol):
    """One format, fed with blocks of whole lines."""

    expected: str
    """The thing that stands where an event is due, for messages."""

    def feed(self, block: bytes) -> Sequence[Any]:
        """The events that end in this block. Unreadable if the block is not in the format; then the parser must be
        rewound before it goes on."""

    def finish(self) -> None:
        """End the input, as nothing comes any more. Unreadable if something was left open."""

    def clean(self) -> bool:
        """Whether nothing is open, as between two events that stand on lines of their own."""

    def mark(self) -> Any:
        """The state now, for `rewind`."""

    def rewind(self, mark: Any) -> None:
        """Return to a state that `mark` gave."""

    def begins_event(self, line: bytes) -> bool:
        """Whether an event begins like this, if only the rest of the line were there."""


def parse(source: Source, parser: Parser, intake: Intake) -> None:
    """Read a whole source. HistoryError, with file and line, at its first mistake."""
    line, tail = 1, b""
    for block in source.blocks():
        whole, newline, tail = block.rpartition(b"\n")
        line = _feed(source, parser, intake, whole + newline, line)
    try:
        _finish(source.name, parser, intake, tail, line)
    except Unreadable as wrong:
        raise HistoryError(source.name, line, _with_expected(wrong, parser)) from None


def _with_expected(wrong: Unreadable, parser: Parser) -> str:
    return f"{wrong}; expected {parser.expected}"


def _feed(source: Source, parser: Parser, intake: Intake, block: bytes, line: int) -> int:
    """Feed whole lines, and return the number of the line behind them: quickly as far as that goes, then some by the
    parser, more of them each time in vain."""
    begin, slow = 0, 1 if intake.takes_lines else len(block)
    while begin < len(block):
        try:
            lines, end = intake.add_lines(block, begin)
        except BadEvent as refused:
            raise HistoryError(source.name, line + refused.ordinal, refused.text) from None
        slow = slow * 4 if end - begin < slow else 1
        line, begin = line + lines, end
        part = block[begin : block.find(b"\n", begin + slow) + 1 or None]
        if part and not _feed_block(source, parser, intake, part, line):
            rest = block[begin:]  # in which an event may stand on several lines
            if part == rest or not _feed_block(source, parser, intake, rest, line):
                _by_lines(source, parser, intake, rest, line)
            return line + rest.count(b"\n")
        line, begin = line + part.count(b"\n"), begin + len(part)
    return line


def _feed_block(source: Source, parser: Parser, intake: Intake, block: bytes, line: int) -> bool:
    """Whether a block could be parsed; if so, its events were taken."""
    mark = parser.mark()
    try:
        events = parser.feed(block)
    except Unreadable:
        parser.rewind(mark)
        return False
    try:
        intake.add(events)
    except BadEvent as refused:
        parser.rewind(mark)
        raise HistoryError(source.name, line + _line_of(parser, block, refused.ordinal), refused.text) from None
    return True


def _by_lines(source: Source, parser: Parser, intake: Intake, block: bytes, first: int) -> None:
    for line, text in enumerate(block.split(b"\n"), first):
        if line % _LOOK_EVERY == 0:
            source.look_at_budget()
        try:
            intake.add(parser.feed(text + b"\n"))
        except Unreadable as wrong:
            raise HistoryError(source.name, line, _with_expected(wrong, parser)) from None
        except BadEvent as refused:
            raise HistoryError(source.name, line, refused.text) from None


def _finish(name: str, parser: Parser, intake: Intake, tail: bytes, line: int) -> None:
    """The last line, which lacks its newline (or is empty), and the end."""
    may_be_cut = parser.clean() and intake.taken > 0 and parser.begins_event(tail)
    try:
        events = parser.feed(tail)
        parser.finish()
    except Unreadable:
        if not may_be_cut:
            raise
        intake.history.warnings.append(f"line {line} is cut and was dropped: the trace of a crash")
        return
    try:
        intake.add(events)
    except BadEvent as refused:
        raise HistoryError(name, line, refused.text) from None


def _line_of(parser: Parser, block: bytes, ordinal: int) -> int:
    """The number of lines down in the block at which the event with this ordinal ends."""
    seen, text = 0, b""
    for offset, more in enumerate(block.split(b"\n")):
        text += more + b"\n"
        try:
            seen += len(parser.feed(text))
        except Unreadable:
            continue  # an event stands on several lines
        if seen > ordinal:
            return offset
        text = b""
    return 0
