"""CSV with named columns: the first line names them, each further line is an event.

    process,type,f,value
    0,invoke,write,1

`process`, `type` and `f` are needed; `value`, `key`, `time`, `error`, `node`, `index`, `revision`, `token` and
`session` may be there, in any order, and other columns are passed over. Separated by commas, semicolons or tabs.
An empty field is nil; numbers, true, false, nil, JSON and EDN collections are read as such, anything else is text.
A quoted field may go on over several lines.
Pitfall: a text that looks like a number is one; CSV has no way to tell.
"""

import csv
import json
import re
from collections.abc import Sequence
from typing import Any

from splitbrain.harness.histories.edn import value_of
from splitbrain.harness.histories.loose import Loose
from splitbrain.harness.histories.parsing import Unreadable
from splitbrain.harness.operation import Value

_NEEDED = ("process", "type", "f")
_COLUMNS = frozenset(Loose.__struct_fields__)
_AS_TEXT = frozenset({"process", "type", "f", "node"})
_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?", re.ASCII)
_WORDS: dict[str, Value] = {"": None, "nil": None, "null": None, "true": True, "false": False}
_KEPT_MAX = 1 << 16
_OPEN_LINES_MAX = 1000
"""Lines over which one event may go on; a quote that nobody closed would else make one of the whole file."""
_OPEN = "unexpected end of data"
"""Words of `csv` for a line that ends inside quotes."""


Mark = tuple[list[str] | None, str, tuple[str, ...]]


def looks_like_table(head: bytes) -> bool:
    """Whether the first line names columns, those that an event needs among them."""
    first = head.lstrip().partition(b"\n")[0].decode(errors="replace")
    return set(_NEEDED) <= set(_names(first)[0])


class CsvTable:
    """Parser of CSV with named columns."""

    expected = "a line of values under the columns named in the first line, process, type and f among them"

    def __init__(self) -> None:
        self._columns: list[str] | None = None
        self._separator = ","
        self._known: dict[str, Value] = {}
        self._open: tuple[str, ...] = ()
        """The lines of an event that began and ended inside quotes so far."""

    def feed(self, block: bytes) -> Sequence[Loose]:
        """The events of whole lines; empty lines are let pass."""
        try:
            text = block.decode()
        except UnicodeDecodeError:
            raise Unreadable("not UTF-8 text") from None
        lines = text.replace("\r\n", "\n").removesuffix("\n").split("\n")
        while self._columns is None and lines and not lines[0].strip():
            del lines[0]
        if lines and self._columns is None:
            names, self._separator = _names(lines.pop(0))
            missing = [name for name in _NEEDED if name not in names]
            if missing:
                raise Unreadable(f"the first line names the columns, and there is none called {missing[0]}")
            twice = [name for name in names if name in _COLUMNS and names.count(name) > 1]
            if twice:
                raise Unreadable(f"two columns are called {twice[0]}")
            self._columns = names
        return [self._event(row) for line in lines if (row := self._row(line)) is not None]

    def _row(self, line: str) -> list[str] | None:
        """The fields of the event that ends with a line; None if none does."""
        if not self._open and not line.strip():
            return None
        record = (*self._open, line)
        try:
            (row,) = csv.reader(["\n".join(record)], delimiter=self._separator, strict=True)
        except (csv.Error, ValueError) as wrong:
            if _OPEN not in str(wrong):
                raise Unreadable(f"not a line of CSV: {wrong}") from None
            if len(record) > _OPEN_LINES_MAX:
                raise Unreadable(f"a quoted value that has not ended after {_OPEN_LINES_MAX:,} lines") from None
            self._open = record
            return None
        self._open = ()
        return row

    def _event(self, row: list[str]) -> Loose:
        assert self._columns is not None
        if len(row) != len(self._columns):
            raise Unreadable(f"{len(row)} values under {len(self._columns)} columns")
        fields: dict[str, Any] = {}
        for name, word in zip(self._columns, row, strict=True):
            if name in _COLUMNS:
                plain = word.strip()
                if name in _AS_TEXT:
                    fields[name] = plain or None
                elif plain or name == "value":
                    fields[name] = self._value(plain)
        if fields.get("node", "") is None:
            del fields["node"]
        return Loose(**fields)

    def _value(self, word: str) -> Value:
        if word not in self._known:
            if len(self._known) == _KEPT_MAX:
                self._known.clear()
            self._known[word] = value(word)
        return self._known[word]

    def clean(self) -> bool:
        """Whether no quoted value is open."""
        return not self._open

    def finish(self) -> None:
        """End the input, as nothing comes any more. Unreadable inside a quoted value."""
        if self._open:
            raise Unreadable(f"the file ends inside a quoted value, in the event that begins {self._open[0][:40]!r}")

    def mark(self) -> Mark:
        """The state now, for `rewind`."""
        return self._columns, self._separator, self._open

    def rewind(self, mark: Mark) -> None:
        """Return to a state that `mark` gave."""
        self._columns, self._separator, self._open = mark

    def begins_event(self, line: bytes) -> bool:
        """Whether there is any text, which begins a line of values."""
        return bool(line.strip())


def value(word: str) -> Value:
    """The value that a field means. Unreadable for a collection that is neither JSON nor EDN."""
    if word in _WORDS:
        return _WORDS[word]
    if _NUMBER.fullmatch(word):
        return value_of(word)
    if word[0] not in '[{("#:':
        return word
    try:
        return _immutable(json.loads(word))
    except (ValueError, RecursionError):
        return value_of(word)


def _immutable(found: Any) -> Value:
    return tuple(map(_immutable, found)) if isinstance(found, list) else found


def _names(line: str) -> tuple[list[str], str]:
    """The names in a first line, and what separates them."""
    separator = max(",;\t", key=line.count)
    return [name.strip().strip('"').removeprefix(":").lower() for name in line.split(separator)], separator
