"""One message between nodes, clients and services as a line of JSON, as Maelstrom's protocol has it."""

import json
from dataclasses import dataclass
from typing import Any

from splitbrain.harness.deployment import Body

SHOWN = 120
"""The longest part of a line that is shown."""
FORM = 'a message is one JSON object a line, {"src": "n1", "dest": "n2", "body": {"type": …}}'


class MalformedLine(ValueError):
    """A line that is no message, in words: the end of the sentence "n1 …"."""


@dataclass(frozen=True)
class Envelope:
    """A message, and from whom to whom. line: as it was read."""

    src: str
    dest: str
    body: Body
    line: bytes


def parse(line: bytes, node: str) -> Envelope:
    """The message of a line that a node printed."""
    shown = line[:SHOWN].decode(errors="replace").strip() + "…" * (len(line) > SHOWN)
    try:
        found: Any = json.loads(line)
    except (ValueError, RecursionError):
        raise MalformedLine(
            f"printed {shown!r} on standard output, which is no message: {FORM}; whatever else a node says "
            "belongs on standard error"
        ) from None
    if not isinstance(found, dict):
        raise MalformedLine(f"printed {shown}, which is no message: {FORM}")
    src, dest, body = found.get("src"), found.get("dest"), found.get("body")
    if src != node:
        raise MalformedLine(f'sent a message with "src": {json.dumps(src)}, and its own name is "{node}": {shown}')
    if not isinstance(dest, str):
        raise MalformedLine(f'sent a message without "dest", the name of who is to get it: {shown}')
    if not isinstance(body, dict):
        raise MalformedLine(f'sent a message without "body", an object: {shown}')
    return Envelope(src, dest, body, line)


def line_of(src: str, dest: str, body: Body) -> bytes:
    """A message as a line."""
    return json.dumps({"src": src, "dest": dest, "body": body}, separators=(",", ":")).encode() + b"\n"


def number_in(body: Body, name: str) -> int | None:
    """The number of a message under this name (`msg_id`, `in_reply_to`); None if there is none."""
    found = body.get(name)
    return found if isinstance(found, int) else None
