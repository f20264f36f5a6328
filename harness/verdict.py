"""Verdict: a tree of three-valued answers about a history, each with its reason and its evidence.

`unknown` is neither a pass nor an anomaly. A checker that ran out of budget, crashed, or saw nothing that could have
refuted its model answers `unknown` and says why.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import msgspec

from splitbrain.harness.operation import Value


class Validity(StrEnum):
    """The three answers, combined as `invalid` > `unknown` > `valid`."""

    VALID = "valid"
    INVALID = "invalid"
    UNKNOWN = "unknown"

    @staticmethod
    def worst(values: "Iterable[Validity]") -> "Validity":
        """The combination of several answers: one `invalid` decides, else one `unknown`; none at all is `unknown`."""
        seen = list(values)
        if Validity.INVALID in seen:
            return Validity.INVALID
        if Validity.UNKNOWN in seen or not seen:
            return Validity.UNKNOWN
        return Validity.VALID


@dataclass(frozen=True)
class Witness:
    """Evidence that a history is invalid, small enough to read.

    events: indexes (positions in the history) of the events of a minimal sub-history that is still invalid.
    words: the explanation, one sentence a line, the decisive one first.
    offending: the index of the invocation of the operation that cannot be placed; None if no single one stands out.
    cycle: of operations that come before each other in a cycle, the index of the invocation of each and what leads from
    it to the next, in words; the last leads to the first.
    """

    events: tuple[int, ...]
    words: tuple[str, ...]
    offending: int | None = None
    cycle: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True)
class Verdict:
    """The answer of one checker about a history, or about one key of it.

    value: the answer. reason: one sentence, always present. checker: its name. model: the model it checked.
    key: the key it is about, where it is about one. children: the verdicts it was combined from.
    witness: present when `invalid`. certificate: for `valid` of a search, an order of the operations (as indexes of
    their invocations) that an independent verifier accepts; operations left out had no effect.
    details: figures of the checker (configurations visited, operations placed, …), JSON values only.
    notes: what a person should know to read it aright, a sentence each.
    """

    value: Validity
    reason: str
    checker: str
    model: str | None = None
    key: Value = None
    children: "tuple[Verdict, ...]" = ()
    witness: Witness | None = None
    certificate: tuple[int, ...] | None = None
    details: Mapping[str, Value] = field(default_factory=dict)
    notes: "tuple[str, ...]" = ()

    def all_notes(self) -> "tuple[str, ...]":
        """The notes of the whole tree, each once."""
        found = dict.fromkeys(self.notes)
        for child in self.children:
            found |= dict.fromkeys(child.all_notes())
        return tuple(found)

    def to_json(self) -> dict[str, Value]:
        """The tree as plain JSON values."""
        plain: dict[str, Value] = msgspec.to_builtins(self)
        return plain

    @staticmethod
    def from_json(plain: Mapping[str, Value]) -> "Verdict":
        """The inverse of `to_json`; msgspec.ValidationError if it is not one."""
        return msgspec.convert(plain, Verdict)


def unknown(checker: str, reason: str, model: str | None = None, **details: Value) -> Verdict:
    """A verdict of `unknown`, which always has a reason."""
    return Verdict(Validity.UNKNOWN, reason, checker, model, details=details)
