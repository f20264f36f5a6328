"""State of a Raft server (Figure 2), its settings, and its two ways to speak.

`send` speaks at once. `promise` speaks when what the words rest on is on disk, also to itself: a server counts its own
vote and its own copy of an entry by the same messages as those of others, so it cannot count what a crash could take
back. Terms only grow, and whoever sees a higher one is a follower from then on (§5.1).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from splitbrain.harness.program import Effect, Log, Now, Send, SetTimer
from splitbrain.harness.random_stream import RandomStream
from splitbrain.targets.stores.log import ReplicaLog
from splitbrain.targets.stores.machine import Machine
from splitbrain.targets.stores.messages import Entry
from splitbrain.targets.stores.raft.members import (
    CONFIGURATION,
    RaftMembers,
    members_in,
    with_members,
    without_members,
)
from splitbrain.targets.stores.raft.messages import PiecewiseMessage, RaftMessage

FOLLOWER = "follower"
CANDIDATE = "candidate"
LEADER = "leader"


@dataclass(frozen=True)
class RaftSettings:
    """The options of a server; times in nanoseconds.

    reads: "log", "index", "lease" or "local". persistent: False keeps nothing over a restart. heartbeat: between two
    broadcasts of an idle leader. election_min, election_max: a follower that hears no leader for a time drawn between
    them becomes a candidate. compact_after: entries in the log after which a snapshot takes their place; 0: never;
    None: each server draws its own.
    """

    reads: str = "log"
    persistent: bool = True
    heartbeat: int = 50_000_000
    election_min: int = 150_000_000
    election_max: int = 300_000_000
    compact_after: int | None = 200

    @property
    def lease(self) -> int:
        """The time after the start of a confirmed round in which nobody else can have been elected, by a true clock; a
        tenth less than the shortest election timeout."""
        return self.election_min * 9 // 10


class RaftServer:
    """The state that all parts of the protocol share."""

    def __init__(
        self,
        name: str,
        nodes: Sequence[str],
        random: RandomStream,
        settings: RaftSettings,
        log: ReplicaLog,
        machine: Machine,
    ) -> None:
        self.name = name
        self.configurations = [RaftMembers(0, tuple(nodes))]
        """The first that is known, and those in the log behind it; the last one is the latest."""
        self._first = self.configurations[0]
        self.voters: tuple[str, ...] = ()
        self.other_voters: tuple[str, ...] = ()
        self.others: tuple[str, ...] = ()
        """The other members, learners among them."""
        self.majority = 0
        self.random = random
        self.settings = settings
        self.log = log
        self.machine = machine
        self.role = FOLLOWER
        self.leader: str | None = None
        """The leader of the present term, where it is known."""
        self.commit = 0
        """The index up to which entries are known to be committed."""
        self.applied = 0
        """The index up to which they have been applied to the machine."""
        self.heard = 0
        """The time at which a leader was last heard, by the monotonic clock; a start counts, because what was heard
        before it is forgotten, and a vote given too early would break the old leader's lease."""
        self.now = Now(0, 0)
        self.out: list[Effect] = []
        """The effects of the present event, so far."""
        self.use_latest()

    @property
    def term(self) -> int:
        """The present term."""
        return self.log.term

    def send(self, to: str, message: RaftMessage | PiecewiseMessage) -> None:
        """Say something that rests on nothing."""
        self.out.append(Send(to, message))

    def promise(self, to: str, message: RaftMessage, index: int = 0) -> None:
        """Say something once what it rests on is on disk: the present term and vote, and the log up to `index`."""
        log = self.log
        rests_on = log.record_of(index) if index else 0
        log.journal.hold(rests_on if rests_on > log.ballot_record else log.ballot_record, Send(to, message))

    def set_timer(self, name: str, after: int) -> None:
        """Start or restart a timer; `after` in nanoseconds."""
        self.out.append(SetTimer(name, after))

    @property
    def size(self) -> int:
        """The size of the machine, see there."""
        return self.machine.size

    def dump(self) -> bytes:
        """A snapshot: the machine, with the configuration that it stands for if there was a change."""
        state = self.machine.dump()
        return with_members(self.members_at(self.applied), state) if self.configurations[-1].index else state

    def restore(self, index: int, state: bytes) -> None:
        """Make the machine that of a snapshot, which stands for all entries up to an index."""
        members, state = without_members(state)
        self.machine.restore(state)
        self.applied = index
        self.commit = max(self.commit, index)
        self.configurations = [members or self._first]
        self.read_log()

    def read_log(self) -> None:
        """Find the configurations in the log."""
        log = self.log
        self.adopt(log.base + 1, log.between(log.base + 1, log.last))
        self.use_latest()

    def adopt(self, first: int, entries: Sequence[Entry], cut: int | None = None) -> None:
        """Use the latest configuration of these entries, which stand in the log from an index on. cut: the first index
        at which another entry had to go for them."""
        known = self.configurations
        if cut is not None and cut <= known[-1].index:
            self.configurations = known = [one for one in known if one.index < cut] or [self._first]
            self.use_latest()
        for index, entry in enumerate(entries, first):
            if entry.request is not None and entry.request.f == CONFIGURATION and index > known[-1].index:
                found = members_in(index, entry)
                assert found is not None
                known.append(found)
                self.use_latest()

    def members_at(self, index: int) -> RaftMembers:
        """The configuration that was the latest at an index."""
        return next((one for one in reversed(self.configurations) if one.index <= index), self.configurations[0])

    def use_latest(self) -> None:
        """Ask and count the members of the latest configuration from now on."""
        used = self._in_force()
        self.voters = used.voters
        self.other_voters = tuple(name for name in used.voters if name != self.name)
        self.others = (*self.other_voters, *(name for name in used.learners if name != self.name))
        self.majority = self._majority_of(len(used.voters))

    def _in_force(self) -> RaftMembers:
        """The configuration that is used: the latest in the log, committed or not."""
        return self.configurations[-1]

    def _majority_of(self, voters: int) -> int:
        return voters // 2 + 1

    @property
    def may_lead(self) -> bool:
        """Whether this server has a vote; or had one, as long as it is not known that this is over (thesis §4.2.2)."""
        if self.name in self.voters:
            return True
        before = self.configurations[-2:-1]
        return bool(before) and self.configurations[-1].index > self.commit and self.name in before[0].voters

    def say(self, text: str) -> None:
        """A line for the node's log."""
        self.out.append(Log(f"term {self.term}: {text}"))

    def follow(self, term: int, leader: str | None = None) -> None:
        """Become a follower in a term, which is the present one or a later one."""
        if term > self.log.term:
            self.log.ballot(term, None)
        if self.role == LEADER or (leader is not None and leader != self.leader):
            self.say(f"following {leader or 'nobody'}" + (", no longer leading" if self.role == LEADER else ""))
        self.role = FOLLOWER
        self.leader = leader
