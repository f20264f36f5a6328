"""What do the stores hold? A map from keys to values; every key is an object of its own: a register, a list, a set or a
counter, as it is used.

A machine is deterministic: the same requests in the same order give the same values and the same answers on every
replica. It also remembers the last answer of each session (Raft thesis §6.3), so that a request which reaches the log
twice takes effect once. The trap: Python says 1 == True == 1.0 and [1] != (1,), a store must say neither, so values
other than plain words and numbers of one type are compared as they would stand on the wire.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from splitbrain.targets.stores.messages import PRECONDITION, UNSUPPORTED, Request, Response

_encode = msgspec.msgpack.Encoder(order="sorted").encode
_PLAIN = (str, int, bool, type(None))


def same(a: Any, b: Any) -> bool:
    """Whether two values are one and the same to a client."""
    if type(a) is type(b) and isinstance(a, _PLAIN):
        return bool(a == b)
    return _encode(a) == _encode(b)


def refusal(request: Request) -> Response | None:
    """The answer to a request that makes no sense, None for one that does. Asked before anything is done."""
    if request.f in ("read", "write", "add", "append"):
        return None
    if request.f == "increment":
        number = isinstance(request.value, int) and not isinstance(request.value, bool)
        return None if number else Response(error=UNSUPPORTED, text="the value of an increment is an integer")
    if request.f == "cas":
        if isinstance(request.value, (list, tuple)) and len(request.value) == 2:
            return None
        return Response(error=UNSUPPORTED, text="the value of a cas is [old, new]")
    return Response(error=UNSUPPORTED, text=f"no such operation: {request.f}")


class Machine:
    """The replicated state machine: values with their revisions, and the last answer given to each session."""

    def __init__(self) -> None:
        self._values: dict[str | bytes, tuple[Any, int]] = {}
        self._elements: dict[str | bytes, set[bytes]] = {}
        """What is in each set, as it stands on the wire; never iterated."""
        self._sessions: dict[str, tuple[int, Response]] = {}

    def read(self, key: Any) -> Response:
        """The value and revision of a key; None and 0 if it was never written."""
        value, revision = self._values.get(_name(key), (None, 0))
        return Response(value, revision)

    def apply(self, request: Request) -> Response | None:
        """Carry out a request, unless its session already had it: then the first answer again. None for a request
        older than the session's last one; nobody waits for it any more."""
        sequence, response = self._sessions.get(request.session, (-1, None))
        if request.sequence == sequence:
            return response
        if request.sequence < sequence:
            return None
        response = self._execute(request)
        self._sessions[request.session] = request.sequence, response
        return response

    def _execute(self, request: Request) -> Response:
        refused = refusal(request)
        if refused is not None:
            return refused
        key = _name(request.key)
        value, revision = self._values.get(key, (None, 0))
        if request.f == "read":
            return Response(value, revision)
        new = request.value
        if request.f == "cas":
            old, new = request.value
            if not same(value, old):
                return Response(error=PRECONDITION, text=f"the value is {value!r}, not {old!r}")
        elif request.f == "increment":
            if type(value) not in (int, type(None)):
                return Response(error=UNSUPPORTED, text=f"the value is {value!r}, which is no counter")
            new = (value or 0) + request.value
        elif request.f in ("add", "append"):
            if not isinstance(value, (list, tuple, type(None))):
                return Response(error=UNSUPPORTED, text=f"the value is {value!r}, which is no collection")
            new = self._longer(key, value or (), request)
        if request.f != "add":
            self._elements.pop(key, None)
        self._values[key] = new, revision + 1
        return Response(None, revision + 1)

    def _longer(self, key: str | bytes, value: Sequence[Any], request: Request) -> Sequence[Any]:
        """The elements with one more, at the end; a set that has it already stays as it is."""
        if request.f == "append":
            return [*value, request.value]
        elements = self._elements.get(key)
        if elements is None:
            elements = self._elements[key] = set(map(_encode, value))
        element = _encode(request.value)
        if element in elements:
            return value
        elements.add(element)
        return [*value, request.value]


def _name(key: Any) -> str | bytes:
    return key if isinstance(key, str) else _encode(key)
