"""Client: how a worker speaks to a target, and the error table that says what the target's errors mean.

An error that no row of the table knows leaves the outcome unknown.

Pitfall: after a timeout the reply may still come, and must never answer the next request. So a client that timed out is
closed, and a new one is opened for the next operation.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from splitbrain.harness.node import ChannelClosed
from splitbrain.harness.operation import Error, ErrorKind, EventType, Operation, Outcome, Value
from splitbrain.harness.suggestion import did_you_mean


class Client(Protocol):
    """One logical client, pinned to one node. Lives until an operation's end is unknown; then a new one is made."""

    async def open(self) -> None:
        """Connect. Any error means that nothing was sent."""

    async def setup(self) -> None:
        """Prepare what the workload needs (tables, keys), on the first client only, before the main phase."""

    async def invoke(self, operation: Operation) -> Outcome:
        """Carry out one operation; dispatches on `operation.f`. Raises what the target's error table knows."""

    async def teardown(self) -> None:
        """Undo `setup`, after the final reads."""

    async def close(self) -> None:
        """Disconnect; never raises."""


@runtime_checkable
class TokenClient(Protocol):
    """A client that knows what its session has seen, and can be told what another one has."""

    @property
    def seen(self) -> Value:
        """A token of all that it has seen; never mutated."""

    def adopt(self, seen: Value) -> None:
        """Answer from now on at least as fresh as this token of another client of the same target."""


@dataclass(frozen=True)
class Rule:
    """One row of an error table.

    raised: the exception type (subclasses included), or a word that the exception's `code` attribute equals.
    definite: whether the operation certainly did not happen.
    """

    raised: type[BaseException] | str
    kind: ErrorKind
    definite: bool

    def fits(self, error: BaseException) -> bool:
        """Whether the row is about an error."""
        if isinstance(self.raised, str):
            return bool(getattr(error, "code", None) == self.raised)
        return isinstance(error, self.raised)


TRANSPORT = (
    Rule(ConnectionRefusedError, ErrorKind.REFUSED, definite=True),
    Rule(ChannelClosed, ErrorKind.CONNECTION, definite=False),
    Rule(TimeoutError, ErrorKind.TIMEOUT, definite=False),
    Rule(ConnectionError, ErrorKind.CONNECTION, definite=False),
)
"""Rules that hold for every target: what failed before a byte was sent is definite, what broke later is not."""


@dataclass(frozen=True)
class ErrorTable:
    """The rows by which errors of a target are classified. The first that fits decides; else `other`, unknown."""

    rules: Sequence[Rule] = TRANSPORT

    def outcome(self, operation: Operation, error: BaseException, *, effects: bool) -> Outcome:
        """The outcome of an operation that raised.

        effects: whether the operation can change anything. One that cannot is `fail` on any error: it did not happen
        in any sense that matters to a checker.
        """
        kind, definite = self.classify(error)
        ended = EventType.FAIL if definite or not effects else EventType.INFO
        text, name = str(error), type(error).__name__
        if kind is ErrorKind.OTHER:  # not foreseen: a text like "0" says nothing without its type
            code = getattr(error, "code", None)
            text = f"{name} {code!r}: {text}" if isinstance(code, str) else f"{name}: {text}"
        return Outcome(ended, operation.value, Error(kind, text or name))

    def unlisted(self, error: BaseException) -> str:
        """A complaint, in words, if an error has a word for its kind that no row has; else nothing."""
        code = getattr(error, "code", None)
        words = [rule.raised for rule in self.rules if isinstance(rule.raised, str)]
        if not isinstance(code, str) or not words or self.knows(error):
            return ""
        hint = did_you_mean(code, words) or f"; its words are {', '.join(words)}"
        return f"error {code!r} is in no row of the target's error table{hint}: what failed with it counts as unknown"

    def knows(self, error: BaseException) -> bool:
        """Whether any row is about an error."""
        return any(rule.fits(error) for rule in self.rules)

    def classify(self, error: BaseException) -> tuple[ErrorKind, bool]:
        """(kind, definite) of an exception."""
        for rule in self.rules:
            if rule.fits(error):
                return rule.kind, rule.definite
        return ErrorKind.OTHER, False


@dataclass(frozen=True)
class Shape:
    """An operation that a target supports or a workload needs.

    argument, result: the shape of its values, in words ("int", "[old, new]", "none"). effects: whether it can change
    anything.
    """

    argument: str
    result: str
    effects: bool = True


Shapes = Mapping[str, Shape]
"""Operations by name."""
