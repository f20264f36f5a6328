"""Times, shares, values and operations as text for people, the same on the terminal and on the page.

A share is cut, never rounded up, so "100 %" means every one and "0 %" none.
"""

import re
from collections.abc import Iterable, Mapping, Sequence

from splitbrain.checkers.common import operation_format
from splitbrain.checkers.common import values as checker_values
from splitbrain.harness.injection import CLOCK_READS
from splitbrain.harness.operation import EventType, Value

VALUE_LENGTH = 60
"""Characters of a value shown before it is cut."""


def seconds(time_ns: int, digits: int = 3) -> str:
    """A point in time of a run: `12.304 s`."""
    return f"{time_ns / 1e9:.{digits}f} s"


def milliseconds(value: float) -> str:
    """A latency with three digits or so: enough to compare with."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def share(part: int, whole: int) -> str:
    """A part as a percentage, cut to a tenth; `–` where there is nothing to share."""
    if whole == 0:
        return "–"
    tenths = part * 1000 // whole
    if tenths == 0 and part:
        return "< 0.1 %"
    return f"{tenths // 10} %" if tenths in (0, 1000) else f"{tenths / 10:.1f} %"


def value(data: Value, limit: int = VALUE_LENGTH) -> str:
    """A value as the checkers' words have it: `nil`, `4`, `[1 2]`, `#{3 5}`, `{a 1}`, text quoted unless it is a word.

    Cut with `…` beyond `limit` characters.
    """
    pieces: list[str] = []
    room = limit
    for piece in _pieces(data):
        pieces.append(piece)
        room -= len(piece)
        if room < 0:
            return "".join(pieces)[:limit] + "…"
    return "".join(pieces)


def name(data: Value, limit: int = VALUE_LENGTH) -> str:
    """A key, node or function as people call it: a string without quotes, anything else like a value."""
    if isinstance(data, str):
        return cut("".join(c if c in '"\\' else _character(c) for c in data[: limit + 1]), limit)
    return value(data, limit)


def told(data: Value, limit: int = VALUE_LENGTH) -> str:
    """The value of a fault's event, in words instead of brackets: `topology halves · groups n1 n2 | n3 n4 n5`."""
    return plain(cut(_told(data), limit))


counted = checker_values.counted


def cut(text: str, limit: int) -> str:
    """A text of at most `limit` characters; `…` stands for the rest."""
    return text if len(text) <= limit else f"{text[:limit]}…"


def operation(f: str, argument: Value, result: Value, ended: EventType, limit: int = VALUE_LENGTH) -> str:
    """An operation as the checkers' words have it, with values of at most `limit` characters."""
    return operation_format.operation(f, argument, result, ended, lambda data: value(data, limit))


def error(data: Value, limit: int = VALUE_LENGTH) -> str:
    """An error as people read it: `timeout: no answer`."""
    if isinstance(data, list | tuple):
        return ": ".join(name(part, limit) for part in data)
    return name(data, limit)


def bite(counters: Mapping[str, float], recorded: bool = True) -> str:
    """The bite of a fault in words: `1,203 messages dropped, 2 processes killed`; `never bit` if all is zero. Wrong
    clocks that nobody looked at are told apart. recorded: whether there are counters at all."""
    if not recorded:
        return "what it did is not recorded"
    told = [_counter(name, amount) for name, amount in sorted(counters.items()) if amount > 0]
    unread = " (no program looked at its wall clock)" if told and counters.get(CLOCK_READS) == 0 else ""
    return ", ".join(told) + unread or "never bit"


def plain(text: str) -> str:
    """Text as one line without control characters: it comes from anywhere and must steer neither terminal nor page."""
    spaced = text.replace("\n", " ").replace("\t", " ")
    return "".join(c if c.isprintable() else "\ufffd" for c in spaced)


SENTENCE = 4_000
"""Characters of a sentence on the terminal at most: a value in it may have millions."""


def sentence(text: str) -> str:
    """A sentence for the terminal, see `plain`; of a very long one its beginning, with what was left out."""
    if len(text) > SENTENCE:
        text = f"{text[:SENTENCE]}… ({len(text) - SENTENCE:,} characters more; --json has all)"
    return plain(text)


def plain_lines(text: str) -> str:
    """Text of several lines, each as `plain` has it: what every message goes through before it is printed."""
    return "\n".join(map(plain, text.split("\n")))


def natural(name: str) -> tuple[tuple[int, int, str], ...]:
    """Sort key under which `n2` comes before `n10`."""
    parts = re.findall(r"[0-9]+|[^0-9]+", name)
    return tuple((0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts)


def table(rows: Sequence[Sequence[str]], indent: str = "  ", *, numbers: bool = True) -> list[str]:
    """Rows as aligned lines; the first row is the heading. numbers: all columns but the first stand to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    aligned = str.rjust if numbers else str.ljust
    lines = []
    for first, *rest in rows:
        cells = [first.ljust(widths[0]), *(aligned(cell, wide) for cell, wide in zip(rest, widths[1:], strict=True))]
        lines.append((indent + "  ".join(cells)).rstrip())
    return lines


def _counter(name: str, amount: float) -> str:
    number = f"{amount:,.0f}" if amount == int(amount) else f"{amount:,.1f}"
    words, _, unit = name.rpartition("_")
    if unit == "ms" and words:
        return f"{number} ms {words.replace('_', ' ')}"
    if amount == 1:
        what, gap, done = name.partition("_")
        name = (what.removesuffix("es") if what.endswith("sses") else what.removesuffix("s")) + gap + done
    return f"{number} {name.replace('_', ' ')}"


def _told(data: Value) -> str:
    if data is None:
        return ""
    if isinstance(data, Mapping):
        return " · ".join(f"{name} {_told(item)}".strip() for name, item in data.items())
    if isinstance(data, list | tuple):
        return (" | " if any(isinstance(item, list | tuple) for item in data) else " ").join(map(_told, data))
    return data if isinstance(data, str) else value(data)


def _pieces(data: Value) -> Iterable[str]:
    if data is None or isinstance(data, bool):
        yield {None: "nil", True: "true", False: "false"}[data]
    elif isinstance(data, str):
        yield data if data.isidentifier() else '"' + "".join(map(_character, data[:1000])) + '"'
    elif isinstance(data, list | tuple):
        yield from _bracketed("[", data, "]")
    elif isinstance(data, set | frozenset):
        yield from _bracketed("#{", sorted(data, key=lambda item: value(item, 1000)), "}")
    elif isinstance(data, Mapping):
        yield "{"
        for count, (key, item) in enumerate(data.items()):
            yield ", " if count else ""
            yield from _pieces(key)
            yield " "
            yield from _pieces(item)
        yield "}"
    else:
        yield str(data)


def _character(c: str) -> str:
    if c in '"\\':
        return f"\\{c}"
    return c if c.isprintable() else {"\n": "\\n", "\t": "\\t"}.get(c, f"\\u{ord(c):04x}")


def _bracketed(left: str, items: Iterable[Value], right: str) -> Iterable[str]:
    yield left
    for count, item in enumerate(items):
        yield " " if count else ""
        yield from _pieces(item)
    yield right
