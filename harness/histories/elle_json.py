"""One JSON array of objects: the histories of elle-cli.

The array is cut into its objects first, without decoding them, so that a large one does not stand in memory as Python
objects, and so that a mistake has a line. Pitfall: JSON has only strings as names of fields, so what was `{0 100}` in
EDN is `{"0": 100}` here; what that means is for the model to say.
"""

import re

import msgspec

from splitbrain.harness.errors import HistoryError
from splitbrain.harness.histories.jsonl import decoded
from splitbrain.harness.histories.loose import BadEvent, Loose
from splitbrain.harness.histories.parsing import Unreadable
from splitbrain.harness.histories.source import Source
from splitbrain.harness.histories.validate import Intake

BATCH = 10_000
EXPECTED = '[{"process": 0, "type": "invoke", "f": "read", "value": null}, …], or such objects one a line'


def parse_array(source: Source, intake: Intake) -> None:
    """Read a whole source that holds one array. HistoryError, with file and line, at its first mistake."""
    data = b"".join(source.blocks())
    if not data.strip():
        return
    if data.lstrip()[:1] != b"[":
        raise HistoryError(source.name, 1, f"no array of events; expected {EXPECTED}")
    try:
        items = decoded(msgspec.json.Decoder(list[msgspec.Raw]).decode, data)
    except Unreadable as wrong:
        raise HistoryError(source.name, _line_of_syntax(data, str(wrong)), str(wrong)) from None
    for start in range(0, len(items), BATCH):
        source.look_at_budget()
        events, wrong_item = _batch(items[start : start + BATCH])
        try:
            intake.add(events)
        except BadEvent as refused:
            raise HistoryError(source.name, _line(data, items[: start + refused.ordinal + 1]), refused.text) from None
        if wrong_item is not None:
            raise HistoryError(source.name, _line(data, items[: start + len(events) + 1]), str(wrong_item))


def _batch(items: list[msgspec.Raw]) -> tuple[list[Loose], Unreadable | None]:
    """The events up to the first that cannot be decoded, and why it cannot."""
    decode = msgspec.json.Decoder(Loose).decode
    events: list[Loose] = []
    try:
        for item in items:
            events.append(decoded(decode, item))
    except Unreadable as wrong:
        return events, wrong
    return events, None


def _line(data: bytes, items: list[msgspec.Raw]) -> int:
    """The line on which the last of these items begins."""
    begin = end = 0
    for item in items:
        text = bytes(item)
        begin = data.index(text, end)
        end = begin + len(text)
    return data.count(b"\n", 0, begin) + 1


def _line_of_syntax(data: bytes, text: str) -> int:
    at = re.search(r"byte (\d+)", text)
    return data.count(b"\n", 0, int(at.group(1)) if at else len(data)) + 1
