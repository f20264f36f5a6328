"""Bugs of chain: who may answer, what an acknowledgement rests on, what a new member must have, and what a node that
starts anew must know."""

from splitbrain.harness.program import Effects, Now
from splitbrain.targets.stores.chain.messages import Beat, Chain, ChainMessage, Link
from splitbrain.targets.stores.chain.node import ChainNode
from splitbrain.targets.stores.messages import Request
from splitbrain.targets.stores.requests import Origin, answer


class HeadAnswers(ChainNode):
    """Take for committed, at the head, what is on its own disk."""

    def _committed(self) -> int:
        return self._here() if self.members.head == self.name else super()._committed()


class UnconfirmedTail(ChainNode):
    """Answer reads at the tail without asking whether the chain goes on without it."""

    def _read(self, request: Request, origin: Origin) -> None:
        self._out.append(answer(origin, request, self.machine.read(request.key)))


class OldEpochTaken(ChainNode):
    """Take entries of any epoch from whoever sends them."""

    def _fits(self, sender: str, link: Link) -> bool:
        return True


class ServesBeforeCaughtUp(ChainNode):
    """Serve as soon as the epoch has begun, with what the node has."""

    def _up_to_date(self) -> bool:
        return True


class MiddleCommits(ChainNode):
    """Take for committed, between head and tail, what the node has itself."""

    def _committed(self) -> int:
        return self._here() if self.members.place == "middle" and self._up_to_date() else super()._committed()


class IncompleteChooses(ChainNode):
    """Choose the next chain as any member, whatever it has of the log."""

    def _complete(self) -> bool:
        return True


class AcknowledgedForgotten(ChainNode):
    """Forget, when an epoch is entered again after a start, what was acknowledged in it."""

    def _adopt(self, epoch: int, chain: Chain) -> None:
        entered = (self.members.epoch, self.members.chain)
        super()._adopt(epoch, chain)
        if (self.members.epoch, self.members.chain) != entered:
            self._matched = 0


class EpochFromAnyone(ChainNode):
    """Enter, after a start, the first epoch that another node tells, which may be long over."""

    def on_message(self, now: Now, sender: str, message: ChainMessage) -> Effects:
        """Take another node's message."""
        if isinstance(message, Beat) and not self.members.chain:
            self._now = now
            self._adopt(message.epoch, message.chain)
        return super().on_message(now, sender, message)
