"""Reads of a majority, without a round (with `reads=quorum`).

If a majority has accepted the state of one ballot, that state is chosen. And it is no older than what was acknowledged
before the read began, for of any majority that had accepted that, one acceptor was asked. Otherwise a change is under
way, or was left half done, and the read goes on as a change that changes nothing, which settles it.
"""

from dataclasses import dataclass, field

from splitbrain.harness.program import CancelTimer, SetTimer
from splitbrain.targets.stores.paxos.messages import KeyName, Query, QueryReply
from splitbrain.targets.stores.paxos.proposer import Proposer
from splitbrain.targets.stores.paxos.replica import Replica, Waiting


@dataclass
class PendingRead:
    """A read, and what the acceptors have said so far."""

    key: KeyName
    waiting: Waiting
    answers: dict[str, QueryReply] = field(default_factory=dict)


class QuorumReads:
    """The reads of one node that are under way."""

    def __init__(self, replica: Replica, proposer: Proposer) -> None:
        self._replica = replica
        self._proposer = proposer
        self._last = 0
        self._reads: dict[int, PendingRead] = {}

    def serve(self, key: KeyName, waiting: Waiting) -> None:
        """Ask all acceptors."""
        self._last += 1
        self._reads[self._last] = PendingRead(key, waiting)
        self._replica.broadcast(Query(key, self._last), self._replica.nodes)
        self._replica.out.append(SetTimer(f"read {self._last}", self._replica.settings.resend))

    def on_holding(self, sender: str, message: QueryReply) -> None:
        """Take an acceptor's answer; a majority decides how the read goes on."""
        read = self._reads.get(message.number)
        if read is None:
            return
        read.answers[sender] = message
        answers = list(read.answers.values())
        if len(answers) < self._replica.majority:
            return
        if self._agree(answers):
            self._end(message.number)
            self._replica.answer(read.waiting, self._newest(answers).register.response)
        else:
            self._settle(message.number)

    def _agree(self, answers: list[QueryReply]) -> bool:
        """Whether all have accepted the same."""
        return all(answer.accepted == answers[0].accepted for answer in answers)

    def _newest(self, answers: list[QueryReply]) -> QueryReply:
        return max(answers, key=lambda answer: answer.accepted)

    def on_timer(self, name: str) -> None:
        """Settle a read to which too few have answered."""
        kind, _, number = name.partition(" ")
        if kind == "read" and int(number) in self._reads:
            self._settle(int(number))

    def _settle(self, number: int) -> None:
        read = self._end(number)
        self._proposer.serve(read.key, read.waiting)

    def _end(self, number: int) -> PendingRead:
        self._replica.out.append(CancelTimer(f"read {number}"))
        return self._reads.pop(number)
