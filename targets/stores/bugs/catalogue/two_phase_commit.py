"""Planted bugs of two-phase-commit."""

from collections.abc import Mapping, Sequence

from splitbrain.harness.planted_bug import Aim, PlantedBug
from splitbrain.targets.stores.bugs import shared
from splitbrain.targets.stores.bugs import two_phase_commit as bugs
from splitbrain.targets.stores.bugs.catalogue.common import AUDIT, CUTS, INVARIANTS, KILLS
from splitbrain.targets.stores.two_phase_commit.node import CommitParts

LOCKING: Mapping[str, str] = {"isolation": "2pl"}
READ_COMMITTED: Mapping[str, str] = {"isolation": "read-committed"}
SNAPSHOT: Mapping[str, str] = {"isolation": "snapshot"}
SNAPSHOTS = "strong-snapshot-isolation"
SERIALIZABLE = "strict-serializable"

TWO_PHASE_COMMIT: Sequence[PlantedBug] = (
    PlantedBug(
        "dirty-read",
        "a read sees what a transaction under way has written",
        "Berenson et al., SIGMOD 1995: P1; Adya 1999: G1a, G1b",
        "strong-read-committed",
        (None, CommitParts(participant=bugs.ReadsUncommitted)),
        needs=READ_COMMITTED,
        aim=CUTS,
    ),
    PlantedBug(
        "lost-update",
        "a vote does not look whether what is written was written since the snapshot",
        "Berenson et al., SIGMOD 1995: P4, which first-committer-wins prevents",
        SNAPSHOTS,
        (None, CommitParts(participant=bugs.LastCommitterWins)),
        needs=SNAPSHOT,
        aim=CUTS,
    ),
    PlantedBug(
        "snapshot-with-holes",
        "a reader does not wait for a transaction that has voted, whose timestamp may be below the snapshot",
        "Peng and Dabek, OSDI 2010, section 2.2: a read waits for locks below its timestamp",
        SNAPSHOTS,
        (None, CommitParts(participant=bugs.ReadsPastVotes)),
        needs=SNAPSHOT,
        aim=CUTS,
    ),
    PlantedBug(
        "stamps-forgotten",
        "the oracle gives timestamps again that it gave before it restarted",
        "Peng and Dabek, OSDI 2010, section 2.3: the highest timestamp is written down before it is given",
        SNAPSHOTS,
        (None, CommitParts(oracle=bugs.StampsForgotten)),
        needs=SNAPSHOT,
        aim=KILLS,
    ),
    PlantedBug(
        "write-skew",
        "a vote does not look whether what was read has changed",
        "Berenson et al., SIGMOD 1995: A5B; Fekete et al., TODS 2005",
        SERIALIZABLE,
        (None, CommitParts(participant=bugs.ReadsNotCertified)),
        aim=CUTS,
    ),
    PlantedBug(
        "coarse-clock",
        "an optimistic lock compares the second in which a row was written",
        "optimistic locks by a column of times: two writes in one tick of the clock look like one",
        SERIALIZABLE,
        (None, CommitParts(participant=bugs.CoarseVersions)),
        aim=CUTS,
    ),
    PlantedBug(
        "narrow-hash",
        "an optimistic lock compares four bits of a hash of what a row holds",
        "optimistic locks by a hash of the row: a value of the same hash looks like no change, as in ABA",
        SERIALIZABLE,
        (None, CommitParts(participant=bugs.HashedVersions)),
        aim=CUTS,
    ),
    PlantedBug(
        "read-locks-released-early",
        "a shared lock is given back as soon as the key was read",
        "Eswaran et al., CACM 1976: no lock may be given back before the last one is taken",
        SERIALIZABLE,
        (None, CommitParts(participant=bugs.ReadLocksReleasedEarly)),
        needs=LOCKING,
        aim=CUTS,
    ),
    PlantedBug(
        "deadlock-never-broken",
        "nobody is wounded, and nobody gives up: transactions wait for each other for good",
        "Rosenkrantz, Stearns and Lewis, TODS 1978",
        AUDIT,
        (None, CommitParts(participant=bugs.DeadlocksLeft, coordinator=bugs.WaitsForever)),
        needs=LOCKING,
        aim=CUTS,
    ),
    PlantedBug(
        "decision-forgotten",
        "a coordinator keeps its decisions in memory alone, and takes those before a restart for aborts",
        "Mohan, Lindsay and Obermarck, TODS 1986: a commit is forced to the log before anybody is told",
        INVARIANTS,
        (None, CommitParts(coordinator=bugs.DecisionForgotten)),
        aim=KILLS,
    ),
    PlantedBug(
        "answer-before-decision",
        "participants and client hear of a commit before it is on the coordinator's disk",
        "Mohan, Lindsay and Obermarck, TODS 1986, section 2",
        INVARIANTS,
        (None, CommitParts(coordinator=bugs.AnswersBeforeDecision)),
        aim=KILLS,
    ),
    PlantedBug(
        "vote-before-sync",
        "a participant votes yes before that is on disk",
        "Gray 1978: prepared is a state that survives restarts",
        INVARIANTS,
        (None, CommitParts(journal=shared.DurableAtOnce)),
        aim=KILLS,
    ),
    PlantedBug(
        "commits-alone",
        "a participant that has voted, and hears nothing of its coordinator, commits",
        "X/Open XA 1991: heuristic decisions",
        INVARIANTS,
        (None, CommitParts(participant=bugs.CommitsAlone)),
        aim=KILLS,
    ),
    PlantedBug(
        "wounded-voter",
        "a wounded transaction is given up though its participants may have committed",
        "Rosenkrantz, Stearns and Lewis, TODS 1978: only who has not begun to end may be wounded",
        INVARIANTS,
        (None, CommitParts(participant=bugs.VotersMayBeWounded, coordinator=bugs.WoundsVoters)),
        needs=LOCKING,
        aim=Aim("packet,partition,pause,disk"),
    ),
)
