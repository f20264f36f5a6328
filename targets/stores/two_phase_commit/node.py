"""Node of two-phase-commit: a participant, a coordinator for its clients, and, on the first node, the oracle."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from splitbrain.harness.program import Effects, Now, Reply, Role, SetTimer
from splitbrain.harness.random_stream import RandomStream
from splitbrain.targets.stores.journal import Journal, give_up
from splitbrain.targets.stores.messages import UNAVAILABLE, Request, Response
from splitbrain.targets.stores.two_phase_commit.context import (
    CommitRecord,
    CommitSettings,
    NodeContext,
    StampCeiling,
    StartedLife,
    decode,
)
from splitbrain.targets.stores.two_phase_commit.coordinator import Coordinator
from splitbrain.targets.stores.two_phase_commit.messages import (
    CommitMessage,
    DecisionKept,
    Inquiry,
    PrepareShard,
    ShardDecision,
    ShardVote,
    StampAsk,
    StampTold,
    StepAsk,
    StepTold,
    Wound,
)
from splitbrain.targets.stores.two_phase_commit.oracle import StampOracle
from splitbrain.targets.stores.two_phase_commit.participant import Participant

TICK = "tick"
TICK_NS = 50_000_000
"""Time after which what was not answered is asked again, nanoseconds."""


@dataclass(frozen=True)
class CommitParts:
    """The classes of which a node is made."""

    journal: type[Journal] = Journal
    oracle: type[StampOracle] = StampOracle
    participant: type[Participant] = Participant
    coordinator: type[Coordinator] = Coordinator


CORRECT = CommitParts()


class CommitNode:
    """One node."""

    message_type: ClassVar[Any] = CommitMessage
    request_type: ClassVar[Any] = Request
    reply_type: ClassVar[Any] = Response

    def __init__(
        self,
        name: str,
        nodes: Sequence[str],
        random: RandomStream,
        *,
        settings: CommitSettings,
        parts: CommitParts = CORRECT,
    ) -> None:
        self.context = NodeContext(name, nodes, parts.journal(persistent=settings.persistent), settings)
        self.oracle = parts.oracle(self.context)
        self.participant = parts.participant(self.context)
        self.coordinator = parts.coordinator(self.context)
        self._life_record = 0

    @property
    def role(self) -> Role:
        """ "peer", as all are."""
        return Role("peer")

    def on_start(self, now: Now, disk: Mapping[str, bytes]) -> Effects:
        """Replay the journal, and count this life."""
        context = self.context
        context.now = now
        records, effects = context.journal.recover(disk)
        context.effects += effects
        for payload in records:
            record = decode(payload)
            if isinstance(record, StartedLife):
                context.life = record.life
            elif isinstance(record, StampCeiling):
                self.oracle.recover(record)
            elif isinstance(record, CommitRecord):
                self.coordinator.recover(record)
            else:
                self.participant.recover(record)
        context.life = context.life + 1 if context.settings.persistent else now.monotonic
        self._life_record = context.write(StartedLife(context.life))
        self.participant.recovered()
        context.effects.append(SetTimer(TICK, TICK_NS))
        return self._finish()

    def on_request(self, now: Now, request: int, message: Request) -> Effects:
        """Coordinate a transaction of a client."""
        self.context.now = now
        if message.f == "role":
            return [Reply(request, Response([self.role.name, self.role.term]))]
        if message.f == "audit":
            return [Reply(request, Response(self.account()))]
        if not self._ready:
            return [Reply(request, Response(error=UNAVAILABLE, text="the node has only just started"))]
        self.coordinator.on_request(request, message)
        return self._finish()

    @property
    def _ready(self) -> bool:
        """Whether no later life can be taken for this one."""
        return self._life_record <= self.context.journal.durable

    def account(self) -> Any:
        """The answer to an audit: the transactions that were committed here, with all their participants and their
        requests; those that are open; and how long locks were held in doubt, milliseconds."""
        participant, now = self.participant, self.context.now.monotonic
        committed = {txn: [record.participants, list(record.request)] for txn, record in participant.requests.items()}
        held = [now - visit.since for visit in participant.visits.values() if visit.in_doubt]
        doubt = participant.doubt
        return {
            "committed": committed,
            "open": sorted({*participant.visits, *self.coordinator.under_way}),
            "in_doubt": {
                "transactions": doubt.count + len(held),
                "held_ms": (doubt.total + sum(held)) // 1_000_000,
                "longest_ms": max([doubt.longest, *held]) // 1_000_000,
            },
        }

    def on_message(self, now: Now, sender: str, message: CommitMessage) -> Effects:
        """A message of another node."""
        self.context.now = now
        if self._ready:
            self._hear(sender, message)
        return self._finish()

    def _hear(self, sender: str, message: CommitMessage) -> None:
        participant, coordinator = self.participant, self.coordinator
        match message:
            case StepAsk():
                participant.on_ask(message)
            case StepTold():
                coordinator.on_told(sender, message)
            case PrepareShard():
                participant.on_prepare(message)
            case ShardVote():
                coordinator.on_vote(sender, message)
            case ShardDecision():
                participant.on_decision(message)
            case DecisionKept():
                coordinator.on_kept(sender, message)
            case Wound():
                coordinator.on_wound(message)
            case Inquiry():
                coordinator.on_inquiry(sender, message)
            case StampAsk():
                self.oracle.on_ask(sender, message)
            case StampTold():
                coordinator.on_stamp(message)

    def on_timer(self, now: Now, name: str) -> Effects:
        """Ask again what was not answered."""
        self.context.now = now
        if self._ready:
            self.coordinator.on_tick()
            self.participant.on_tick()
        self.context.effects.append(SetTimer(TICK, TICK_NS))
        return self._finish()

    def on_durable(self, now: Now, token: int) -> Effects:
        """Take in that more of the journal is on disk."""
        self.context.now = now
        self.context.journal.on_durable(token)
        return self._finish()

    def on_disk_error(self, now: Now, token: int, errno: int) -> Effects:
        """Stop: what is on disk now is unknown."""
        give_up(errno)

    def _finish(self) -> Effects:
        """The effects of this event, after all that the node's roles have told each other."""
        context = self.context
        context.effects += context.journal.flush()
        context.release()
        while context.local:
            self._hear(context.name, context.local.popleft())
            context.effects += context.journal.flush()
            context.release()
        effects, context.effects = context.effects, []
        return effects
