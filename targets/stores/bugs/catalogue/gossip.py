"""Planted bugs of gossip."""

from collections.abc import Sequence

from splitbrain.harness.planted_bug import Aim, PlantedBug
from splitbrain.targets.stores.bugs import gossip as bugs
from splitbrain.targets.stores.bugs.catalogue.common import INVARIANTS
from splitbrain.targets.stores.gossip.node import CORRECT

MEMBERSHIP = "membership"

GOSSIP: Sequence[PlantedBug] = (
    PlantedBug(
        "counts-from-zero",
        "a node counts its heartbeats from zero after each start, and others wait until it is beyond what they know",
        "Das, Gupta and Motivala, SWIM, DSN 2002, section 4.2: incarnation numbers",
        MEMBERSHIP,
        (bugs.CountsFromZero, CORRECT),
        aim=Aim("kill"),
    ),
    PlantedBug(
        "suspected-for-good",
        "a node that was suspected once is never trusted again",
        "Chandra and Toueg, JACM 1996: detectors may err, and correct themselves",
        MEMBERSHIP,
        (bugs.SuspectedForGood, CORRECT),
        aim=Aim("partition,pause"),
    ),
    PlantedBug(
        "mention-counts",
        "whatever is told of a node counts as a sign of life, so that one that is down stays in all tables",
        "Van Renesse et al., Middleware 1998, section 2: only a greater heartbeat counter resets the time",
        INVARIANTS,
        (bugs.MentionCounts, CORRECT),
        aim=Aim("kill,partition"),
    ),
    PlantedBug(
        "silence-by-wall-clock",
        "silences are measured by the wall clock, which may be set",
        "Kleppmann, Designing Data-Intensive Applications, 2017, chapter 8: monotonic and time-of-day clocks",
        INVARIANTS,
        (bugs.SilenceByWallClock, CORRECT),
        aim=Aim("clock,partition"),
    ),
)
