"""Planted bugs of cache."""

from collections.abc import Sequence

from splitbrain.harness.planted_bug import Aim, PlantedBug
from splitbrain.targets.stores.bugs import cache as bugs
from splitbrain.targets.stores.bugs.catalogue.common import INVARIANTS, LINEARIZABLE
from splitbrain.targets.stores.cache.node import CacheParts

MEMCACHE = "Nishtala et al., Scaling Memcache at Facebook, NSDI 2013, section"
WRITE_THROUGH = {"style": "write-through"}
LOSSES = Aim("packet,partition,limp")

CACHE: Sequence[PlantedBug] = (
    PlantedBug(
        "lease-not-broken",
        "a write erases the copy and leaves the lease alone: its holder fills in what it read before",
        f"{MEMCACHE} 3.2.1: the lease token is invalidated by a delete",
        INVARIANTS,
        (None, CacheParts(aside=bugs.LeaseNotBroken)),
        aim=LOSSES,
    ),
    PlantedBug(
        "erases-before",
        "the copy is erased before the write, so that a reader fills the old value in again meanwhile",
        f"{MEMCACHE} 2: write to the database first, then delete",
        LINEARIZABLE,
        (None, CacheParts(front=bugs.ErasesBefore)),
    ),
    PlantedBug(
        "erasure-not-awaited",
        "a write is acknowledged before its copy is erased, and an erasure that is lost is not sent again",
        f"{MEMCACHE} 4.1: invalidations that are lost",
        LINEARIZABLE,
        (None, CacheParts(front=bugs.ErasureNotAwaited)),
        aim=LOSSES,
    ),
    PlantedBug(
        "last-answer-counts",
        "of two writes the one that is answered last becomes the copy, not the one with the greater revision",
        f"{MEMCACHE} 3.2.1: concurrent updates that are reordered",
        INVARIANTS,
        (None, CacheParts(through=bugs.LastAnswerCounts)),
        WRITE_THROUGH,
        aim=LOSSES,
    ),
    PlantedBug(
        "copy-before-store",
        "a write changes the copy before the store has it, and is read though it may never come there",
        "Hennessy and Patterson, Computer Architecture, appendix B: the write buffer",
        LINEARIZABLE,
        (None, CacheParts(through=bugs.CopyBeforeStore)),
        WRITE_THROUGH,
    ),
)
