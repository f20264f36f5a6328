"""Bugs in raft's elections: who may vote, for whom, when, and what a vote rests on."""

from splitbrain.targets.stores.log import Ballot, ReplicaLog
from splitbrain.targets.stores.raft.election import Election
from splitbrain.targets.stores.raft.messages import RaftMessage, VoteReply, VoteRequest
from splitbrain.targets.stores.raft.node import RaftNode
from splitbrain.targets.stores.raft.server import RaftServer


class VotesTwice(Election):
    """A server that does not look whether it has voted in the term."""

    def _free_for(self, candidate: str) -> bool:
        return True


class VotesForShorterLogs(Election):
    """A server that votes without comparing logs."""

    def _up_to_date(self, request: VoteRequest) -> bool:
        return True


class ComparesLengthAlone(Election):
    """Bug: compares how long the logs are, and not the terms of their last entries."""

    def _up_to_date(self, request: VoteRequest) -> bool:
        return request.last_index >= self._server.log.last


class ComparesTermAlone(Election):
    """Bug: compares the terms of the last entries, and not how long the logs are."""

    def _up_to_date(self, request: VoteRequest) -> bool:
        log = self._server.log
        return request.last_term >= (log.term_at(log.last) or 0)


class ComparesCommitted(Election):
    """A server that is content with a candidate that has what is known here to be committed."""

    def _up_to_date(self, request: VoteRequest) -> bool:
        return request.last_index >= self._server.commit


class VotesInOlderTerms(Election):
    """Bug: answers a candidate of an older term as if it were of the present one."""

    def on_request(self, sender: str, request: VoteRequest) -> None:
        """Look neither at the term of an older request nor at the vote of the present one."""
        server = self._server
        if request.trial or request.term >= server.term or not self._up_to_date(request):
            super().on_request(sender, request)
        else:
            server.promise(sender, VoteReply(request.term, granted=True, trial=False))


class CountsOlderVotes(Election):
    """Bug: counts a vote whatever the term it was given in."""

    def _awaited(self, reply: VoteReply) -> bool:
        return reply.trial == self._trial


class CountsTrialVotes(Election):
    """Bug: counts the answers of the trial as votes of the election that follows it."""

    def _awaited(self, reply: VoteReply) -> bool:
        return reply.trial or super()._awaited(reply)


class CountsVotersTwice(Election):
    """Bug: counts answers, and not voters."""

    def _note(self, voter: str) -> None:
        self._votes.append(voter)


class VotesWhileLed(Election):
    """Bug: votes also while it hears a leader, whose lease rests on it not doing so."""

    def _hears_leader(self) -> bool:
        return False


class HalfIsEnough(RaftServer):
    """Bug: takes half of the servers, rounded down, for a majority."""

    def _majority_of(self, voters: int) -> int:
        return max(1, voters // 2)


class VotesBeforeSync(RaftServer):
    """Bug: sends votes before they are on disk."""

    def promise(self, to: str, message: RaftMessage, index: int = 0) -> None:
        """Let votes for others leave at once."""
        if isinstance(message, VoteReply) and to != self.name:
            self.send(to, message)
        else:
            super().promise(to, message, index)


class ForgetsVote(ReplicaLog):
    """Bug: writes the term down, and not the vote."""

    def _ballot(self) -> Ballot:
        return Ballot(self.term, None)


class ForgetsTerm(ReplicaLog):
    """Bug: keeps term and vote in memory alone."""

    def ballot(self, term: int, vote: str | None) -> None:
        """Write nothing."""
        self.term, self.vote = term, vote

    def _ballot(self) -> Ballot:
        return Ballot(0, None)


class ForgetsHeardTerms(ReplicaLog):
    """Bug: writes a term down when it votes, and not when it hears of a later one."""

    def ballot(self, term: int, vote: str | None) -> None:
        """Write a vote down, and no term that was only heard of."""
        if vote is not None:
            super().ballot(term, vote)
        else:
            self.term, self.vote = term, vote


class RestartForgetsLeader(RaftNode):
    """Bug: votes as soon as it has started, for it does not remember that it heard a leader."""

    def _heard_at_start(self) -> int:
        return -(1 << 62)
