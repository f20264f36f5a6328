"""Planted bugs of sharded."""

from collections.abc import Sequence

from splitbrain.harness.planted_bug import PlantedBug
from splitbrain.targets.stores.bugs import sharded as bugs
from splitbrain.targets.stores.bugs import shared
from splitbrain.targets.stores.bugs.catalogue.common import INVARIANTS, KILLS, LINEARIZABLE, RETRIES
from splitbrain.targets.stores.raft.node import RaftParts
from splitbrain.targets.stores.sharded.machine import ShardMachine
from splitbrain.targets.stores.sharded.node import ShardedParts

SPANNER = "Corbett et al., Spanner, OSDI 2012, section 2"
THESIS = "Raft thesis §6.3"


def _machine(machine: type[ShardMachine]) -> ShardedParts:
    """A node whose data groups have another machine."""
    return ShardedParts(data=RaftParts(machine=machine))


SHARDED: Sequence[PlantedBug] = (
    PlantedBug(
        "route-never-invalidated",
        "a node keeps the first route to a slot that it has used, and the old owner serves it from what it had",
        "Chang et al., Bigtable, OSDI 2006, section 5.1: a client's cached location may be stale",
        LINEARIZABLE,
        (None, ShardedParts(data=RaftParts(machine=bugs.ServesWhatItHad), router=bugs.FirstRouteKept)),
    ),
    PlantedBug(
        "moved-without-writes-in-flight",
        "a slot moves with the state that it had before its source stopped serving it",
        f"{SPANNER}.2: a move registers its start, so that it does not block writes, and then moves the rest in "
        "a transaction",
        LINEARIZABLE,
        (None, ShardedParts(rebalancer=bugs.CopiesBeforeFreezing)),
    ),
    PlantedBug(
        "sessions-not-moved",
        "the answers to sessions stay behind when a slot moves, and what comes again is carried out again",
        f"{THESIS}: sessions are part of the state",
        INVARIANTS,
        (None, ShardedParts(rebalancer=bugs.SessionsNotMoved)),
        aim=RETRIES,
    ),
    PlantedBug(
        "two-owners",
        "the destination serves a slot before the source has stopped",
        "Chang et al., Bigtable, OSDI 2006, section 5.2: a tablet is at one server at a time",
        LINEARIZABLE,
        (None, ShardedParts(rebalancer=bugs.FreezesLast)),
    ),
    PlantedBug(
        "serves-until-dropped",
        "the source serves a slot, after it has given it away, until it drops its state",
        "requests are checked when they come to a leader, and not in the order of the log",
        LINEARIZABLE,
        (None, _machine(bugs.ServesUntilDropped)),
    ),
    PlantedBug(
        "late-install-taken",
        "the state of a slot that comes twice, or late, replaces what was written since",
        "Birrell and Nelson, TOCS 1984: a call may arrive twice",
        LINEARIZABLE,
        (None, _machine(bugs.InstallsAnyEpoch)),
        aim=RETRIES,
    ),
    PlantedBug(
        "no-deduplication",
        "a request that comes again is carried out again",
        "Birrell and Nelson, TOCS 1984: at-most-once calls",
        INVARIANTS,
        (None, _machine(bugs.SlotsWithoutDeduplication)),
        aim=RETRIES,
    ),
    PlantedBug(
        "acknowledge-before-sync",
        "a member of a data group acknowledges entries before they are on its disk",
        "Pillai et al., OSDI 2014",
        INVARIANTS,
        (None, ShardedParts(data=RaftParts(machine=ShardMachine, journal=shared.DurableAtOnce))),
        aim=KILLS,
    ),
)
