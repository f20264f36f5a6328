"""Operations, outcomes, and the closed list of error kinds.

Pitfall: `INFO` means unknown. Only an outcome that is certain not to have happened is `FAIL`.
"""

from enum import IntEnum, StrEnum
from typing import Any

from msgspec import Struct

Value = Any
"""Data as JSON or EDN has it: None, bool, int, float, str, tuple, dict, frozenset of such. Never mutated."""

NEMESIS = "nemesis"
"""The process name under which faults stand in a history."""


class EventType(IntEnum):
    """The type of an event: an operation began, or how it ended."""

    INVOKE = 0
    OK = 1
    """End of an operation that happened."""
    FAIL = 2
    """End of one that certainly did not happen, and never will."""
    INFO = 3
    """Unknown end: it may have happened, may happen later, or never."""

    @property
    def word(self) -> str:
        """The name used in history files."""
        return _WORDS[self]

    @staticmethod
    def parse(word: str) -> "EventType":
        """The event type of its name in history files; ValueError for any other word."""
        return EventType(_WORDS.index(word))


_WORDS = ("invoke", "ok", "fail", "info")


class ErrorKind(StrEnum):
    """The kinds of errors of operations. A closed list: reports and availability rest on it."""

    PRECONDITION = "precondition"
    """A precondition that the system tested and that was false: an answer, not an outage."""
    REFUSED = "refused"
    """Nothing sent: connection refused, no route, connect timeout."""
    NO_LEADER = "no-leader"
    UNAVAILABLE = "unavailable"
    TIMEOUT = "timeout"
    CONNECTION = "connection"
    """A connection that broke after something was sent."""
    CONFLICT = "conflict"
    OTHER = "other"


class Error(Struct, frozen=True, gc=False):
    """An error of an operation, as it stands in the history: `[kind, text]`."""

    kind: ErrorKind
    text: str


class Operation(Struct, frozen=True, gc=False):
    """One operation of a client.

    f: the function's name ("read", "write", "cas", …). value: its argument; of a `cas`, `(old, new)`.
    key: the object it is about, or None where the workload has no keys. session: the name of the session that it
    belongs to, where sessions move between clients. takes, gives: the name of the token that its client is handed
    before it begins, and of the one that it hands on afterwards; both stand in the history as `token`, the second one
    if it succeeded.
    """

    f: str
    value: Value = None
    key: Value = None
    session: str | None = None
    takes: str | None = None
    gives: str | None = None


class Outcome(Struct, frozen=True, gc=False):
    """The end of an operation, as its client saw it.

    value: what a read observed; for other operations the argument again. error: present unless `OK`.
    revision: the object's revision that a write made or a read saw (0 if absent), where the system tells it.
    token, session: a fencing token and a session name, where the workload has them.
    """

    type: EventType
    value: Value = None
    error: Error | None = None
    revision: int | None = None
    token: Value = None
    session: Value = None

    @staticmethod
    def ok(value: Value = None, revision: int | None = None, token: Value = None) -> "Outcome":
        """An outcome of an operation that happened and saw `value`."""
        return Outcome(EventType.OK, value, None, revision, token)

    @staticmethod
    def fail(kind: ErrorKind, text: str, value: Value = None, token: Value = None) -> "Outcome":
        """An outcome of an operation that certainly did not happen."""
        return Outcome(EventType.FAIL, value, Error(kind, text), None, token)

    @staticmethod
    def info(kind: ErrorKind, text: str, value: Value = None) -> "Outcome":
        """An outcome that is unknown."""
        return Outcome(EventType.INFO, value, Error(kind, text))
