"""Proposer: changes the state of a key by the two phases of Paxos (CASPaxos section 2.2).

One round a key at a time, for all requests that wait for it. Phase 1 takes the state that was accepted in the highest
ballot among a majority; the requests change it; phase 2 has a majority accept the new state. A round that was outbid
begins again after a time drawn by lot, with a higher ballot: what it had proposed may have been taken over by the
winner, and is then found in the state.

Pitfall: a request that was in a proposal once may yet be carried out by others, so it is never refused for good.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from splitbrain.harness.program import CancelTimer, Mark, SetTimer
from splitbrain.targets.stores.messages import IN_DOUBT, UNAVAILABLE, Request, Response
from splitbrain.targets.stores.paxos.messages import (
    NOTHING,
    Accept,
    AcceptReply,
    Ballot,
    KeyName,
    Outbid,
    Prepare,
    Promise,
)
from splitbrain.targets.stores.paxos.register import EMPTY, Change, ChangeFunction
from splitbrain.targets.stores.paxos.replica import Replica, Waiting

UNCHANGED = Change(EMPTY, [], [])
PREPARING, ACCEPTING, BACKING_OFF = "preparing", "accepting", "backing off"

IN_DOUBT_AFTER = 3
"""The factor by which a request that was proposed is tried longer than others."""


@dataclass
class Round:
    """The attempts to change one key. requests: those in the present proposal. joined: whether a request came after
    phase 1 began. outbid: how often in a row."""

    key: KeyName
    timer: str
    ballot: Ballot = NOTHING
    phase: str = PREPARING
    joined: bool = False
    outbid: int = 0
    promises: dict[str, Promise] = field(default_factory=dict)
    accepts: list[str] = field(default_factory=list)
    requests: list[Waiting] = field(default_factory=list)
    change: Change = UNCHANGED


class Proposer:
    """The proposer of one node."""

    def __init__(self, replica: Replica, change: ChangeFunction) -> None:
        self._replica = replica
        self._change = change
        self._counter = 0
        self._timers = 0
        self._rounds: dict[KeyName, Round] = {}
        self._timed: dict[str, Round] = {}
        self._queues: dict[KeyName, list[Waiting]] = {}

    def serve(self, key: KeyName, waiting: Waiting) -> None:
        """Carry a request out, or join it to the same one that is under way."""
        request = waiting.request
        under_way = self._rounds.get(key)
        queue = self._queues.setdefault(key, [])
        for other in (*queue, *(under_way.requests if under_way else ())):
            if request.session and _name(other.request) == _name(request):
                other.origins += waiting.origins
                return
        queue.append(waiting)
        if under_way is not None:
            under_way.joined = True
        else:
            self._timers += 1
            under_way = self._rounds[key] = Round(key, f"round {self._timers}")
            self._timed[under_way.timer] = under_way
            self._prepare(under_way)

    def _prepare(self, round: Round) -> None:
        """Begin phase 1 with a ballot of our own, above all that were heard of."""
        replica = self._replica
        promised = replica.acceptor.slot(round.key).promised
        self._counter = max(self._counter, promised[0]) + 1
        round.ballot = self._counter, replica.acceptor.life, replica.place
        round.phase, round.promises, round.accepts, round.joined = PREPARING, {}, [], False
        replica.broadcast(Prepare(round.key, round.ballot), replica.nodes)
        self._wait(round, replica.settings.resend)

    def _wait(self, round: Round, after: int) -> None:
        self._replica.out.append(SetTimer(round.timer, after))

    def on_promise(self, sender: str, promise: Promise) -> None:
        """Take an acceptor's promise; a majority ends phase 1."""
        round = self._rounds.get(promise.key)
        if round is None or round.phase != PREPARING or round.ballot != promise.ballot:
            return
        round.promises[sender] = promise
        if len(round.promises) < self._replica.majority:
            return
        promises = list(round.promises.values())
        chosen = self._latest(promises)
        round.requests = self._queues.pop(round.key, [])
        round.change = self._change(chosen.register, [waiting.request for waiting in round.requests])
        register = round.change.register
        # Promises may be older than a request that came while they were collected: phase 2 shows that they still stand.
        if register is chosen.register and self._settled(promises) and not round.joined:
            self._finish(round)
            return
        round.phase = ACCEPTING
        for waiting in round.requests:
            waiting.proposed = True
        self._replica.out.append(Mark("proposed", round.key, round.ballot, chosen.accepted, register.digest))
        self._replica.broadcast(Accept(round.key, round.ballot, register), self._replica.nodes)
        self._wait(round, self._replica.settings.resend)

    def _latest(self, promises: Sequence[Promise]) -> Promise:
        """The one that tells of the highest ballot: nothing newer can have been chosen."""
        return max(promises, key=lambda promise: promise.accepted)

    def _settled(self, promises: Sequence[Promise]) -> bool:
        """Whether a majority has accepted one and the same, so that it is chosen already and phase 2 adds nothing."""
        return all(promise.accepted == promises[0].accepted for promise in promises)

    def on_accepted(self, sender: str, message: AcceptReply) -> None:
        """Count an acceptor that has accepted; a majority has chosen."""
        round = self._rounds.get(message.key)
        if round is None or round.phase != ACCEPTING or round.ballot != message.ballot:
            return
        self._count(round, sender)
        if len(round.accepts) < self._replica.majority:
            return
        self._replica.out.append(Mark("chosen", round.key, round.ballot, round.change.register.revision))
        for name in round.change.executed:
            self._replica.out.append(Mark("executed", name, (round.key, round.ballot)))
        self._finish(round)

    def _count(self, round: Round, sender: str) -> None:
        """Count an acceptor, once."""
        if sender not in round.accepts:
            round.accepts.append(sender)

    def _finish(self, round: Round) -> None:
        """Answer the requests of a proposal, and go on with those that came meanwhile."""
        for waiting, response in zip(round.requests, round.change.answers, strict=True):
            if response is not None:
                self._replica.answer(waiting, response)
        round.requests, round.outbid = [], 0
        self._go_on(round)

    def on_outbid(self, message: Outbid) -> None:
        """Wait, and bid higher, as an acceptor has promised more to another."""
        self._counter = max(self._counter, message.promised[0])
        round = self._rounds.get(message.key)
        if round is None or round.phase == BACKING_OFF or round.ballot != message.ballot:
            return
        waiting = [one for one in round.requests if one.origins]
        self._queues[round.key] = [*waiting, *self._queues.get(round.key, ())]
        round.requests, round.phase = [], BACKING_OFF
        round.outbid += 1
        settings = self._replica.settings
        most = min(settings.backoff << min(round.outbid, 16), settings.backoff_max)
        self._wait(round, 1 + self._replica.random.below(most))

    def on_timer(self, name: str) -> bool:
        """Go on with a round that has waited; whether the timer was one of a round."""
        round = self._timed.get(name)
        if round is None:
            return False
        if round.phase == ACCEPTING:
            late = [node for node in self._replica.nodes if node not in round.accepts]
            self._replica.broadcast(Accept(round.key, round.ballot, round.change.register), late)
            self._patient(round.requests)
        elif round.phase == PREPARING:
            late = [node for node in self._replica.nodes if node not in round.promises]
            self._replica.broadcast(Prepare(round.key, round.ballot), late)
        queue = self._queues[round.key] = self._patient(self._queues.get(round.key, []))
        if round.phase == BACKING_OFF or not (queue or any(one.origins for one in round.requests)):
            round.requests = []
            self._go_on(round)
        else:
            self._wait(round, self._replica.settings.resend)
        return True

    def _go_on(self, round: Round) -> None:
        """Begin anew if anybody waits."""
        if self._queues.get(round.key):
            self._prepare(round)
            return
        self._queues.pop(round.key, None)
        del self._rounds[round.key], self._timed[round.timer]
        self._replica.out.append(CancelTimer(round.timer))

    def _patient(self, waiting: Sequence[Waiting]) -> list[Waiting]:
        """Requests of the waiting whose time is not up; the others are told, and have no origins any more."""
        text = "no majority has answered in time"
        for one in waiting:
            age = self._replica.now.monotonic - one.since
            if one.proposed and age >= IN_DOUBT_AFTER * self._replica.settings.patience:
                self._replica.answer(one, Response(error=IN_DOUBT, text=text))
                one.origins = []
            elif not one.proposed and age >= self._replica.settings.patience:
                self._replica.refuse(one, Response(error=UNAVAILABLE, text=text))
                one.origins = []
        return [one for one in waiting if one.origins]


def _name(request: Request) -> tuple[str, int]:
    return request.session, request.sequence
