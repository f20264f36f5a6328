"""Participant of two-phase commit: a shard, its locks, and the transactions that have touched it.

Gray, "Notes on Data Base Operating Systems", 1978; Mohan, Lindsay and Obermarck, "Transaction Management in the R*
Distributed Database Management System", TODS 1986 (presumed abort, read-only votes). Before it votes yes a participant
may abort a transaction on its own, say when it restarts; after that it waits for its coordinator, with all locks, for
however long: that is how two-phase commit blocks.

Pitfall: locks that were lost and taken again by a late copy of a message do not protect what was read before. So a
coordinator says in which life of the participant it was answered, and what a participant dropped it takes in no more.
"""

from collections import OrderedDict
from typing import Any

from splitbrain.harness.program import Mark, Send
from splitbrain.targets.stores.machine import wire_name
from splitbrain.targets.stores.two_phase_commit.context import (
    INQUIRE_NS,
    Isolation,
    NodeContext,
    OutcomeRecord,
    PreparedRecord,
)
from splitbrain.targets.stores.two_phase_commit.locks import LockTable
from splitbrain.targets.stores.two_phase_commit.messages import (
    READ_ONLY,
    YES,
    DecisionKept,
    Inquiry,
    PrepareShard,
    ShardDecision,
    ShardVote,
    StepAsk,
    StepTold,
    Wound,
)
from splitbrain.targets.stores.two_phase_commit.shard import Name, Shard, ShardVersion, stepped
from splitbrain.targets.stores.two_phase_commit.visits import Doubt, Visit

REMEMBERED = 10_000
"""Transactions that are over and still known, so that late messages find them so."""


def coordinator_of(txn: str) -> str:
    """The node that coordinates a transaction."""
    return txn.rsplit(".", 2)[0]


class Participant:
    """The participant of one node. lock_table: the class of its locks."""

    lock_table: type[LockTable] = LockTable

    def __init__(self, context: NodeContext) -> None:
        self.context = context
        self.shard = Shard()
        self.locks = self.lock_table()
        self.visits: dict[str, Visit] = {}
        self.doubt = Doubt()
        self.outcomes: dict[str, OutcomeRecord] = {}
        """Of transactions that had voted yes here."""
        self.requests: dict[str, PreparedRecord] = {}
        """Those that were committed here."""
        self._over: OrderedDict[str, str] = OrderedDict()
        """Transactions that are over without an outcome: how this participant votes."""
        self._readers: dict[Name, dict[tuple[str, int], StepAsk]] = {}
        """Reads of a snapshot that wait for one that has voted."""

    # What is on disk.

    def recover(self, record: PreparedRecord | OutcomeRecord) -> None:
        """Replay a record."""
        if isinstance(record, PreparedRecord):
            self._hold(record, 0)
        else:
            self._end(record)

    def recovered(self) -> None:
        """End the recovery, as everything was replayed: what has voted and has no outcome goes on waiting."""
        for visit in self.visits.values():
            visit.since, visit.asked = self.context.now.monotonic, self.context.now.monotonic - INQUIRE_NS
        self.context.mark("recovered", (*self.visits, *self.outcomes))

    def _hold(self, record: PreparedRecord, number: int) -> None:
        now = self.context.now.monotonic
        visit = self.visits.setdefault(record.txn, Visit(record.txn, record.age, now, now))
        visit.prepared, visit.since = (record, number), now
        for name, alone in record.locks:
            self.locks.take(name, record.txn, record.age, alone=alone)

    # Steps.

    def on_ask(self, ask: StepAsk) -> None:
        """Read or lock a key."""
        if ask.txn in self._over or ask.txn in self.outcomes:
            return
        name = wire_name(ask.key)
        isolation = self.context.settings.isolation
        if isolation.stamped:
            self._read_snapshot(name, ask)
        elif ask.f == "r" and isolation is Isolation.READ_COMMITTED:
            self._answer(ask, self.readable(name))
        else:
            self._lock(name, ask)

    def _lock(self, name: Name, ask: StepAsk) -> None:
        now = self.context.now.monotonic
        visit = self.visits.setdefault(ask.txn, Visit(ask.txn, ask.age, now, now))
        if visit.prepared is not None:
            return
        if ask.number in visit.answered:
            self._answer(ask, self.shard.latest(name))
        else:
            self.locks.wait(name, ask, alone=ask.f != "r")
            self._grant(name)

    def _grant(self, name: Name) -> None:
        granted, wounded = self.locks.grant(name)
        for ask in granted:
            visit = self.visits[ask.txn]
            visit.answered.add(ask.number)
            if ask.f in ("w", "append"):
                visit.writes.append((ask.f, ask.key, ask.value))
            self._answer(ask, self.shard.latest(name))
        for txn in wounded:
            if self.may_be_wounded(self.visits[txn]):
                self.context.send(coordinator_of(txn), Wound(txn))

    def may_be_wounded(self, visit: Visit) -> bool:
        """Whether an older transaction may have it aborted: not once it has voted."""
        return visit.prepared is None

    def readable(self, name: Name) -> ShardVersion:
        """The version that a read without a lock sees: the latest that is committed."""
        return self.shard.latest(name)

    def _read_snapshot(self, name: Name, ask: StepAsk) -> None:
        if self.hides(name, ask):
            self._readers.setdefault(name, {})[ask.txn, ask.number] = ask
            return
        version = self.shard.at(name, ask.at)
        if version is not None:
            self._answer(ask, version)

    def hides(self, name: Name, ask: StepAsk) -> bool:
        """Whether a transaction that has voted may yet be committed below the snapshot of a reader."""
        holder = self.locks.exclusive(name)
        if holder is None:
            return False
        prepared = self.visits[holder].prepared
        return prepared is not None and prepared[0].at < ask.at

    def _answer(self, ask: StepAsk, version: ShardVersion) -> None:
        told = StepTold(ask.txn, ask.number, version.value, self.token(version), self.context.life)
        self.context.send(coordinator_of(ask.txn), told)

    def token(self, version: ShardVersion) -> int:
        """The name of a version, by which a vote sees whether it is still the latest."""
        return version.at

    # Votes.

    def on_prepare(self, message: PrepareShard) -> None:
        """Vote, and if yes be bound by it."""
        visit = self.visits.get(message.txn)
        if message.txn in self.outcomes:
            return
        if visit is not None and visit.prepared is not None:
            self._vote(message.txn, YES, visit.prepared[1])
            return
        if message.txn in self._over:
            self._vote(message.txn, self._over[message.txn])
            return
        stamped = self.context.settings.isolation.stamped
        word = self._certified(message) if stamped else self._locked(message, visit)
        word = word or self._nonsense(message)
        locks = self._locks_by_name(message) if stamped else self.locks.of(message.txn)
        if word is None and not any(alone for _, alone in locks) and not message.writes and not stamped:
            word = READ_ONLY
        if word is not None:
            self._leave(message.txn, word)
            self._vote(message.txn, word)
            return
        record = PreparedRecord(
            message.txn, message.age, message.at, locks, message.writes, message.participants, message.request
        )
        number = self.context.write(record)
        self._hold(record, number)
        self.context.hold(number, Mark("voted", message.txn))
        self._vote(message.txn, YES, number)

    def _vote(self, txn: str, word: str, record: int = 0) -> None:
        self.context.hold(record, Send(coordinator_of(txn), ShardVote(txn, word)))

    def _locked(self, message: PrepareShard, visit: Visit | None) -> str | None:
        """The reason for a no where locks should protect the transaction."""
        if visit is None or message.life != self.context.life:
            return "its locks were lost here"
        return None

    def _certified(self, message: PrepareShard) -> str | None:
        """The reason for a no where a vote looks whether the snapshot still holds: the first committer wins, and with
        `ssi` nothing that was read may have changed."""
        for _, key, _ in message.writes:
            name = wire_name(key)
            if self.locks.conflicts(name, message.txn, alone=True):
                return "another transaction is about to change what this one writes or has read"
            if self.overwritten(name, message.at):
                return "another transaction has written the same since the snapshot"
        for key, token in message.reads:
            name = wire_name(key)
            if self.locks.conflicts(name, message.txn, alone=False):
                return "another transaction is about to write what this one has read"
            if self.outdated(name, token):
                return "another transaction has written what this one has read"
        return None

    def overwritten(self, name: Name, stamp: int) -> bool:
        """Whether a key was written after a snapshot."""
        return self.shard.latest(name).at > stamp

    def outdated(self, name: Name, token: int) -> bool:
        """Whether a key has another version than the one that was read."""
        return self.token(self.shard.latest(name)) != token

    def _nonsense(self, message: PrepareShard) -> str | None:
        """The reason for a no where a value cannot be appended to."""
        values: dict[Name, Any] = {}
        for step in message.writes:
            name = wire_name(step[1])
            try:
                values[name] = stepped(values.get(name, self.shard.latest(name).value), step)
            except TypeError as error:
                return str(error)
        return None

    def _locks_by_name(self, message: PrepareShard) -> list[tuple[Name, bool]]:
        locks = dict.fromkeys((wire_name(key) for key, _ in message.reads), False)
        return list((locks | dict.fromkeys((wire_name(key) for _, key, _ in message.writes), True)).items())

    # Outcomes.

    def on_decision(self, message: ShardDecision) -> None:
        """Commit or abort."""
        visit = self.visits.get(message.txn)
        if visit is None or visit.prepared is None:
            if message.commit:
                self.context.send(coordinator_of(message.txn), DecisionKept(message.txn))
            else:
                self._leave(message.txn, "it was aborted")
            return
        if visit.in_doubt:
            self.doubt.add(self.context.now.monotonic - visit.since)
        outcome = OutcomeRecord(message.txn, message.commit, message.at)
        number = self.context.write(outcome)
        names = self._end(outcome)
        self.context.mark("outcome", message.txn, "commit" if message.commit else "abort")
        self.context.hold(number, Mark("ended", message.txn))
        if message.commit:
            self.context.hold(number, Send(coordinator_of(message.txn), DecisionKept(message.txn)))
        self._go_on(names)

    def _end(self, outcome: OutcomeRecord) -> list[Name]:
        """Carry out an outcome; the keys whose locks are free."""
        visit = self.visits.pop(outcome.txn)
        self.outcomes[outcome.txn] = outcome
        if visit.prepared is not None and outcome.commit:
            self.requests[outcome.txn] = visit.prepared[0]
            self._carry_out(visit.prepared[0].writes, outcome.at)
        return self.locks.release(outcome.txn)

    def _carry_out(self, writes: list[Any], stamp: int) -> None:
        values: dict[Name, Any] = {}
        for step in writes:
            name = wire_name(step[1])
            values[name] = stepped(values.get(name, self.shard.latest(name).value), step)
        for name, value in values.items():
            at = stamp or self.shard.latest(name).at + 1
            self.shard.add(name, ShardVersion(at, value, self.context.now.wall))

    def _leave(self, txn: str, word: str) -> None:
        """Drop a transaction that has not voted yes. word: how this participant votes from now on."""
        self._over[txn] = word
        if len(self._over) > REMEMBERED:
            self._over.popitem(last=False)
        self.visits.pop(txn, None)
        for readers in self._readers.values():
            for entry in [entry for entry in readers if entry[0] == txn]:
                del readers[entry]
        self._go_on(self.locks.release(txn))

    def _go_on(self, names: list[Name]) -> None:
        for name in names:
            self._grant(name)
            for ask in self._readers.pop(name, {}).values():
                self._read_snapshot(name, ask)

    # Silence.

    def on_tick(self) -> None:
        """Ask coordinators that are silent for the outcome; drop what has not voted and gets no answer."""
        now = self.context.now.monotonic
        for visit in list(self.visits.values()):
            if now - visit.asked < INQUIRE_NS:
                continue
            visit.asked = now
            if visit.prepared is not None:
                self.wait_on(visit)
            elif now - visit.since > 2 * self.context.settings.patience + INQUIRE_NS:
                self._leave(visit.txn, "its coordinator was silent for too long")
            else:
                self.context.send(coordinator_of(visit.txn), Inquiry(visit.txn))

    def wait_on(self, visit: Visit) -> None:
        """Ask for the outcome of a transaction that has voted; nothing else is allowed."""
        if not visit.in_doubt:
            visit.in_doubt = True
            self.context.mark("in-doubt", visit.txn)
        self.context.send(coordinator_of(visit.txn), Inquiry(visit.txn))
