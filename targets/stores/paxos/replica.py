"""State that the parts of a node share, and its ways to speak.

`send` speaks at once; `promise` speaks when the journal is on disk up to a record. A node speaks to itself in the same
way as to others, so its own vote counts no sooner than a crash could not take it back.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from splitbrain.harness.program import Effect, Now, Reply, Send
from splitbrain.harness.random_stream import RandomStream
from splitbrain.targets.stores.messages import Request, Response
from splitbrain.targets.stores.paxos.acceptor import Acceptor
from splitbrain.targets.stores.paxos.messages import PaxosMessage

REFUSED_MAX = 10_000
"""Sessions whose last refusal is remembered."""


@dataclass(frozen=True)
class PaxosSettings:
    """The options of a node; times in nanoseconds.

    reads: "change", "quorum" or "local". persistent: False keeps nothing over a restart. resend: silence after which a
    message is sent again. backoff: the first wait after having been outbid is drawn below it, the next below twice
    that, and so on up to `backoff_max`. patience: how long a request is tried before it is refused; three times as
    long if it was proposed.
    """

    reads: str = "change"
    persistent: bool = True
    resend: int = 100_000_000
    backoff: int = 20_000_000
    backoff_max: int = 640_000_000
    patience: int = 300_000_000


@dataclass
class Waiting:
    """A request that waits for its answer. origins: the handles of all who asked it. proposed: whether it was in a
    proposal: then it may have been carried out."""

    request: Request
    origins: list[int]
    since: int
    proposed: bool = False


@dataclass
class Replica:
    """One node: who the others are, its disk, the time, and the effects of the present event so far."""

    name: str
    nodes: Sequence[str]
    random: RandomStream
    settings: PaxosSettings
    acceptor: Acceptor
    now: Now = field(default_factory=lambda: Now(0, 0))
    out: list[Effect] = field(default_factory=list)
    refused: dict[str, int] = field(default_factory=dict)
    """Of each session that was refused for good, the number of that request: a copy of it that comes later must be
    refused too."""

    @property
    def majority(self) -> int:
        """The number of nodes that decide."""
        return len(self.nodes) // 2 + 1

    @property
    def place(self) -> int:
        """The place of this node among all."""
        return self.nodes.index(self.name)

    def promise(self, to: str, message: PaxosMessage, record: int) -> None:
        """Say something once a record is on disk; to this node too."""
        self.acceptor.journal.hold(record, Send(to, message))

    def broadcast(self, message: PaxosMessage, to: Sequence[str]) -> None:
        """Say something to these nodes, once it is on disk that this life of the node has begun."""
        for node in to:
            self.promise(node, message, self.acceptor.life_record)

    def answer(self, waiting: Waiting, response: Response) -> None:
        """Answer all who asked."""
        self.out += [Reply(origin, response) for origin in waiting.origins]

    def refuse(self, waiting: Waiting, response: Response) -> None:
        """Answer that nothing was done, and never do it."""
        request = waiting.request
        if request.session:
            self.refused.pop(request.session, None)
            self.refused[request.session] = request.sequence
            if len(self.refused) > REFUSED_MAX:
                del self.refused[next(iter(self.refused))]
        self.answer(waiting, response)
