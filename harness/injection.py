"""Injections: what is done to nodes, as data. A fault chooses them, an environment carries them out.

A fault is the same in every environment, and an environment declares by type which injections it can do. Each becomes
an `ActiveInjection`, whose `heal` undoes exactly that and returns the *bite*: counters of what it did.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

Link = tuple[str, str]
"""A directed link between nodes: (from, to)."""

Bite = Mapping[str, float]
"""Counts of what an injection did, by counter name ("messages_dropped", "processes_killed", "skew_ms"). All zero: it
did not bite."""

CLOCK_READS = "clock_reads"
"""The counter of how often programs looked at a wall clock while it was wrong; only the simulator knows."""
PEAKS = frozenset({"skew_ms"})
"""Counters that are a largest value: over several injections the largest counts, not the sum."""


def bit(bite: Bite) -> bool:
    """Whether anything happened at all."""
    return any(value > 0 for value in bite.values())


def total(bites: Iterable[Bite]) -> dict[str, float]:
    """Several bites as one."""
    whole: dict[str, float] = {}
    for bite in bites:
        for counter, amount in bite.items():
            before = whole.get(counter, 0)
            whole[counter] = max(before, amount) if counter in PEAKS else before + amount
    return whole


@dataclass(frozen=True)
class Cut:
    """Let nothing through that is sent over these directed links. Clients are not cut.

    queued: what is sent meanwhile arrives after the heal, in order, as over a TCP connection that outlives the cut;
    else it is lost, as where connections are reset. Between real processes the kernel's TCP decides, and mostly queues.
    Bite: `messages_dropped`, or `messages_queued`."""

    links: tuple[Link, ...]
    queued: bool = False


@dataclass(frozen=True)
class Impair:
    """Make these directed links slow or unreliable. Bite: `messages_delayed`, `messages_dropped`,
    `messages_duplicated`, `messages_reordered`, `messages_corrupted` (those asked for).

    Between real processes these are packets: TCP hides duplicates and another order from the program.
    """

    links: tuple[Link, ...]
    delay_ms: float = 0.0
    jitter_ms: float = 0.0
    loss: float = 0.0
    """Probability that a message is lost; likewise below."""
    duplicate: float = 0.0
    reorder: float = 0.0
    corrupt: float = 0.0
    rate_kbit: float = 0.0
    """Bandwidth; 0 means unlimited."""


@dataclass(frozen=True)
class ImpairMessages(Impair):
    """`Impair` with what happens to whole messages and connections, across seconds. A type of its own, as TCP between
    real processes hides it. Bite: as `Impair`, and `connections_reset`."""

    tail: float = 0.0
    """Probability that a message takes up to `tail_ms` longer, short times as likely as long ones; what is sent after
    it waits behind it."""
    tail_ms: float = 0.0
    duplicate_ms: float = 0.0
    """Delay up to which duplicates come after the original; 0: right after the original."""
    reorder_ms: float = 0.0
    """The longest delay of what is held back, overtaken by all that is sent meanwhile; 0: by the next message."""
    reset_ms: float = 0.0
    """Mean time from one break of the connection to the next, each of which loses what is under way; 0: none."""


@dataclass(frozen=True)
class Limp:
    """Let the bandwidth of these directed links fall to a stated rate: short messages pass, long ones take their time.
    Bite: `messages_delayed`, `messages_dropped` (where more waits than a sender keeps)."""

    links: tuple[Link, ...]
    rate_kbit: float


@dataclass(frozen=True)
class Gray:
    """Let only short messages pass to and from these nodes, and clients' requests come late: heartbeats say that all is
    well. bytes_max: of a message that passes. Bite: `messages_dropped`, `requests_delayed`."""

    nodes: tuple[str, ...]
    bytes_max: int
    delay_ms: float


@dataclass(frozen=True)
class CutClients:
    """Let nothing through between clients and these nodes, in one direction or both.

    queued: what is sent meanwhile arrives after the heal; else it is lost and its connection breaks. Nodes still reach
    each other. Bite: `requests_cut`, `replies_cut`."""

    nodes: tuple[str, ...]
    requests: bool = True
    replies: bool = True
    queued: bool = False


@dataclass(frozen=True)
class ImpairClients:
    """Make the way between clients and these nodes slow, or have requests arrive twice, the second time up to
    `duplicate_ms` later (a hedged request, or a proxy that tries again). Bite: `requests_delayed`,
    `requests_duplicated` (those asked for).

    Pitfall: only a store whose requests carry a session can tell a duplicate from a second request.
    """

    nodes: tuple[str, ...]
    delay_ms: float = 0.0
    jitter_ms: float = 0.0
    duplicate: float = 0.0
    """Probability that a request arrives twice."""
    duplicate_ms: float = 0.0


@dataclass(frozen=True)
class RepeatRequests(ImpairClients):
    """`ImpairClients` with duplicates. A type of its own, as TCP hides them between real processes."""


@dataclass(frozen=True)
class WithholdVotes:
    """Hold back for so long each message over these directed links that would make or keep a leader: the vote that
    completes a majority, and what a leader sends. For messages that say what they are
    (`harness.program.ElectionMessage`). Bite: `messages_withheld`."""

    links: tuple[Link, ...]
    hold_ms: float


@dataclass(frozen=True)
class Kill:
    """Kill nodes at once (-9): what was not synced may be lost. Healing restarts those that are dead.
    Bite: `processes_killed`.

    restarts: how often they are started and killed once more before they stay down: after `down_ms` they come up, and
    live for `up_ms`."""

    nodes: tuple[str, ...]
    restarts: int = 0
    down_ms: float = 200.0
    up_ms: float = 500.0


@dataclass(frozen=True)
class Pause:
    """Stop nodes without killing them (SIGSTOP); healing lets them go on. Bite: `paused_ms`, summed over nodes."""

    nodes: tuple[str, ...]


@dataclass(frozen=True)
class SkewClock:
    """Change a node's wall clock; timers and leases rest on the monotonic one, which stays true.

    offset_ms: added at once. rate: how fast the clock runs (1.0 is true, 0.0 stands still). strobe_ms: the offset comes
    and goes, each for so long; 0: it stays. Healing makes the clock true again. Bite: `skew_ms`, the largest deviation
    of the clock of a node at work; in the simulator `clock_reads` too: a program that never looks at its wall clock is
    told apart.
    """

    node: str
    offset_ms: float = 0.0
    rate: float = 1.0
    strobe_ms: float = 0.0


@dataclass(frozen=True)
class SkewAllClocks:
    """Change both clocks of a node: the wall clock as `SkewClock` does, and the rate of the monotonic one.

    A type of its own, since it cannot be done to every program. Healing never steps the monotonic clock back: it only
    runs at the true rate again. Bite: `skew_ms`, the largest deviation of either clock.
    """

    node: str
    offset_ms: float = 0.0
    rate: float = 1.0
    monotonic_rate: float = 1.0


@dataclass(frozen=True)
class SlowDisk:
    """Make every sync of these nodes take so much longer. Bite: `syncs_delayed`."""

    nodes: tuple[str, ...]
    delay_ms: float


@dataclass(frozen=True)
class FakeSync:
    """Let the disks of these nodes say that a sync is done and keep what it covers in memory only. Healing takes their
    power: what was written meanwhile is lost, and they are started again. Bite: `syncs_faked`, `writes_lost`."""

    nodes: tuple[str, ...]


@dataclass(frozen=True)
class FailDisk:
    """Failing disks: writes and syncs of these nodes fail with this errno ("EIO", "ENOSPC"). Bite: `calls_failed`."""

    nodes: tuple[str, ...]
    errno: str


@dataclass(frozen=True)
class Stop:
    """Ask nodes to end (SIGTERM); what does not end by itself within seconds is killed. Healing restarts those that are
    dead. Bite: `processes_stopped`, and `processes_killed` if any were."""

    nodes: tuple[str, ...]


@dataclass(frozen=True)
class PowerLoss:
    """Kill nodes at once, and nothing that was not synced survives. Healing restarts those that are dead. On real
    processes, nodes have to be prepared for it. Bite: `processes_killed`, and `writes_lost`."""

    nodes: tuple[str, ...]


@dataclass(frozen=True)
class FlipBits:
    """Kill nodes, or ask them to end if `asked`, and flip so many bits of the files of each, at places drawn from the
    seed. Healing restarts those that are dead; the bits stay flipped. files: which, a pattern. Bite: `bits_flipped`."""

    nodes: tuple[str, ...]
    bits: int
    seed: int
    files: str = "*"
    asked: bool = False


@dataclass(frozen=True)
class TruncateFile:
    """Kill nodes, or ask them to end if `asked`, and cut off the end of one file of each, drawn from the seed. Healing
    restarts those that are dead. files: which, a pattern. bytes_max: the most that goes, of what there is; at least one
    byte does. Bite: `bytes_cut`."""

    nodes: tuple[str, ...]
    bytes_max: int
    seed: int
    files: str = "*"
    asked: bool = False


@dataclass(frozen=True)
class FillDisk:
    """Full disks of some nodes: from now on they can write so much and no more: then their disks are full (ENOSPC). On
    real processes they are restarted for it, on a small file system, and once more at the heal. Bite:
    `disks_filled`."""

    nodes: tuple[str, ...]
    room_kb: float


@dataclass(frozen=True)
class Compact:
    """Have these nodes forget the history that they keep besides the present state. Nothing to heal.
    Bite: `compactions`."""

    nodes: tuple[str, ...]


@dataclass(frozen=True)
class Defragment:
    """Have these nodes give back the space that they no longer use; meanwhile they may not serve. Nothing to heal.
    Bite: `defragmentations`."""

    nodes: tuple[str, ...]


@dataclass(frozen=True)
class Flush:
    """Have these nodes write what they hold in memory only into files. Nothing to heal. Bite: `flushes`."""

    nodes: tuple[str, ...]


@dataclass(frozen=True)
class Repair:
    """Have these nodes compare what they hold with the other replicas, and bring all of them to the newest. Nothing to
    heal. Bite: `repairs`."""

    nodes: tuple[str, ...]


@dataclass(frozen=True)
class Promote:
    """Have these nodes lead from now on, whoever led before. Nothing to heal. Bite: `promotions`."""

    nodes: tuple[str, ...]


Maintenance = Compact | Defragment | Flush | Repair | Promote
"""Maintenance that an administrator asks of nodes: whether it can be done says the target's deployment."""
MAINTENANCE_COUNTERS: Mapping[type, str] = {
    Compact: "compactions",
    Defragment: "defragmentations",
    Flush: "flushes",
    Repair: "repairs",
    Promote: "promotions",
}
"""Counters of bites, by the kind of maintenance."""


@dataclass(frozen=True)
class ChangeMembers:
    """Remove nodes from the membership of the cluster, one after another, and stop them. Healing empties them and lets
    them join as newcomers, first without a vote, until all have one. Bite: `members_removed`, `members_joined`."""

    nodes: tuple[str, ...]


@dataclass(frozen=True)
class Upgrade:
    """Stop nodes one after another (SIGTERM) and start them in the version that the deployment names, so that versions
    are mixed; healing does the same to the others, and undoes nothing. Bite: `nodes_upgraded`, `mixed_ms`: how long
    nodes told different versions."""

    nodes: tuple[str, ...]
    """In the order in which they go."""
    ahead: int
    """The number that go at once, and leave the others to the heal."""


NO_MEMBERSHIP = "this target does not say how its nodes leave a cluster and join it"
NO_UPGRADE = "no version was named to upgrade to: name one with the target's option, if any: etcd:upgrade_to=VERSION"
"""The reasons why members of a target's cluster cannot change, or its nodes be upgraded."""

Reconfiguration = ChangeMembers | Upgrade
"""Injections that are healed by the cluster's own decisions, so only once nothing else keeps it from deciding: its heal
goes on beside other faults, and ends after them. Whether it can be done says the target's deployment."""

NodeDown = Kill | Stop | PowerLoss | FlipBits | TruncateFile
"""Injections that keep nodes down until they are healed."""

Injection = (
    Cut
    | Impair
    | ImpairMessages
    | Limp
    | Gray
    | CutClients
    | ImpairClients
    | RepeatRequests
    | WithholdVotes
    | NodeDown
    | Pause
    | SkewClock
    | SkewAllClocks
    | SlowDisk
    | FakeSync
    | FailDisk
    | FillDisk
    | Maintenance
    | Reconfiguration
)


class ActiveInjection(Protocol):
    """An injection in force."""

    async def heal(self) -> Bite:
        """Undo exactly this, and tell what it did. Called once; safe if nodes died meanwhile."""


@dataclass(frozen=True)
class Unsupported:
    """An injection that an environment cannot do, and why, in one sentence for the user."""

    kind: type
    reason: str


def links_between(left: Sequence[str], right: Sequence[str]) -> tuple[Link, ...]:
    """The links between two groups, in both directions."""
    return tuple(link for a in left for b in right for link in ((a, b), (b, a)))
