"""Transactions at a participant, and how long those in doubt held their locks."""

from dataclasses import dataclass, field
from typing import Any

from splitbrain.targets.stores.two_phase_commit.context import PreparedRecord
from splitbrain.targets.stores.two_phase_commit.messages import Age


@dataclass
class Visit:
    """A transaction at a participant. since: when it came, or voted; asked: when its coordinator was last asked, both
    monotonic nanoseconds. answered: steps that have their locks. prepared: the record of its vote, and its number."""

    txn: str
    age: Age
    since: int
    asked: int
    answered: set[int] = field(default_factory=set)
    writes: list[Any] = field(default_factory=list)
    prepared: tuple[PreparedRecord, int] | None = None
    in_doubt: bool = False


@dataclass
class Doubt:
    """Transactions that had voted yes and had to ask for the outcome: how many ended, and how long they held locks,
    nanoseconds."""

    count: int = 0
    total: int = 0
    longest: int = 0

    def add(self, held: int) -> None:
        """Count one more that has ended."""
        self.count += 1
        self.total += held
        self.longest = max(self.longest, held)
