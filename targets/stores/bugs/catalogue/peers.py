"""Planted bugs of the stores in which every node accepts writes: `multi-leader` and `causal`."""

from collections.abc import Mapping, Sequence

from splitbrain.harness.planted_bug import Aim, PlantedBug
from splitbrain.targets.stores.bugs import peers as bugs
from splitbrain.targets.stores.bugs import shared
from splitbrain.targets.stores.bugs.catalogue.common import CUTS, INVARIANTS, KILLS
from splitbrain.targets.stores.multi_leader import OneWinner
from splitbrain.targets.stores.spreading import SpreadParts

HLC: Mapping[str, str] = {"conflict": "hlc"}
SIBLINGS: Mapping[str, str] = {"conflict": "siblings"}
COHERENT = "per-key-sequential"
CAUSAL_MODEL = "causal-consistency"
COPS = "Lloyd et al., COPS, SOSP 2011"
CORRECT = SpreadParts(state=OneWinner)

MULTI_LEADER: Sequence[PlantedBug] = (
    PlantedBug(
        "last-to-arrive-wins",
        "the write that a node receives last wins there",
        "Terry et al., Bayou, SOSP 1995, section 4: replicas must apply writes in one order",
        COHERENT,
        (None, SpreadParts(state=bugs.LastToArrive)),
        HLC,
        CUTS,
    ),
    PlantedBug(
        "clock-not-advanced",
        "the hybrid clock of a node does not go beyond the stamps that it has seen",
        "Kulkarni et al., OPODIS 2014, figure 5: receive event",
        COHERENT,
        (bugs.ClockOfItsOwn, SpreadParts()),
        HLC,
        Aim("clock"),
    ),
    PlantedBug(
        "siblings-dropped",
        "a write replaces those that its writer did not know",
        "Parker et al., IEEE TSE 1983: neither of two conflicting versions dominates",
        COHERENT,
        (None, SpreadParts(state=bugs.SiblingsDropped)),
        SIBLINGS,
        CUTS,
    ),
    PlantedBug(
        "applied-twice",
        "an update that is told again is applied again",
        "Ladin et al., TOCS 1992, section 4: duplicates are recognised by timestamps",
        INVARIANTS,
        (bugs.ToldTwiceAppliedTwice, SpreadParts()),
        {"conflict": "crdt"},
        Aim("packet"),
    ),
    PlantedBug(
        "gap-skipped",
        "an update is applied though one of the same origin before it is missing, and is never asked for",
        "Ladin et al., TOCS 1992, section 4: a replica timestamp covers all before it",
        INVARIANTS,
        (None, SpreadParts(log=bugs.GapsSkipped)),
        HLC,
        Aim("packet,partition"),
    ),
    PlantedBug(
        "told-before-sync",
        "an update is acknowledged and told before it is on disk",
        "Pillai et al., OSDI 2014",
        INVARIANTS,
        (None, SpreadParts(journal=shared.DurableAtOnce)),
        HLC,
        KILLS,
    ),
)

CAUSAL: Sequence[PlantedBug] = (
    PlantedBug(
        "dependencies-ignored",
        "an update is applied when it comes, without what its writer had seen",
        f"{COPS}, section 4.3: dependency checks",
        INVARIANTS,
        (bugs.CausalOnArrival, CORRECT),
        aim=Aim("packet,partition"),
    ),
    PlantedBug(
        "reads-are-no-dependencies",
        "an update carries what its node wrote before, and not what it read from others",
        f"{COPS}, section 3.1: gets-from",
        INVARIANTS,
        (bugs.CausalForgetsReads, CORRECT),
        aim=Aim("packet,partition"),
    ),
    PlantedBug(
        "token-ignored",
        "a node answers with what it has, whatever a session has seen elsewhere",
        "Terry et al., PDIS 1994: session guarantees",
        CAUSAL_MODEL,
        (bugs.CausalIgnoresTokens, CORRECT),
        aim=CUTS,
    ),
    PlantedBug(
        "vector-not-merged-on-read",
        "a session does not remember what it saw by reads",
        "Terry et al., PDIS 1994: the read vector",
        CAUSAL_MODEL,
        (bugs.CausalReadsUntold, CORRECT),
        aim=Aim("partition,pause", "session"),
    ),
    PlantedBug(
        "clock-not-advanced",
        "the logical clock of a node does not go beyond the stamps that it has seen",
        "Lamport, CACM 1978: implementation rule 2",
        CAUSAL_MODEL,
        (bugs.CausalClockOfItsOwn, CORRECT),
        aim=CUTS,
    ),
    PlantedBug(
        "told-before-sync",
        "an update is acknowledged and told before it is on disk",
        "Pillai et al., OSDI 2014",
        INVARIANTS,
        (None, SpreadParts(journal=shared.DurableAtOnce, state=OneWinner)),
        aim=KILLS,
    ),
)
