"""How far is a test? A few numbers that the controller keeps up to date and anyone may read at any time.

Reading is free and safe from any thread: a live display polls. Who must not miss a change of phase overrides `enter`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from splitbrain.harness.operation import EventType


@dataclass(slots=True)
class Progress:
    """Where a test is now.

    phase: "up", "set-up", "main", "heal", "final", "clean-up", "over". now: nanoseconds since the start of the run, in
    the environment's time. counts: operations begun, and ended by EventType: `[begun, ok, fail, info]`.
    """

    phase: str = "up"
    now: int = 0
    counts: list[int] = field(default_factory=lambda: [0, 0, 0, 0])

    def enter(self, phase: str, now: int) -> None:
        """A phase begins."""
        self.phase, self.now = phase, now

    def plain(self) -> tuple[str, int, list[int]]:
        """The numbers, to be handed to another process."""
        return self.phase, self.now, self.counts

    def take(self, plain: Sequence[Any]) -> None:
        """Take over what `plain` gave elsewhere."""
        self.phase, self.now, self.counts = plain

    @property
    def begun(self) -> int:
        """Invocations."""
        return self.counts[EventType.INVOKE]

    @property
    def ok(self) -> int:
        """Operations that happened."""
        return self.counts[EventType.OK]

    @property
    def fail(self) -> int:
        """Operations that certainly did not happen."""
        return self.counts[EventType.FAIL]

    @property
    def info(self) -> int:
        """Operations whose end nobody knows."""
        return self.counts[EventType.INFO]
