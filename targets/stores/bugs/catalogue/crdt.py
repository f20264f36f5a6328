"""Planted bugs of the store `crdt`."""

from collections.abc import Sequence

from splitbrain.harness.planted_bug import Aim, PlantedBug
from splitbrain.targets.stores.bugs import crdt as bugs
from splitbrain.targets.stores.bugs import shared
from splitbrain.targets.stores.bugs.catalogue.common import CUTS, INVARIANTS, KILLS
from splitbrain.targets.stores.spreading import SpreadParts

STUDY = "Shapiro et al., INRIA RR-7506, 2011"
CONVERGENT = "strong-convergence"

CRDT: Sequence[PlantedBug] = (
    PlantedBug(
        "removals-forgotten",
        "after a restart a node joins the additions that it has on disk, and not the removals",
        f"{STUDY}, section 3.3.5: a removal is part of the state",
        CONVERGENT,
        (bugs.CrdtForgetsRemovals, SpreadParts()),
        {"type": "or-set"},
        Aim("kill"),
    ),
    PlantedBug(
        "whole-set-sent",
        "the whole set is sent, and the one that comes last counts",
        f"{STUDY}, section 3.3.1: sets are joined",
        CONVERGENT,
        (None, SpreadParts(state=bugs.WholeSetSent)),
        {"type": "or-set"},
        CUTS,
    ),
    PlantedBug(
        "last-increment-counts",
        "the last increment of an origin is taken for its sum",
        f"{STUDY}, section 3.1.1",
        CONVERGENT,
        (None, SpreadParts(state=bugs.LastIncrementCounts)),
        {"type": "g-counter"},
    ),
    PlantedBug(
        "one-sum-for-all",
        "a counter is one number for all replicas, joined by the maximum",
        f"{STUDY}, section 3.1.1: with one integer concurrent increments are lost",
        CONVERGENT,
        (None, SpreadParts(state=bugs.OneSumForAll)),
        {"type": "g-counter"},
        CUTS,
    ),
    PlantedBug(
        "order-of-arrival",
        "elements put after the same one stand in the order in which they came",
        "Roh et al., JPDC 2011, section 4: concurrent insertions need one precedence",
        CONVERGENT,
        (None, SpreadParts(state=bugs.ListByArrival)),
        {"type": "rga"},
        CUTS,
    ),
    PlantedBug(
        "equal-stamps",
        "elements put after the same one are ordered by stamps that may be equal",
        "Roh et al., JPDC 2011, section 3.2: the site breaks ties",
        CONVERGENT,
        (None, SpreadParts(state=bugs.ListByStampAlone)),
        {"type": "rga"},
        CUTS,
    ),
    PlantedBug(
        "receive-time",
        "a write is stamped with the time at which a replica receives it",
        f"{STUDY}, section 3.2.1: the stamp is given at the source",
        "per-key-sequential",
        (None, SpreadParts(state=bugs.LocalReceiveTime)),
        {"type": "lww"},
        CUTS,
    ),
    PlantedBug(
        "told-before-sync",
        "an update is acknowledged and told before it is on disk",
        "Pillai et al., OSDI 2014",
        INVARIANTS,
        (None, SpreadParts(journal=shared.DurableAtOnce)),
        {"type": "or-set"},
        KILLS,
    ),
)
