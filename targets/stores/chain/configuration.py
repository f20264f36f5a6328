"""ChainConfiguration service of a chain: which nodes it has, in which order, one configuration an epoch.

The paper has a master that is itself replicated by Paxos (section 3). Here it is one register of `paxos`, kept by all
nodes: a configuration follows another by compare-and-set, so each epoch has one. The program of that register runs
inside the node, with a journal of its own.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from splitbrain.harness.program import CancelTimer, Effect, Effects, Mark, Now, Reply, SetTimer, Sync
from splitbrain.harness.random_stream import RandomStream
from splitbrain.targets.stores.chain.messages import Chain
from splitbrain.targets.stores.journal import Journal
from splitbrain.targets.stores.messages import Request, Response
from splitbrain.targets.stores.paxos.messages import PaxosMessage
from splitbrain.targets.stores.paxos.node import PaxosNode, PaxosParts
from splitbrain.targets.stores.paxos.replica import PaxosSettings

KEY = "chain"
TIMER = "configuration "
TOKENS = 1 << 40
"""Tokens of syncs from here on are those of the register."""

Answered = Callable[[Response], None]


class ConfigurationJournal(Journal):
    """The journal of the register."""

    def __init__(self, *, persistent: bool = True) -> None:
        super().__init__("configuration", persistent=persistent)


class ChainConfiguration:
    """The register, as one node has it. Each method returns effects for the node to return."""

    def __init__(self, name: str, nodes: Sequence[str], random: RandomStream, *, persistent: bool) -> None:
        settings = PaxosSettings(reads="quorum", persistent=persistent)
        self._node = PaxosNode(name, nodes, random, settings=settings, parts=PaxosParts(journal=ConfigurationJournal))
        self._name = name
        self._first: Chain = tuple(nodes)
        self._asked = 0
        self._answers: dict[int, Answered] = {}

    def on_start(self, now: Now, disk: Mapping[str, bytes]) -> list[Effect]:
        """Recover the register."""
        return self._through(self._node.on_start(now, disk))

    def on_message(self, now: Now, sender: str, message: PaxosMessage) -> list[Effect]:
        """A message of Paxos."""
        return self._through(self._node.on_message(now, sender, message))

    def on_timer(self, now: Now, name: str) -> list[Effect]:
        """One of its timers."""
        return self._through(self._node.on_timer(now, name.removeprefix(TIMER)))

    def on_durable(self, now: Now, token: int) -> list[Effect]:
        """One of its syncs."""
        return self._through(self._node.on_durable(now, token - TOKENS))

    def ask(self, now: Now, answered: Answered) -> list[Effect]:
        """Read the present configuration, as it is now or later."""
        return self._request(now, "read", None, answered)

    def propose(self, now: Now, old: tuple[int, Chain], chain: Chain, answered: Answered) -> list[Effect]:
        """Put a chain in the place of an old one, in the next epoch."""
        expected = None if old == (0, self._first) else [old[0], list(old[1])]
        return self._request(now, "cas", [expected, [old[0] + 1, list(chain)]], answered)

    def understood(self, response: Response) -> tuple[int, Chain]:
        """Epoch and chain of an answer to `ask`."""
        if response.value is None:
            return 0, self._first
        epoch, chain = response.value
        return int(epoch), tuple(map(str, chain))

    def _request(self, now: Now, f: str, value: Any, answered: Answered) -> list[Effect]:
        self._asked += 1
        self._answers[self._asked] = answered
        session = f"{self._name}.{self._node.acceptor.life}"
        return self._through(self._node.on_request(now, self._asked, Request(f, KEY, value, session, self._asked)))

    def _through(self, effects: Effects) -> list[Effect]:
        """Give answers to those who asked, and other names to timers and tokens; marks are the register's own."""
        out: list[Effect] = []
        for effect in effects:
            match effect:
                case Reply(request, message):
                    self._answers.pop(request)(message)
                case Sync(token):
                    out.append(Sync(token + TOKENS))
                case SetTimer(name, after):
                    out.append(SetTimer(TIMER + name, after))
                case CancelTimer(name):
                    out.append(CancelTimer(TIMER + name))
                case Mark():
                    pass
                case _:
                    out.append(effect)
        return out
