"""Bugs of paxos: what an acceptor keeps, what a proposer builds upon, and what counts as chosen."""

from collections.abc import Sequence

from splitbrain.targets.stores.messages import Request
from splitbrain.targets.stores.paxos.acceptor import Acceptor, PromiseRecord, Slot
from splitbrain.targets.stores.paxos.messages import Ballot, Promise, QueryReply
from splitbrain.targets.stores.paxos.proposer import Proposer, Round
from splitbrain.targets.stores.paxos.reads import QuorumReads
from splitbrain.targets.stores.paxos.register import Answered, ChangeFunction


class PromiseInMemory(Acceptor):
    """Write down what it accepts, and not what it promises."""

    def _note_promise(self, record: PromiseRecord) -> None:
        pass


class AcceptsAnyBallot(Acceptor):
    """Accept without looking at what it promised."""

    def _outbid(self, slot: Slot, ballot: Ballot) -> bool:
        return False


class LivesOnce(Acceptor):
    """Bug: does not count its starts, so that a proposer that starts again may use a ballot twice."""

    def _begin_life(self) -> None:
        self.life = 1


class TakesFirstPromise(Proposer):
    """Build upon the state of the promise that came first, and not of the highest ballot."""

    def _latest(self, promises: Sequence[Promise]) -> Promise:
        return promises[0]


class TakesLongestState(Proposer):
    """Build upon the state that was changed most often, and not upon that of the highest ballot."""

    def _latest(self, promises: Sequence[Promise]) -> Promise:
        return max(promises, key=lambda promise: promise.register.count)


class ReadsWithoutSettling(Proposer):
    """Answer a read in phase 1 though the acceptors disagree, so that what it read may never be chosen."""

    def _settled(self, promises: Sequence[Promise]) -> bool:
        return True


class CountsAnswers(Proposer):
    """Count answers and not acceptors: a message that arrives twice counts twice."""

    def _count(self, round: Round, sender: str) -> None:
        round.accepts.append(sender)


class ReadsNewestOfMajority(QuorumReads):
    """Answer a read with the newest state of a majority though the acceptors disagree, without writing it back."""

    def _agree(self, answers: list[QueryReply]) -> bool:
        return True


class ChangesTwice(ChangeFunction):
    """Carry a request out each time that it comes."""

    def _had(self, known: Answered, request: Request) -> bool:
        return False
