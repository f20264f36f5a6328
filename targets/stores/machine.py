"""State machine of the stores: a map from keys to values; every key is an object of its own: a register, a list, a set
or a counter, as it is used.

A machine is deterministic: the same requests in the same order give the same values and the same answers on every
replica. It also remembers the last answer of each session (Raft thesis §6.3), so that a request which reaches the log
twice takes effect once. A session that asked for nothing during `FORGET_AFTER` applications expires, on every replica
at the same point of the log. What comes of it later is refused and never carried out: names of sessions tell which is
the older, and the machine remembers the age of the youngest that has expired. So a session that it does not know and
that is not younger may be one that has expired; a client that is refused so goes on under a new name.

Pitfall: Python says 1 == True == 1.0 and [1] != (1,), a store must say neither, so values other than plain words and
numbers of one type are compared as they would stand on the wire.
"""

import zlib
from collections.abc import Sequence
from typing import Any

import msgspec

from splitbrain.harness.program import Effect, Mark
from splitbrain.targets.stores.messages import (
    EXPIRED,
    NEVER_EXPIRED,
    PRECONDITION,
    UNSUPPORTED,
    Account,
    Entry,
    Request,
    Response,
    age,
)

FORGET_AFTER = 10_000
"""Requests applied since a session's last one, after which it expires."""


class Session(msgspec.Struct, array_like=True):
    """A session's memory: its last request, the answer, and how many requests had been applied then."""

    sequence: int
    response: Response
    at: int


class State(msgspec.Struct, array_like=True):
    """All that a machine is, as it stands in a snapshot. values: key, value, revision."""

    values: list[tuple[Any, Any, int]]
    sessions: list[tuple[str, Session]]
    count: int
    digest: int
    expired: tuple[int, int]


_encode = msgspec.msgpack.Encoder(order="sorted").encode
_decode = msgspec.msgpack.Decoder(State).decode
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
    if request.f == "txn":
        return None if transaction(request.value) else Response(error=UNSUPPORTED, text="the value is no transaction")
    if request.f == "increment":
        number = isinstance(request.value, int) and not isinstance(request.value, bool)
        return None if number else Response(error=UNSUPPORTED, text="the value of an increment is an integer")
    if request.f == "cas":
        if isinstance(request.value, (list, tuple)) and len(request.value) == 2:
            return None
        return Response(error=UNSUPPORTED, text="the value of a cas is [old, new]")
    return Response(error=UNSUPPORTED, text=f"no such operation: {request.f}")


def transaction(value: Any) -> bool:
    """Whether a value is a list of [r key nil], [w key value] and [append key value]."""
    if not isinstance(value, (list, tuple)):
        return False
    return all(isinstance(step, (list, tuple)) and len(step) == 3 and step[0] in ("r", "w", "append") for step in value)


class Machine:
    """The replicated state machine: values with their revisions, and the last answer given to each session."""

    def __init__(self) -> None:
        self._values: dict[str | bytes, tuple[Any, int]] = {}
        self._elements: dict[str | bytes, set[bytes]] = {}
        """The elements of each set, as they stand on the wire; never iterated."""
        self._sessions: dict[str, Session] = {}
        """By the time of the last request, the oldest first."""
        self._count = 0
        self._expired = NEVER_EXPIRED
        self.digest = 0
        """Of all requests that were carried out so far, in order, with what came of them."""
        self.executed: list[tuple[str, int]] = []
        """The names of the requests that were carried out since somebody emptied this, in order."""
        self.deduplicated = 0
        """Requests that were not carried out because their session had had them."""
        self.refused = 0
        """Requests that were not carried out because their session had expired, since somebody set this to 0."""

    @property
    def size(self) -> int:
        """The number of keys and sessions."""
        return len(self._values) + len(self._sessions)

    def dump(self) -> bytes:
        """All of it, for `restore`."""
        values = [(key, value, revision) for key, (value, revision) in self._values.items()]
        return _encode(State(values, list(self._sessions.items()), self._count, self.digest, self._expired))

    def restore(self, state: bytes) -> None:
        """Become what another was when it was dumped."""
        found = _decode(state)
        self._values = {key: (value, revision) for key, value, revision in found.values}
        self._elements = {}
        self._sessions = dict(found.sessions)
        self._count, self.digest, self._expired = found.count, found.digest, found.expired
        self.executed = []

    def account(self, applied: int) -> Account:
        """The answer of its node to "audit", after so many applied entries."""
        values = sorted((str(key), revision, _encode(value)) for key, (value, revision) in self._values.items())
        contents = zlib.crc32(_encode(values))
        sessions = {name: session.sequence for name, session in self._sessions.items()}
        return Account(applied, self.digest, contents, sessions, self._expired)

    def refusal(self, request: Request) -> Response | None:
        """The answer to a request that makes no sense, None for one that does. Asked before anything is done."""
        return refusal(request)

    def read(self, key: Any) -> Response:
        """The value and revision of a key; None and 0 if it was never written."""
        value, revision = self._values.get(wire_name(key), (None, 0))
        return Response(value, revision)

    def apply(self, request: Request) -> Response | None:
        """Carry out a request, unless its session already had it: then the first answer again. None for a request
        older than the session's last one; nobody waits for it any more."""
        self._count += 1
        session = self._sessions.pop(request.session, None)
        if session is None and age(request.session) <= self._expired:
            self.refused += 1
            return Response(error=EXPIRED, text="the session has expired")
        if session is None or request.sequence > session.sequence:
            session = Session(request.sequence, self._execute(request), self._count)
            answer: Response | None = session.response
        else:
            self.deduplicated += 1
            answer = session.response if request.sequence == session.sequence else None
        session.at = self._count
        self._sessions[request.session] = session
        self._expire()
        return answer

    def _expire(self) -> None:
        """End sessions that have asked for nothing for long."""
        while self._count > FORGET_AFTER:
            name, session = next(iter(self._sessions.items()))
            if session.at > self._count - FORGET_AFTER:
                return
            del self._sessions[name]
            self._expired = max(self._expired, age(name))

    def _execute(self, request: Request) -> Response:
        """Carry it out, and note that it was."""
        response = self._change(request)
        self.executed.append((request.session, request.sequence))
        result = f"{request.session} {request.sequence} {response.error} {response.revision}"
        self.digest = zlib.crc32(result.encode(), self.digest)
        return response

    def _change(self, request: Request) -> Response:
        refused = self.refusal(request)
        if refused is not None:
            return refused
        if request.f == "txn":
            return self._transact(request)
        key = wire_name(request.key)
        value, revision = self._values.get(key, (None, 0))
        if request.f == "read":
            return Response(value, revision)
        if request.f == "add" and isinstance(value, (list, tuple, type(None))):
            new: Any = self._with_element(key, value or (), request)
        else:
            new, error = changed(value, request)
            if error is not None:
                return error
        if request.f != "add":
            self._elements.pop(key, None)
        self._values[key] = new, revision + 1
        return Response(None, revision + 1)

    def _transact(self, request: Request) -> Response:
        """Carry out all micro-operations of a transaction, or none where one makes no sense."""
        held: dict[str | bytes, tuple[Any, int]] = {}
        answer = []
        for f, key, asked in request.value:
            name = wire_name(key)
            value, revision = held.get(name) or self._values.get(name, (None, 0))
            if f == "r":
                answer.append([f, key, value])
                continue
            new, error = changed(value, Request("write" if f == "w" else f, key, asked))
            if error is not None:
                return error
            held[name] = new, revision + 1
            answer.append([f, key, asked])
        for name in held:
            self._elements.pop(name, None)
        self._values |= held
        return Response(answer)

    def _with_element(self, key: str | bytes, value: Sequence[Any], request: Request) -> Sequence[Any]:
        """The set with one more; one that has it already stays as it is."""
        elements = self._elements.get(key)
        if elements is None:
            elements = self._elements[key] = set(map(_encode, value))
        element = _encode(request.value)
        if element in elements:
            return value
        elements.add(element)
        return [*value, request.value]


def changed(value: Any, request: Request) -> tuple[Any, Response | None]:
    """The value of a key after a request that changes it; or why it is refused, and then the value does not change."""
    error, new = "", request.value
    if request.f == "cas":
        old, new = request.value
        if not same(value, old):
            return value, Response(error=PRECONDITION, text=f"the value is {value!r}, not {old!r}")
    elif request.f == "increment":
        if type(value) not in (int, type(None)):
            error = "counter"
        else:
            new = (value or 0) + request.value
    elif request.f in ("add", "append"):
        if not isinstance(value, (list, tuple, type(None))):
            error = "collection"
        elif request.f == "add" and any(same(element, request.value) for element in value or ()):
            new = value
        else:
            new = [*(value or ()), request.value]
    if error:
        return value, Response(error=UNSUPPORTED, text=f"the value is {value!r}, which is no {error}")
    return new, None


def applied_marks(machine: Machine, index: int, entry: Entry) -> list[Effect]:
    """The marks of an entry that was applied just now: `applied`, with index and entry; `executed`, with the request's
    name and the index, if it was carried out; if not, `deduplicated`, or `expired` like its session."""
    request = entry.request
    name = (request.session, request.sequence) if request is not None else ("", 0)
    marks: list[Effect] = [Mark("applied", index, (entry.term, *name))]
    if machine.executed:
        marks.append(Mark("executed", name, index))
        machine.executed = []
    elif request is not None:
        marks.append(Mark("expired" if machine.refused else "deduplicated"))
    machine.refused = 0
    return marks


def wire_name(key: Any) -> str | bytes:
    """A key as it stands on the wire, so that Python takes no two for one."""
    return key if isinstance(key, str) else _encode(key)
