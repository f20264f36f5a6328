"""Operations as requests of Maelstrom's workloads, and what is read in their replies.

Pitfall: keys of ours are `k7`, which programs may take to be a number, as Maelstrom's are; so `7` is sent.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from splitbrain.harness.deployment import Body
from splitbrain.harness.operation import Operation, Value
from splitbrain.targets.maelstrom.errors import KEY_DOES_NOT_EXIST
from splitbrain.targets.values import frozen

NUMBERED = re.compile(r"k(\d+)")
"""A key that is sent as its number."""


@dataclass(frozen=True)
class WireRequest:
    """One kind of operation. body: the request. result: the operation's value, from its request and its reply.
    fields: what the reply has, one of them at least; () if nothing beside its type."""

    body: Callable[[Operation], Body]
    result: Callable[[Operation, Body], Value] = lambda operation, reply: operation.value
    fields: tuple[str, ...] = ()


def wire_key(key: Value) -> Value:
    """A key as it is sent."""
    numbered = NUMBERED.fullmatch(key) if isinstance(key, str) else None
    return int(numbered[1]) if numbered else key


def _read(operation: Operation) -> Body:
    return {"type": "read"} if _whole(operation.key) else {"type": "read", "key": wire_key(operation.key)}


def _whole(key: Value) -> bool:
    """Whether a read is of all that there is: of the one set, or the one counter."""
    return key is None or key == "counter"


def _seen(operation: Operation, reply: Body) -> Value:
    name = "messages" if "value" not in reply or (operation.key is None and "messages" in reply) else "value"
    return frozen(reply[name])


def _cas(operation: Operation) -> Body:
    old, new = operation.value
    return {"type": "cas", "key": wire_key(operation.key), "from": old, "to": new}


def _txn(operation: Operation) -> Body:
    return {"type": "txn", "txn": [[f, wire_key(key), value] for f, key, value in operation.value]}


def _done(operation: Operation, reply: Body) -> Value:
    """The micro-operations with what was read, under our keys."""
    pairs = zip(operation.value, reply["txn"], strict=True)
    return tuple((f, key, frozen(done[2])) if f == "r" else (f, key, value) for (f, key, value), done in pairs)


REQUESTS: Mapping[str, WireRequest] = {
    "read": WireRequest(_read, _seen, ("value", "messages")),
    "write": WireRequest(lambda op: {"type": "write", "key": wire_key(op.key), "value": op.value}),
    "cas": WireRequest(_cas),
    "add": WireRequest(lambda op: {"type": "add", "element": op.value}),
    "broadcast": WireRequest(lambda op: {"type": "broadcast", "message": op.value}),
    "increment": WireRequest(lambda op: {"type": "add", "delta": op.value}),
    "txn": WireRequest(_txn, _done, ("txn",)),
    "generate": WireRequest(lambda op: {"type": "generate"}, lambda op, reply: frozen(reply["id"]), ("id",)),
    "echo": WireRequest(
        lambda op: {"type": "echo", "echo": op.value}, lambda op, reply: frozen(reply["echo"]), ("echo",)
    ),
}
"""Every operation that is one request; `send` and `poll` are in `client`."""
REPLIES: Mapping[str, tuple[str, ...]] = {
    "read": ("value", "messages"),
    "txn": ("txn",),
    "generate": ("id",),
    "echo": ("echo",),
    "send": ("offset",),
    "poll": ("msgs",),
    "list_committed_offsets": ("offsets",),
}
"""The fields of the reply to a request of each type, one of which it has; those of other types have none."""


def objection(request: Body, reply: Body) -> str:
    """An objection to a reply to a request: the end of the sentence "n1 …"; empty if there is none."""
    kind = str(request["type"])
    if reply["type"] == "error":
        return "" if isinstance(reply.get("code"), int) else f"answered {kind} with an error without code, a number"
    due = REPLIES.get(kind, ())
    if due and not any(name in reply for name in due):
        return f"answered {kind} with {reply['type']} without {' or '.join(due)}"
    return _wrong_field(kind, request, reply)


def _wrong_field(kind: str, request: Body, reply: Body) -> str:
    """An objection to the contents of a reply that has its fields."""
    if kind == "txn" and not _same_steps(request["txn"], reply["txn"]):
        return f"answered txn {request['txn']} with {reply['txn']!r}, which are other micro-operations"
    if kind == "send" and not isinstance(reply["offset"], int):
        return f"answered send with the offset {reply['offset']!r}, which is no number"
    if kind == "poll" and not _is_polled(reply["msgs"]):
        return f"answered poll with msgs {reply['msgs']!r}; due is an object from keys to lists of [offset, message]"
    if kind == "list_committed_offsets" and not isinstance(reply["offsets"], dict):
        return f"answered {kind} with offsets {reply['offsets']!r}; due is an object from keys to offsets"
    return ""


def _same_steps(asked: Any, done: Any) -> bool:
    """Whether micro-operations are those that were asked for, with their reads filled in."""
    return (
        isinstance(done, list)
        and len(done) == len(asked)
        and all(isinstance(step, list) and len(step) == 3 for step in done)
        and all(
            step[:2] == list(wanted[:2]) and (wanted[0] == "r" or step[2] == wanted[2])
            for step, wanted in zip(done, asked, strict=True)
        )
    )


def _is_polled(msgs: Any) -> bool:
    return isinstance(msgs, dict) and all(
        isinstance(pairs, list)
        and all(isinstance(pair, list) and len(pair) == 2 and isinstance(pair[0], int) for pair in pairs)
        for pairs in msgs.values()
    )


def absent(operation: Operation, reply: Body) -> bool:
    """Whether a reply says that the key that was to be read is not there, which is something seen."""
    return operation.f == "read" and reply["type"] == "error" and reply["code"] == KEY_DOES_NOT_EXIST
