"""The operations that clients of targets know, with their values."""

from splitbrain.harness.client import Shape, Shapes
from splitbrain.harness.suggestion import did_you_mean

SHAPES: Shapes = {
    "read": Shape("none", "value, elements, list or sum", effects=False),
    "write": Shape("value", "value"),
    "cas": Shape("[old, new]", "[old, new]"),
    "add": Shape("element", "element"),
    "remove": Shape("element", "element"),
    "append": Shape("element", "element"),
    "increment": Shape("the delta", "the delta"),
    "acquire": Shape("none", "none, with token"),
    "hold": Shape("seconds", "seconds, with token", effects=False),
    "use": Shape("none", "none, with token and revision"),
    "release": Shape("none", "none, with token"),
    "send": Shape("the message", "the message, with its offset as revision"),
    "send-batch": Shape("[message, …]", "[[offset, message], …]"),
    "send-aborted": Shape("[message, …]", "none: it fails"),
    "send-keyed": Shape("[key, value], or [key, null, number]", "the message, with its offset as revision"),
    "poll": Shape("none or start", "[[offset, message], …]", effects=False),
    "consume": Shape("none", "[[offset, message], …]"),
    "effects": Shape("none", "[[offset, message], …]", effects=False),
    "enqueue": Shape("element", "element"),
    "dequeue": Shape("none", "element, nil if there is none"),
    "watch": Shape("watcher", "[[key, revision, value], …]", effects=False),
    "find": Shape("the value", "keys of the rows that have it", effects=False),
    "txn": Shape("micro-operations", "micro-operations with what was read"),
    "begin": Shape("micro-operations", "the same with what was read; the transaction stays open"),
    "commit": Shape("micro-operations of the open transaction", "the same with what was read"),
    "transfer": Shape("{from, to, amount}", "{from, to, amount}"),
    "members": Shape("none", "names of nodes, in order", effects=False),
    "insert": Shape("[row of table a, row of table b], one of them null", "the same"),
    "broadcast": Shape("element", "element"),
    "generate": Shape("none", "an identifier"),
    "echo": Shape("anything", "the same", effects=False),
    "drain": Shape("watcher", "[[key, revision, value], …]", effects=False),
}
"""By name."""


def shapes(*names: str) -> Shapes:
    """The operations of these names; ValueError for one that is none."""
    for name in names:
        if name not in SHAPES:
            hint = did_you_mean(name, SHAPES, f"there are {', '.join(SHAPES)}")
            raise ValueError(f"there is no operation {name!r}{hint}")
    return {name: SHAPES[name] for name in names}
