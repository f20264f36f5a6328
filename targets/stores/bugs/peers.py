"""Bugs of the stores in which every node accepts writes: multi-leader and causal."""

from typing import Any

from msgspec import structs

from splitbrain.harness.program import Effects, Mark, Now
from splitbrain.targets.stores.causal import CausalNode
from splitbrain.targets.stores.messages import Request, Response
from splitbrain.targets.stores.multi_leader import KeptSiblings, LeadingNode, OneWinner
from splitbrain.targets.stores.spreading import SpreadMessage, Tell
from splitbrain.targets.stores.updates import Update, UpdateLog


class LastToArrive(OneWinner):
    """The update that arrived last wins."""

    def apply(self, update: Update) -> None:
        """Take it in."""
        self._winners[update.key] = update


class SiblingsDropped(KeptSiblings):
    """Put an update in the place of all others, also of those that its writer did not know."""

    def apply(self, update: Update) -> None:
        """Take it in."""
        self._siblings[update.key] = [update]


class ClockOfItsOwn(LeadingNode):
    """A hybrid logical clock that is not advanced by what others tell."""

    def apply(self, update: Update) -> None:
        """Count updates of this node only."""
        clock = self.clock
        super().apply(update)
        if update.origin != self.name:
            self.clock = clock


class ToldTwiceAppliedTwice(LeadingNode):
    """Apply what it is told though it has it."""

    def on_message(self, now: Now, sender: str, message: SpreadMessage) -> Effects:
        """Take it in."""
        again: list[Mark] = []
        for update in message.updates if isinstance(message, Tell) else ():
            if update.number <= self.log.vector.get(update.origin, 0):
                self.apply(update)
                again.append(Mark("has", update.origin, update.number))
        return [*again, *super().on_message(now, sender, message)]


class GapsSkipped(UpdateLog):
    """Take an update though one before it is missing, which then counts as known."""

    def is_next(self, update: Update) -> bool:
        """Whether it is any newer one."""
        return update.number > self.vector.get(update.origin, 0)


class CausalOnArrival(CausalNode):
    """Apply an update as soon as it comes, without what its writer had seen."""

    def may_apply(self, update: Update) -> bool:
        """Always true."""
        return True


class CausalForgetsReads(CausalNode):
    """Send an update without what its writer had read from others."""

    def update(self, key: str, request: Request) -> Update | Response:
        """Name as known the updates of this node alone."""
        made = super().update(key, request)
        return made if isinstance(made, Response) else structs.replace(made, known={self.name: made.number - 1})


class CausalIgnoresTokens(CausalNode):
    """Answer with what it has, whatever the session has seen."""

    def serve(self, handle: int, request: Request) -> None:
        """Serve at once."""
        value = request.value[0] if request.value else None
        super().serve(handle, Request(request.f, request.key, [value, {}], request.session, request.sequence))


class CausalReadsUntold(CausalNode):
    """Tell a session nothing of what it saw by a read."""

    def read(self, key: str) -> Any:
        """The value, and no past."""
        return [super().read(key)[0], {}]


class CausalClockOfItsOwn(CausalNode):
    """A logical clock that is not advanced by what others tell."""

    def apply(self, update: Update) -> None:
        """Count updates of this node only."""
        clock = self.clock
        super().apply(update)
        if update.origin != self.name:
            self.clock = clock
