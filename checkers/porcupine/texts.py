"""Which transitions does the kernel find by itself, and keep in a table? Those of a key-value store of texts.

The trap: only texts are known there. If anything else is put, got or expected, `step` of Python is asked.
"""

from collections.abc import Sequence

from splitbrain.checkers.porcupine.model import Model
from splitbrain.checkers.porcupine.models import kv
from splitbrain.harness.history import History
from splitbrain.harness.operation import Value

CODES = {"get": 0, "put": 1, "append": 2, "cas": 3}
_CAS, _REFUSED, _REFUSED_RESULT = 3, 4, -3


class TextTable:
    """What is done to the texts of a history. seen: what was got or expected, sorted. kinds: of each class what it is,
    what it is about (for a get what it saw), and what a cas leaves. bytes: held beyond the texts. Texts are UTF-8."""

    def __init__(self, initial: bytes, kinds: list[tuple[int, bytes, bytes]]) -> None:
        self.initial, self.kinds, self.bytes = initial, kinds, 0
        self.seen = sorted({text for f, text, _ in kinds if f not in (CODES["put"], CODES["append"])})


def text_table(model: Model, history: History, classes: Sequence[tuple[int, ...]]) -> TextTable | None:
    """The table for these classes (see `Batch`), or None if they are not all about texts."""
    if model.step is not kv.step or not model.by_key:
        return None
    values = history.pool.values
    try:
        kinds = [_kind(values, f, argument, seen) for f, argument, seen, *_ in classes]
        return TextTable(_text(model.initial), kinds)
    except (_NoText, UnicodeEncodeError):
        return None


class _NoText(Exception):
    """Something is no text."""


def _text(value: Value) -> bytes:
    if type(value) is not str:
        raise _NoText
    return value.encode()


def _kind(values: Sequence[Value], f: int, argument: int, seen: int) -> tuple[int, bytes, bytes]:
    code = CODES[values[f]]
    if code != _CAS:
        return code, _text(values[argument if code else seen]), b""
    pair = values[argument]
    if not isinstance(pair, tuple) or len(pair) != 2:
        raise _NoText
    return _REFUSED if seen == _REFUSED_RESULT else _CAS, _text(pair[0]), _text(pair[1])
