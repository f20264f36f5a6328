"""Injections in force on a directed link, each with what it did so far."""

from dataclasses import dataclass, field

from splitbrain.harness.environments.sim.scheduler import nanoseconds
from splitbrain.harness.injection import ImpairMessages
from splitbrain.harness.program import Message


@dataclass(slots=True, eq=False)
class Cutting:
    """A cut in force. queued: what is sent meanwhile comes after the heal. stopped: how many messages it stopped."""

    queued: bool = False
    stopped: int = 0


@dataclass(slots=True, eq=False)
class Impairing:
    """An impairment in force, and what it did to how many messages."""

    injection: ImpairMessages
    delay: int = field(init=False)
    jitter: int = field(init=False)
    delayed: int = 0
    dropped: int = 0
    duplicated: int = 0
    reordered: int = 0
    corrupted: int = 0
    resets: int = 0

    def __post_init__(self) -> None:
        self.delay = nanoseconds(self.injection.delay_ms)
        self.jitter = nanoseconds(self.injection.jitter_ms)


@dataclass(slots=True, eq=False)
class Limping:
    """A limit of bandwidth in force on one link. free: when what was sent so far has left the sender."""

    ns_per_byte: float
    free: int = 0
    delayed: int = 0
    dropped: int = 0


@dataclass(slots=True, eq=False)
class Shortening:
    """A limit of length in force on one link: only messages up to so many bytes pass."""

    bytes_max: int
    dropped: int = 0


@dataclass(slots=True, eq=False)
class Withholding:
    """An adversary in force: holds back what would make or keep a leader. See `WithholdVotes`.

    spare: how many votes a candidate may get besides its own without winning. votes: (candidate, term) → votes let
    through.
    """

    hold: int
    spare: int
    withheld: int = 0
    votes: dict[tuple[str, int], int] = field(default_factory=dict)

    def holds(self, to: str, message: Message) -> bool:
        """Whether this message has to wait."""
        if getattr(message, "leads", None) is not None:
            return True
        term = getattr(message, "elects", None)
        if term is None:
            return False
        votes = self.votes[to, term] = self.votes.get((to, term), 0) + 1
        return votes > self.spare


@dataclass(slots=True, eq=False)
class Held:
    """A message that waits to be overtaken, and the impairments that hold it back."""

    message: Message
    sent: int
    holding: list[Impairing]
