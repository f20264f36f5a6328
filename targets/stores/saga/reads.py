"""Reads of several accounts: their nodes are asked one by one, so that what they answer need not fit together."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from splitbrain.harness.program import Effect, Reply, Send
from splitbrain.targets.stores.messages import UNAVAILABLE, Response
from splitbrain.targets.stores.saga.messages import BalanceAsk, BalanceTold
from splitbrain.targets.stores.saga.plan import owner_of

READ_NS = 1_000_000_000
"""Time that a read may take, nanoseconds."""


@dataclass
class BalanceRead:
    """A read under way: the client's request, what is missing, and when it began."""

    handle: int
    missing: dict[str, None]
    since: int
    balances: dict[str, int] = field(default_factory=dict)


class BalanceReads:
    """The reads of a node's clients. balance: of an account of this node. Methods return effects, those of answers for
    the node to hold back until all that it has written is on disk."""

    def __init__(self, name: str, nodes: Sequence[str], balance: Callable[[str], int]) -> None:
        self._name, self._nodes, self._balance = name, nodes, balance
        self._reads: dict[int, BalanceRead] = {}
        self._number = 0

    def begin(self, handle: int, accounts: Sequence[str], now: int) -> list[Effect]:
        """Begin a read."""
        self._number += 1
        self._reads[self._number] = BalanceRead(handle, dict.fromkeys(accounts), now)
        return self._ask(self._number)

    def _ask(self, number: int) -> list[Effect]:
        effects: list[Effect] = []
        for account in list(self._reads[number].missing):
            owner = owner_of(account, self._nodes)
            if owner == self._name:
                effects += self.heard(BalanceTold(number, account, self._balance(account)))
            else:
                effects.append(Send(owner, BalanceAsk(number, account)))
        return effects

    def heard(self, message: BalanceTold) -> list[Effect]:
        """Take a balance that a node has told."""
        reading = self._reads.get(message.reading)
        if reading is None or message.account not in reading.missing:
            return []
        del reading.missing[message.account]
        reading.balances[message.account] = message.balance
        if reading.missing:
            return []
        del self._reads[message.reading]
        return [Reply(reading.handle, Response(dict(sorted(reading.balances.items()))))]

    def tick(self, now: int) -> list[Effect]:
        """Ask again; give up what takes too long."""
        effects: list[Effect] = []
        for number, reading in list(self._reads.items()):
            if now - reading.since > READ_NS:
                del self._reads[number]
                text = f"no answer about {', '.join(reading.missing)}"
                effects.append(Reply(reading.handle, Response(error=UNAVAILABLE, text=text)))
            else:
                effects += self._ask(number)
        return effects
