"""Rounds: a message to several nodes, sent again until enough of them have answered or time is up.

What a coordinator without a leader does all day: ask the replicas of a key, and go on when a quorum has answered. Each
round has a number, which its answers carry.

Pitfall: answers come twice, and after the round has ended; so nodes are counted, not answers, and an answer to a round
that is not open is nobody's. Numbers are never used again, also not after a restart.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from splitbrain.harness.program import Effect, Message, Send

Answers = Mapping[str, Any]
"""Node → what it answered."""
NUMBERS_A_START = 1 << 32


@dataclass
class OpenRound:
    """One round. need: how many nodes must answer. then: called once, when they have. gives_up: called when time is up
    before. afterwards: called when all have answered, or time is up, after `then`; None where nothing is left to do."""

    message: Message
    to: list[str]
    need: int
    then: Callable[[Answers], Sequence[Effect]]
    gives_up: Callable[[], Sequence[Effect]]
    afterwards: Callable[[Answers], Sequence[Effect]] | None
    began: int
    again: int
    answers: dict[str, Any] = field(default_factory=dict)
    instead: dict[str, str] = field(default_factory=dict)
    """Node → the one for which it stands in: the two count as one."""
    met: bool = False


class Rounds:
    """The open rounds of one node. resend, patience: nanoseconds until a message is sent again, and until a round gives
    up."""

    def __init__(self, resend: int, patience: int) -> None:
        self.resend = resend
        self.patience = patience
        self.open: dict[int, OpenRound] = {}
        """By number, in the order in which they began."""
        self._number = 0

    def started(self, starts: int) -> None:
        """Begin at the start number of the node: numbers that no start before has used."""
        self._number = starts * NUMBERS_A_START

    def begin(
        self,
        now: int,
        to: Sequence[str],
        make: Callable[[int], Message],
        need: int,
        then: Callable[[Answers], Sequence[Effect]],
        gives_up: Callable[[], Sequence[Effect]],
        afterwards: Callable[[Answers], Sequence[Effect]] | None = None,
    ) -> list[Effect]:
        """Send a message to nodes. make: the message, by the round's number."""
        self._number += 1
        message = make(self._number)
        self.open[self._number] = OpenRound(message, list(to), need, then, gives_up, afterwards, now, now + self.resend)
        return [Send(node, message) for node in to]

    def heard(self, sender: str, number: int, answer: Any) -> list[Effect]:
        """Take a node's answer."""
        found = self.open.get(number)
        if found is None or sender not in found.to:
            return []
        found.answers.setdefault(sender, answer)
        effects: list[Effect] = []
        if not found.met and self.enough(found):
            found.met = True
            if found.afterwards is None:
                del self.open[number]
            effects += found.then(found.answers)
        if found.met and found.afterwards is not None and len(found.answers) == len(found.to):
            self.open.pop(number, None)
            effects += found.afterwards(found.answers)
        return effects

    def enough(self, found: OpenRound) -> bool:
        """Whether as many nodes have answered as the round needs."""
        return len({found.instead.get(node, node) for node in found.answers}) >= found.need

    def ask_also(self, number: int, node: str, message: Message, instead: str) -> list[Effect]:
        """Let another node answer in an open round, in the place of one that is silent."""
        self.open[number].to.append(node)
        self.open[number].instead[node] = instead
        return [Send(node, message)]

    def tick(self, now: int) -> list[Effect]:
        """Send again what was not answered, and end rounds whose time is up."""
        effects: list[Effect] = []
        for number, found in list(self.open.items()):
            if now - found.began >= self.patience:
                del self.open[number]
                if not found.met:
                    effects += found.gives_up()
                elif found.afterwards is not None:
                    effects += found.afterwards(found.answers)
            elif now >= found.again and not found.met:
                found.again = now + self.resend
                effects += [Send(node, found.message) for node in found.to if node not in found.answers]
        return effects
