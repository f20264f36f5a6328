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
    PlantedBug(
        "entry-not-removed",
        "a row that gets another value stays in the index under the one that it had",
        "Kleppmann, Designing Data-Intensive Applications, 2017, chapter 6: a write has to change the index, too",
        "index-fresh",
        (None, _machine(bugs.EntryNotRemoved)),
        needs={"index": "local"},
    ),
    PlantedBug(
        "index-not-moved",
        "a slot moves without its index, which knows at its new place what is written there",
        f"{SPANNER}.2: what moves is the whole of a directory",
        "index-fresh",
        (None, _machine(bugs.IndexNotMoved)),
        needs={"index": "local"},
    ),
    PlantedBug(
        "finds-what-it-can",
        "a find is answered with what the groups have, though a slot on the move was in no answer",
        "a search over shards that tells of failed ones apart, as Elasticsearch does, and a client that does not look",
        "index-fresh",
        (None, ShardedParts(finder=bugs.FindsWhatItCan)),
        needs={"index": "local"},
    ),
    PlantedBug(
        "sent-is-arrived",
        "a change of a row counts as told to the global index once it was sent",
        "Richardson, Microservices Patterns, 2018, chapter 3: an outbox is emptied of what was acknowledged",
        "index-eventual",
        (None, ShardedParts(sender=bugs.SentIsArrived)),
        needs={"index": "global"},
        aim=KILLS,
    ),
    PlantedBug(
        "old-entry-not-removed",
        "the global index is told of the value that a row gets, and not of the one that it had",
        "Kleppmann, Designing Data-Intensive Applications, 2017, chapter 6: a write has to change several partitions",
        "index-eventual",
        (None, _machine(bugs.OldEntryNotRemoved)),
        needs={"index": "global"},
    ),
    PlantedBug(
        "late-entry-taken",
        "the global index takes what comes, and an older change of a row takes the place of a newer one",
        "Kleppmann, Designing Data-Intensive Applications, 2017, chapter 11: updates that arrive in another order",
        "index-eventual",
        (None, _machine(bugs.LateEntryTaken)),
        needs={"index": "global"},
        aim=RETRIES,
    ),
)
