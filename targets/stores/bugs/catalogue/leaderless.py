"""Planted bugs of the stores without a leader: `quorum` and `abd`."""

from collections.abc import Mapping, Sequence

from splitbrain.harness.planted_bug import Aim, PlantedBug
from splitbrain.targets.stores.bugs import leaderless as bugs
from splitbrain.targets.stores.bugs import shared
from splitbrain.targets.stores.bugs.catalogue.common import AUDIT, CUTS, GITHUB, INVARIANTS, KILLS, LINEARIZABLE
from splitbrain.targets.stores.replicas import ReplicaParts

BLOCKING: Mapping[str, str] = {"read_repair": "blocking"}
SLOPPY: Mapping[str, str] = {"n": "3", "sloppy": "on", "read_repair": "off", "w": "all", "r": "1"}
DYNAMO = "DeCandia et al., Dynamo, SOSP 2007"
ATTIYA = "Attiya, Bar-Noy and Dolev, JACM 1995"

QUORUM: Sequence[PlantedBug] = (
    PlantedBug(
        "node-counted-twice",
        "a node that answers twice counts twice",
        f"{DYNAMO}, section 4.5: w and r are numbers of nodes",
        LINEARIZABLE,
        (None, ReplicaParts(rounds=bugs.CountsEveryAnswer)),
        BLOCKING,
        Aim("packet,partition"),
    ),
    PlantedBug(
        "quorums-do-not-meet",
        "a write waits for n - r replicas, so that w + r = n",
        "Gifford, SOSP 1979: r + w is greater than the number of votes",
        LINEARIZABLE,
        (bugs.QuorumWithoutOverlap, ReplicaParts()),
        BLOCKING,
        CUTS,
    ),
    PlantedBug(
        "context-forgotten",
        "a write does not replace the versions that were read before it",
        f"{DYNAMO}, section 4.4: the context of a put",
        LINEARIZABLE,
        (bugs.QuorumForgetsContext, ReplicaParts()),
        BLOCKING,
    ),
    PlantedBug(
        "repair-with-first-answer",
        "a read is answered, and replicas are repaired, with what the first of them has",
        f"{DYNAMO}, section 5: read repair writes the latest version",
        LINEARIZABLE,
        (bugs.QuorumRepairsWithFirst, ReplicaParts()),
        BLOCKING,
        CUTS,
    ),
    PlantedBug(
        "repair-overwrites",
        "a replica takes what it is sent, also what is older than what it has",
        f"{DYNAMO}, section 4.4: versions are compared",
        INVARIANTS,
        (None, ReplicaParts(copies=bugs.TakesWhatIsSent)),
        BLOCKING,
    ),
    PlantedBug(
        "actor-used-again",
        "after a restart a node gives its versions names that it gave before",
        f"{GITHUB}basho/riak_kv/issues/679",
        INVARIANTS,
        (None, ReplicaParts(copies=bugs.StartsUncounted)),
        BLOCKING,
        KILLS,
    ),
    PlantedBug(
        "answer-before-sync",
        "a replica answers before a version is on its disk",
        "Pillai et al., OSDI 2014",
        AUDIT,
        (None, ReplicaParts(journal=shared.DurableAtOnce)),
        BLOCKING,
        KILLS,
    ),
    PlantedBug(
        "hints-lost-on-restart",
        "hints are kept in memory alone",
        f"{DYNAMO}, section 4.6: hinted replicas are kept in a separate local database",
        AUDIT,
        (None, ReplicaParts(copies=bugs.HintsInMemory)),
        SLOPPY,
        Aim("kill,partition"),
    ),
)

ABD: Sequence[PlantedBug] = (
    PlantedBug(
        "no-write-back",
        "a read answers with what it found, and does not write it back",
        f"{ATTIYA}, section 3: readers announce what they read",
        LINEARIZABLE,
        (bugs.AbdWithoutWriteBack, ReplicaParts()),
        aim=CUTS,
    ),
    PlantedBug(
        "stamps-of-its-own",
        "a write takes the stamp after the writer's own, without asking a majority",
        "Lynch and Shvartsman, FTCS 1997: several writers need a query phase",
        LINEARIZABLE,
        (bugs.AbdOwnStamps, ReplicaParts()),
        aim=CUTS,
    ),
    PlantedBug(
        "half-is-a-majority",
        "half of the nodes, rounded down, are taken for a majority",
        f"{ATTIYA}, section 3: any two majorities have a node in common",
        LINEARIZABLE,
        (bugs.AbdHalf, ReplicaParts()),
        aim=CUTS,
    ),
    PlantedBug(
        "first-answer-wins",
        "a read answers with the first version that it heard",
        f"{ATTIYA}, section 3: the greatest label of a majority",
        LINEARIZABLE,
        (bugs.AbdFirstAnswer, ReplicaParts()),
        aim=CUTS,
    ),
    PlantedBug(
        "node-counted-twice",
        "a node that answers twice counts twice",
        f"{ATTIYA}, section 3: acknowledgements of different processors",
        LINEARIZABLE,
        (None, ReplicaParts(rounds=bugs.CountsEveryAnswer)),
        aim=Aim("packet,partition"),
    ),
    PlantedBug(
        "answer-before-sync",
        "a replica answers before a version is on its disk",
        "Pillai et al., OSDI 2014",
        AUDIT,
        (None, ReplicaParts(journal=shared.DurableAtOnce)),
        aim=KILLS,
    ),
)
