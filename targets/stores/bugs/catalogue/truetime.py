"""Planted bugs of truetime."""

from collections.abc import Sequence

from splitbrain.harness.planted_bug import Aim, PlantedBug
from splitbrain.targets.stores.bugs import truetime as bugs
from splitbrain.targets.stores.bugs.catalogue.common import AUDIT, INVARIANTS, LINEARIZABLE
from splitbrain.targets.stores.bugs.shared import DurableAtOnce
from splitbrain.targets.stores.truetime.node import TrueTimeParts

SPANNER = "Corbett et al., Spanner, OSDI 2012, section"
IN_BOUND = Aim("clock:kind=offset,min_seconds=0.001,max_seconds=0.006")
"""Clocks that are wrong, and in their bound."""

TRUETIME: Sequence[PlantedBug] = (
    PlantedBug(
        "acknowledged-before-past",
        "a change is acknowledged before its timestamp is past: commit wait is skipped",
        f"{SPANNER} 4.1.2, Commit Wait",
        LINEARIZABLE,
        (bugs.AcknowledgedBeforePast, TrueTimeParts()),
        aim=IN_BOUND,
    ),
    PlantedBug(
        "shown-before-past",
        "a change is shown to reads before its timestamp is past",
        f"{SPANNER} 4.1.2: clients cannot see any data committed by T until TT.after(s) is true",
        INVARIANTS,
        (bugs.ShownBeforePast, TrueTimeParts()),
        aim=IN_BOUND,
    ),
    PlantedBug(
        "waits-for-wall-clock",
        "a change waits until the wall clock has reached its timestamp, whatever that clock's error may be",
        f"{SPANNER} 3: TT.after is about the whole interval",
        INVARIANTS,
        (None, TrueTimeParts(clock=bugs.WaitsForWallClock)),
        aim=IN_BOUND,
    ),
    PlantedBug(
        "reads-at-wall-clock",
        "a read is given what the wall clock shows, not the latest time of the interval",
        f"{SPANNER} 4.2.2: a snapshot read is given TT.now().latest",
        LINEARIZABLE,
        (None, TrueTimeParts(clock=bugs.ReadsAtWallClock)),
        aim=IN_BOUND,
    ),
    PlantedBug(
        "acknowledged-before-sync",
        "a change is acknowledged before it is on disk",
        "Alagappan et al., Correlated Crash Vulnerabilities, OSDI 2016",
        AUDIT,
        (None, TrueTimeParts(journal=DurableAtOnce)),
        aim=Aim("kill,powerloss"),
    ),
    PlantedBug(
        "repeated-is-new",
        "a request that a client sends again is carried out again",
        "Ongaro and Ousterhout 2014, section 8: the same of every log without de-duplication",
        INVARIANTS,
        (None, TrueTimeParts(versions=bugs.RepeatedIsNew)),
        aim=Aim("packet,partition"),
    ),
)
