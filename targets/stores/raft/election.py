"""Leader election (Raft §5.2, §5.4.1), with a trial vote first, and no vote for a candidate that comes too soon.

A server that hears no leader asks whether it would be elected (thesis §9.6): a server cut off from the others thus
does not drive the term up. Only then it enters a new term, votes for itself and asks for real. A server that has heard
a leader within the shortest election timeout disregards all requests for votes (thesis §4.2.3); leases rest on that.

Pitfall: a vote is given once a term and must be on disk before it is told, or a restart gives it twice.
"""

from splitbrain.harness.program import SetTimer
from splitbrain.targets.stores.raft.messages import VoteReply, VoteRequest
from splitbrain.targets.stores.raft.server import CANDIDATE, LEADER, RaftServer

TIMER = "election"
BACKOFF_MAX = 4
"""A candidate doubles its patience at each attempt, at most so often: with slow disks, votes take their time."""


class Election:
    """The election part of a server."""

    def __init__(self, server: RaftServer) -> None:
        self._server = server
        self._votes: list[str] = []
        self._trial = False
        self._attempts = 0
        self._handed_over = False
        """Whether this candidate stands because the leader has told it to."""

    def heard_leader(self) -> None:
        """A leader of the present term spoke: be patient again."""
        self._server.heard = self._server.now.monotonic
        self._attempts = 0
        self.wait()

    def wait(self) -> None:
        """Draw a new timeout, from now."""
        server = self._server
        timeout = server.random.between(server.settings.election_min, server.settings.election_max)
        server.out.append(SetTimer(TIMER, round(timeout) << min(self._attempts, BACKOFF_MAX)))

    def on_timeout(self) -> None:
        """Stand for election, or wait on, as no leader was heard for too long."""
        server = self._server
        if server.role == LEADER or not server.may_lead or server.log.journal.durable < server.log.ballot_record:
            # A leader keeps the timer running for the day it is none, and who has no vote for the day it has one. And
            # while our vote of the last attempt is still on its way to the disk, another would not be quicker.
            self.wait()
            return
        if self._hears_leader():
            # The timer was up just as a leader spoke. To stand now would break the lease that rests on our answer.
            self.wait()
            return
        server.role = CANDIDATE
        server.leader = None
        self._handed_over = False
        self._trial = True
        self._votes = []
        self._ask(server.term + 1)
        self.wait()

    def stand_at_once(self) -> None:
        """Stand for election without a trial, as the leader has told this server to."""
        self._server.role = CANDIDATE
        self._server.leader = None
        self._handed_over = True
        self._stand()

    def _ask(self, term: int) -> None:
        log = self._server.log
        for other in self._server.other_voters:
            last_term = log.term_at(log.last) or 0
            self._server.send(other, VoteRequest(term, log.last, last_term, self._trial, self._handed_over))
        if self._server.name in self._server.voters:
            self._server.promise(self._server.name, VoteReply(term, granted=True, trial=self._trial))

    def on_request(self, sender: str, request: VoteRequest) -> None:
        """Take a candidate's request for a vote, or whether it would get one."""
        server = self._server
        if server.role == LEADER or (self._hears_leader() and not request.handed_over):
            return
        if request.trial:
            granted = request.term > server.term and self._up_to_date(request)
            server.promise(sender, VoteReply(request.term if granted else server.term, granted, trial=True))
            return
        if request.term > server.term:
            server.follow(request.term)
        granted = self._current(request) and self._free_for(sender) and self._up_to_date(request)
        if granted:
            if server.log.vote is None:
                server.log.ballot(server.term, sender)
            self.wait()
        server.promise(sender, VoteReply(server.term, granted, trial=False))

    def _hears_leader(self) -> bool:
        """Whether a leader was heard so lately that nobody else may be elected."""
        return self._server.now.monotonic - self._server.heard < self._server.settings.election_min

    def _current(self, request: VoteRequest) -> bool:
        """Whether it asks in the present term."""
        return request.term == self._server.term

    def _free_for(self, candidate: str) -> bool:
        """Whether the vote of the present term is still free, or was given to this candidate."""
        return self._server.log.vote in (None, candidate)

    def _up_to_date(self, request: VoteRequest) -> bool:
        """Whether the candidate's log is at least as up to date as ours (§5.4.1)."""
        log = self._server.log
        return (request.last_term, request.last_index) >= (log.term_at(log.last) or 0, log.last)

    def on_reply(self, sender: str, reply: VoteReply) -> bool:
        """Take a vote that came back. Whether it was the one that decides: then this server leads from now on."""
        server = self._server
        if not reply.granted:
            if reply.term > server.term:
                server.follow(reply.term)
            return False
        if server.role != CANDIDATE or not self._awaited(reply) or sender not in server.voters:
            return False
        self._note(sender)
        if len(self._votes) < server.majority:
            return False
        if self._trial:
            self._stand()
            return False
        self._attempts = 0
        return True

    def _awaited(self, reply: VoteReply) -> bool:
        """Whether it answers what this candidate asks now."""
        term = self._server.term + 1 if self._trial else self._server.term
        return reply.trial == self._trial and reply.term == term

    def _note(self, voter: str) -> None:
        """Count a vote; each voter's once."""
        if voter not in self._votes:
            self._votes.append(voter)

    def _stand(self) -> None:
        """Enter a new term and ask for real, as the trial was won."""
        server = self._server
        server.log.ballot(server.term + 1, server.name)
        self._trial = False
        self._votes = []
        self._attempts += 1
        server.say("standing for election")
        self._ask(server.term)
        self.wait()
