"""Progress: the phase of a test and its counts, kept by the controller and read by live displays.

Safe to read from any thread at any time. A display that must not miss a change of phase overrides `enter`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from splitbrain.harness.operation import EventType


@dataclass(slots=True)
class Progress:
    """Phase, time and counts of a test.

    phase: "up", "set-up", "main", "heal", "final", "clean-up", "over". now: nanoseconds since the start of the run, in
    the environment's time; phase_began: when the phase began. counts: operations begun, and ended by EventType:
    `[begun, ok, fail, info]`. faults: asks for the names of those under way.
    """

    phase: str = "up"
    now: int = 0
    phase_began: int = 0
    counts: list[int] = field(default_factory=lambda: [0, 0, 0, 0])
    faults: Callable[[], Sequence[str]] = tuple

    def enter(self, phase: str, now: int) -> None:
        """Enter a phase."""
        self.phase, self.now, self.phase_began = phase, now, now

    def plain(self) -> tuple[str, int, int, list[int], list[str]]:
        """The numbers, as plain values for another process."""
        return self.phase, self.now, self.phase_began, self.counts, list(self.faults())

    def take(self, plain: Sequence[Any]) -> None:
        """Set the numbers from `plain` of another process."""
        self.phase, self.now, self.phase_began, self.counts, faults = plain
        self.faults = lambda: faults

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
        """Operations whose end is unknown."""
        return self.counts[EventType.INFO]
