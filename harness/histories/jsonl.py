"""JSON lines: one event a line, ours or somebody else's.

The first event says which of the two a file is: with both `index` and `time` it is ours, and every event is held to
the rules of our own format. A foreign file loses nothing by dropping one of them, for its order is that of the file.
"""

import re
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import msgspec

from splitbrain.harness.histories.loose import Loose
from splitbrain.harness.histories.parsing import Unreadable
from splitbrain.harness.history import Event

_HALF = re.compile(rb"\\(?:u[dD][89abAB]\w\w\\u[dD][c-fC-F]\w\w|(u[dD][89a-fA-F]\w\w)|.)", re.DOTALL)
"""Escapes; in the group one that stands for half of a character."""
D = TypeVar("D")
T = TypeVar("T")


def is_own(head: bytes) -> bool:
    """Whether a file that begins so is of our own format."""
    first = head.lstrip().partition(b"\n")[0]
    try:
        event = msgspec.json.decode(first)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return isinstance(event, dict) and "index" in event and "time" in event


class JsonLines:
    """Parser of JSON lines: Event if `own`, else Loose."""

    expected = 'an event as {"process": 0, "type": "invoke", "f": "read", "value": null}'

    def __init__(self, *, own: bool) -> None:
        self._decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(Event if own else Loose)

    def feed(self, block: bytes) -> Sequence[Any]:
        """The events of whole lines; empty lines are let pass."""
        return decoded(self._decoder.decode_lines, block)

    def finish(self) -> None:
        """Do nothing, as nothing is ever left open."""

    def clean(self) -> bool:
        """Always true, as nothing is ever left open."""
        return True

    def mark(self) -> None:
        """The state, of which there is none."""

    def rewind(self, mark: None) -> None:
        """Return to a state, of which there is none."""

    def begins_event(self, line: bytes) -> bool:
        """Whether an object begins."""
        return line.lstrip()[:1] == b"{"


def decoded(decode: Callable[[D], T], block: D) -> T:
    """Decode with msgspec; its errors become Unreadable, in words."""
    try:
        return decode(block)
    except msgspec.ValidationError as wrong:
        raise Unreadable(f"not an event: {_plain(wrong)}") from None
    except msgspec.DecodeError as wrong:
        if "UTF-8" in str(wrong):  # from msgspec 0.23 on
            raise Unreadable("not UTF-8 text") from None
        raise Unreadable(_no_json(_plain(wrong), bytes(block))) from None  # type: ignore[call-overload]
    except UnicodeDecodeError:  # before
        raise Unreadable("not UTF-8 text") from None
    except RecursionError:
        raise Unreadable("nested too deeply") from None


def _no_json(reason: str, text: bytes) -> str:
    """The mistake in a text that is no JSON, and the text that stands there."""
    half = next((found for found in _HALF.finditer(text) if found[1]), None)
    if half is not None:  # msgspec says of it what it says of a text that was cut
        return f"half of a surrogate pair is not text: \\{half[1].decode()} (byte {half.start()})"
    at = re.search(r" \(byte (\d+)\)\Z", reason)
    here = text[int(at[1]) :].partition(b"\n")[0][:20].decode(errors="replace").strip() if at else ""
    return f"not JSON: {reason}" + (f": {here!r}" if here else "")


def _plain(wrong: Exception) -> str:
    text = str(wrong).replace("`", "").replace("$[...].", "").replace("$[...]", "the event").replace("$.", "")
    return text.removeprefix("JSON is malformed: ")
