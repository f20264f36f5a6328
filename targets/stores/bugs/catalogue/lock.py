"""Planted bugs of the lock service."""

from collections.abc import Sequence

from splitbrain.harness.planted_bug import Aim, PlantedBug
from splitbrain.targets.stores.bugs import lock as bugs
from splitbrain.targets.stores.bugs.catalogue.common import CUTS, GITHUB, INVARIANTS, KILLS
from splitbrain.targets.stores.lock.machine import CORRECT
from splitbrain.targets.stores.raft.node import RaftParts

PAUSED = {"holders": "paused"}
"""Clients that do not watch the clock: their tokens and releases come late."""
KLEPPMANN = "Kleppmann, How to do distributed locking, 2016"
EXCLUSION = "lock"

LOCK: Sequence[PlantedBug] = (
    PlantedBug(
        "granted-early",
        "a lock is taken from its holder before the lease has run out",
        f"Gray and Cheriton, SOSP 1989, section 2; {GITHUB}etcd-io/etcd/issues/11456",
        EXCLUSION,
        (bugs.LapsesEarly, CORRECT),
    ),
    PlantedBug(
        "lease-on-wall-clock",
        "leases are measured by the wall clock, which may be set",
        f"{KLEPPMANN} (Redlock)",
        EXCLUSION,
        (bugs.LeaseByWallClock, CORRECT),
        aim=Aim("clock,partition"),
    ),
    PlantedBug(
        "lapse-ignores-renewal",
        "a lapse ends the lease though it was renewed, or given to another client, before it",
        f"{GITHUB}etcd-io/etcd/issues/15247: an old leader revokes leases",
        INVARIANTS,
        (None, RaftParts(machine=bugs.LapseIgnoresRenewal)),
        aim=CUTS,
    ),
    PlantedBug(
        "token-forgotten",
        "a lock that nobody holds is deleted with its token, and tokens begin anew",
        f"{KLEPPMANN}: a fencing token increases with every client that acquires the lock",
        INVARIANTS,
        (None, RaftParts(machine=bugs.TokenForgotten)),
    ),
    PlantedBug(
        "token-not-in-snapshot",
        "tokens are counted in memory, and a server that starts from a snapshot begins anew",
        f"{KLEPPMANN}: keeping a counter on one node is not enough",
        INVARIANTS,
        (None, RaftParts(machine=bugs.TokenNotInSnapshot)),
        aim=KILLS,
    ),
    PlantedBug(
        "released-by-anybody",
        "a lock is given back by a client that has lost it, and thus taken from its next holder",
        "Redis documentation, Distributed locks: DEL without comparing the value",
        INVARIANTS,
        (None, RaftParts(machine=bugs.ReleasedByAnybody)),
        PAUSED,
    ),
    PlantedBug(
        "resource-asks-the-lock",
        "the resource asks whether the lock is somebody else's now, and does not remember the tokens that it has seen",
        f"{KLEPPMANN}: the storage server remembers the greatest token",
        "fencing",
        (None, RaftParts(machine=bugs.ResourceAsksTheLock)),
        {**PAUSED, "lease_ms": "300"},
    ),
)
