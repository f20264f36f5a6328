"""Planted bugs of paxos."""

from collections.abc import Sequence

from splitbrain.harness.planted_bug import Aim, PlantedBug
from splitbrain.targets.stores.bugs import paxos as bugs
from splitbrain.targets.stores.bugs import shared
from splitbrain.targets.stores.bugs.catalogue.common import CUTS, INVARIANTS, KILLS, LINEARIZABLE, RETRIES
from splitbrain.targets.stores.paxos.node import PaxosParts

PAXOS: Sequence[PlantedBug] = (
    PlantedBug(
        "promise-not-persisted",
        "an acceptor keeps its promises in memory alone",
        "Lamport, Paxos Made Simple, 2001, section 2.4: an acceptor records its response in stable storage",
        INVARIANTS,
        (None, PaxosParts(acceptor=bugs.PromiseInMemory)),
        aim=KILLS,
    ),
    PlantedBug(
        "ballot-not-compared",
        "an acceptor accepts without looking at what it promised",
        "Lamport 2001, section 2.2: P1a",
        INVARIANTS,
        (None, PaxosParts(acceptor=bugs.AcceptsAnyBallot)),
        aim=CUTS,
    ),
    PlantedBug(
        "ballot-used-twice",
        "a proposer that starts again may use a ballot that it has used before",
        "Lamport 2001, section 2.4: different proposers choose from disjoint sets, and remember the highest on disk",
        INVARIANTS,
        (None, PaxosParts(acceptor=bugs.LivesOnce)),
        aim=KILLS,
    ),
    PlantedBug(
        "first-promise-taken",
        "a proposer builds upon the state of the promise that came first",
        "Lamport 2001, section 2.2: P2c",
        INVARIANTS,
        (None, PaxosParts(proposer=bugs.TakesFirstPromise)),
        aim=CUTS,
    ),
    PlantedBug(
        "longest-state-taken",
        "a proposer builds upon the state that was changed most often",
        "Lamport 2001, section 2.2: P2c",
        INVARIANTS,
        (None, PaxosParts(proposer=bugs.TakesLongestState)),
        aim=CUTS,
    ),
    PlantedBug(
        "read-not-settled",
        "a read is answered after phase 1 though the acceptors disagree",
        "Rystsov 2018, section 2.2: a read is a change too",
        LINEARIZABLE,
        (None, PaxosParts(proposer=bugs.ReadsWithoutSettling)),
        aim=CUTS,
    ),
    PlantedBug(
        "read-not-written-back",
        "a read is answered with the newest state of a majority, which may not be chosen",
        "Attiya, Bar-Noy and Dolev, JACM 1995: readers write back",
        LINEARIZABLE,
        (None, PaxosParts(reads=bugs.ReadsNewestOfMajority)),
        needs={"reads": "quorum"},
        aim=CUTS,
    ),
    PlantedBug(
        "answers-counted",
        "a proposer counts answers, and not acceptors",
        "Lamport 2001, section 2.2: a majority of the acceptors",
        INVARIANTS,
        (None, PaxosParts(proposer=bugs.CountsAnswers)),
        aim=Aim("packet,partition"),
    ),
    PlantedBug(
        "accept-before-sync",
        "an acceptor answers before it is on disk",
        "Lamport 2001, section 2.4",
        INVARIANTS,
        (None, PaxosParts(journal=shared.DurableAtOnce)),
        aim=KILLS,
    ),
    PlantedBug(
        "no-deduplication",
        "a request that comes again is carried out again",
        "Birrell and Nelson, TOCS 1984: at-most-once calls",
        INVARIANTS,
        (None, PaxosParts(change=bugs.ChangesTwice)),
        aim=RETRIES,
    ),
)
