"""What is a client asked to do, and what did it see? Operations, outcomes, and the closed list of error kinds.

The one trap: `INFO` means that nobody knows. Only an outcome that is certain not to have happened is `FAIL`.
"""

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Any

Value = Any
"""Data as JSON or EDN has it: None, bool, int, float, str, tuple, dict, frozenset of such. Never mutated."""

NEMESIS = "nemesis"
"""The process name under which faults stand in a history."""


class EventType(IntEnum):
    """What an event says: an operation began, or how it ended."""

    INVOKE = 0
    OK = 1
    """It happened, and this is what was seen."""
    FAIL = 2
    """It certainly did not happen, and never will."""
    INFO = 3
    """Nobody knows: it may have happened, may happen later, or never."""

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
    """Why an operation did not succeed. A closed list: reports and availability rest on it."""

    PRECONDITION = "precondition"
    """The system tested a precondition and it was false: an answer, not an outage."""
    REFUSED = "refused"
    """Nothing was sent: connection refused, no route, connect timeout."""
    NO_LEADER = "no-leader"
    UNAVAILABLE = "unavailable"
    TIMEOUT = "timeout"
    CONNECTION = "connection"
    """The connection broke after something was sent."""
    CONFLICT = "conflict"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Error:
    """An error of an operation, as it stands in the history: `[kind, text]`."""

    kind: ErrorKind
    text: str


@dataclass(frozen=True, slots=True)
class Operation:
    """What a client is asked to do.

    f: the function's name ("read", "write", "cas", …). value: its argument; of a `cas`, `(old, new)`.
    key: the object it is about, or None where the workload has no keys.
    """

    f: str
    value: Value = None
    key: Value = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an operation ended, as its client saw it.

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
    def ok(value: Value = None, revision: int | None = None) -> "Outcome":
        """It happened, and `value` was seen."""
        return Outcome(EventType.OK, value, revision=revision)

    @staticmethod
    def fail(kind: ErrorKind, text: str, value: Value = None) -> "Outcome":
        """It certainly did not happen."""
        return Outcome(EventType.FAIL, value, Error(kind, text))

    @staticmethod
    def info(kind: ErrorKind, text: str, value: Value = None) -> "Outcome":
        """Nobody knows."""
        return Outcome(EventType.INFO, value, Error(kind, text))
