"""ChainMembers of a chain as one node knows them: the present epoch, its place in it, and who is silent."""

from splitbrain.harness.program import Effect, Reply
from splitbrain.targets.stores.chain.messages import Chain
from splitbrain.targets.stores.requests import Requests


class ChainMembers:
    """The configuration that a node knows. chain is empty until it knows one."""

    def __init__(self, name: str, nodes: Chain, patience: int) -> None:
        self.name = name
        self.others = tuple(node for node in nodes if node != name)
        self.epoch = 0
        self.chain: Chain = ()
        self._patience = patience
        self._heard: dict[str, int] = {}

    def start(self, now: int) -> None:
        """Count a start as having heard all."""
        self._heard = dict.fromkeys(self.others, now)

    def heard(self, other: str, now: int) -> None:
        """Note that a node has spoken."""
        self._heard[other] = now

    def enter(self, epoch: int, chain: Chain, now: int) -> None:
        """A later epoch."""
        self.epoch, self.chain = epoch, chain

    @property
    def head(self) -> str | None:
        """The first of the chain."""
        return self.chain[0] if self.chain else None

    @property
    def tail(self) -> str | None:
        """The last of the chain."""
        return self.chain[-1] if self.chain else None

    @property
    def place(self) -> str:
        """The place: "primary" for the head, "tail", "middle" or "outside"."""
        if self.name not in self.chain:
            return "outside"
        if self.name == self.head:
            return "primary"
        return "tail" if self.name == self.tail else "middle"

    @property
    def predecessor(self) -> str | None:
        """The node before this one; for one outside, the tail."""
        if self.name not in self.chain:
            return self.tail
        place = self.chain.index(self.name)
        return self.chain[place - 1] if place else None

    @property
    def successor(self) -> str | None:
        """The node behind this one."""
        if self.name not in self.chain or self.name == self.tail:
            return None
        return self.chain[self.chain.index(self.name) + 1]

    def silent(self, other: str, now: int) -> bool:
        """Whether a node was not heard for so long that it counts as dead."""
        return other != self.name and now - self._heard[other] >= self._patience

    def joining(self, now: int) -> str | None:
        """The node outside that the tail brings up to date: the first that is alive."""
        if self.name != self.tail:
            return None
        return next((node for node in self.others if node not in self.chain and not self.silent(node, now)), None)

    def wanted(self, now: int, new: str | None, *, complete: bool) -> Chain | None:
        """The chain that should follow this one: without the members that are silent, or with a new one at its end;
        None if this one is well. new: a node outside that is up to date, if there is one. complete: whether this node
        has all that was committed before the epoch; then so have those before it, and one of them may be the head. One
        that joined last may lack what was committed while it was still outside."""
        if self.name not in self.chain:
            return None
        living = tuple(node for node in self.chain if not self.silent(node, now))
        if living != self.chain:
            return living if complete or living[0] == self.head else None
        return (*self.chain, new) if new is not None and new not in self.chain else None


class ChainRequests(Requests):
    """Requests of a node of a chain, which are passed on to its head or its tail."""

    def keep(self, chain: Chain) -> list[Effect]:
        """Tell those of their doubt whose request was passed on to a node that is not in the chain any more."""
        ends = chain[:1] + chain[-1:]
        lost = [(session, handle) for session, (_, handle, to) in self._forwarded.items() if to not in ends]
        for session, _ in lost:
            del self._forwarded[session]
        response = self.unanswered("passed on to a node that is no end of the chain any more")
        return [Reply(handle, response) for _, handle in lost]
