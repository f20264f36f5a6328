"""Configuration service inside the nodes of a store: registers of `paxos` that all nodes keep.

Who leads, or who is a member, is decided there: a configuration follows another by compare-and-set, so that each epoch
has one. The program of the registers runs inside the node, with a journal of its own.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from splitbrain.harness.program import CancelTimer, Effect, Effects, Mark, Now, Reply, SetTimer, Sync
from splitbrain.harness.random_stream import RandomStream
from splitbrain.targets.stores.journal import Journal
from splitbrain.targets.stores.messages import Request, Response
from splitbrain.targets.stores.paxos.messages import PaxosMessage
from splitbrain.targets.stores.paxos.node import PaxosNode, PaxosParts
from splitbrain.targets.stores.paxos.replica import PaxosSettings

TIMER = "configuration "
TOKENS = 1 << 40
"""Number from which on tokens of syncs are those of the registers."""

Answered = Callable[[Response], None]


class ConfigurationJournal(Journal):
    """The journal of the registers."""

    def __init__(self, *, persistent: bool = True) -> None:
        super().__init__("configuration", persistent=persistent)


class ConfigurationService:
    """The registers, as one node has them. Each method returns effects for the node to return."""

    def __init__(self, name: str, nodes: Sequence[str], random: RandomStream, *, persistent: bool) -> None:
        settings = PaxosSettings(reads="quorum", persistent=persistent)
        self._node = PaxosNode(name, nodes, random, settings=settings, parts=PaxosParts(journal=ConfigurationJournal))
        self._name = name
        self._asked = 0
        self._answers: dict[int, Answered] = {}

    def on_start(self, now: Now, disk: Mapping[str, bytes]) -> list[Effect]:
        """Recover the registers."""
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

    def read(self, now: Now, key: str, answered: Answered) -> list[Effect]:
        """Read a configuration, as it is now or later."""
        return self._request(now, "read", key, None, answered)

    def replace(self, now: Now, key: str, old: Any, new: Any, answered: Answered) -> list[Effect]:
        """Put a configuration in the place of another. old: None for the first."""
        return self._request(now, "cas", key, [old, new], answered)

    def _request(self, now: Now, f: str, key: str, value: Any, answered: Answered) -> list[Effect]:
        self._asked += 1
        self._answers[self._asked] = answered
        session = f"{self._name}.{self._node.acceptor.life}"
        return self._through(self._node.on_request(now, self._asked, Request(f, key, value, session, self._asked)))

    def _through(self, effects: Effects) -> list[Effect]:
        """Give answers to those who asked, and other names to timers and tokens; marks are the registers' own."""
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
