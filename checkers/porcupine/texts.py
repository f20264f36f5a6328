"""Which transitions does the kernel find by itself, and keep in a table? Those of a key-value store of texts.

The trap: only texts are known there. If anything else is put, got or expected, `step` of Python is asked.
"""

from collections.abc import Sequence

from splitbrain.checkers.porcupine.model import REFUSED, Call, Model
from splitbrain.checkers.porcupine.models import kv
from splitbrain.harness.operation import Value

CODES = {"get": 0, "put": 1, "append": 2, "cas": 3}
_CAS, _REFUSED = 3, 4


class TextTable:
    """What is done to the texts of a history. seen: what was got or expected, sorted. kinds: of each class what it is,
    what it is about (for a get what it saw), and what a cas leaves. Texts are UTF-8."""

    def __init__(self, initial: bytes, kinds: list[tuple[int, bytes, bytes]]) -> None:
        self.initial, self.kinds = initial, kinds
        self.seen = sorted({text for f, text, _ in kinds if f not in (CODES["put"], CODES["append"])})


def is_of_texts(model: Model) -> bool:
    """Whether what a model does to texts is known here."""
    return model.step is kv.step and model.by_key


def text_table(model: Model, classes: Sequence[Call]) -> TextTable | None:
    """The table for these calls, or None if they are not all about texts."""
    try:
        return TextTable(_text(model.initial), list(map(_kind, classes)))
    except (_NoText, UnicodeEncodeError):
        return None


class _NoText(Exception):
    """Something is no text."""


def _text(value: Value) -> bytes:
    if type(value) is not str:
        raise _NoText
    return value.encode()


def _kind(call: Call) -> tuple[int, bytes, bytes]:
    code = CODES[call.f]
    if code != _CAS:
        return code, _text(call.argument if code else call.result), b""
    pair = call.argument
    if not isinstance(pair, tuple) or len(pair) != 2:
        raise _NoText
    return _REFUSED if call.result is REFUSED else _CAS, _text(pair[0]), _text(pair[1])
