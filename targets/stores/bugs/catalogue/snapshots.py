"""Planted bugs of raft: snapshots."""

from splitbrain.harness.planted_bug import Aim, PlantedBug
from splitbrain.targets.stores.bugs import raft_snapshots as snapshots
from splitbrain.targets.stores.bugs.catalogue.common import AUDIT, CUTS, GITHUB, INVARIANTS, KILLS, raft

SNAPSHOTS = (
    PlantedBug(
        "snapshot-without-sessions",
        "a snapshot does not hold the sessions, so a request that is retried behind it is carried out again",
        "Raft thesis §6.3",
        AUDIT,
        raft(machine=snapshots.SessionsNotSaved),
        aim=KILLS,
    ),
    PlantedBug(
        "snapshot-without-revisions",
        "revisions are counted anew behind a snapshot",
        "the state of a machine that is not in its snapshot: Raft §7",
        INVARIANTS,
        raft(machine=snapshots.RevisionsNotSaved),
        aim=KILLS,
    ),
    PlantedBug(
        "snapshot-merged",
        "a snapshot is put over the old state, of which something stays",
        "Raft §7: reset the state machine using snapshot contents",
        AUDIT,
        raft(machine=snapshots.RestoreMerges),
        aim=CUTS,
    ),
    PlantedBug(
        "snapshot-too-new",
        "a snapshot is said to stand for entries that were not applied to it",
        f"{GITHUB}RedisLabs/redisraft/issues/43",
        INVARIANTS,
        raft(replication=snapshots.SnapshotNamesLast),
        aim=CUTS,
    ),
    PlantedBug(
        "older-snapshot-installed",
        "a late snapshot takes a server back behind what it has applied",
        f"{GITHUB}rabbitmq/ra/pull/508",
        INVARIANTS,
        raft(replication=snapshots.OlderSnapshotAccepted, server=snapshots.SnapshotSetsCommit),
        aim=Aim("packet,partition,pause"),
    ),
    PlantedBug(
        "snapshot-acknowledged-before-sync",
        "a snapshot is acknowledged before it is on disk",
        "Raft §7 with §5.3",
        INVARIANTS,
        raft(replication=snapshots.SnapshotAcknowledgedBeforeSync),
        aim=KILLS,
    ),
    PlantedBug(
        "snapshot-without-vote",
        "the file that takes the place of the log lacks term and vote",
        f"{GITHUB}RedisLabs/redisraft/pull/45",
        INVARIANTS,
        raft(log=snapshots.SnapshotWithoutBallot),
        aim=KILLS,
    ),
    PlantedBug(
        "snapshot-cuts-log",
        "entries behind a snapshot are thrown away though they were acknowledged",
        f"{GITHUB}camunda/camunda/issues/6092, {GITHUB}etcd-io/etcd/pull/1763",
        INVARIANTS,
        raft(log=snapshots.LogCutBehindSnapshot),
        aim=Aim("packet,partition,pause,kill"),
    ),
    PlantedBug(
        "snapshot-replayed",
        "entries that a snapshot holds are applied to it again after a restart",
        f"{GITHUB}RedisLabs/raft/issues/49",
        INVARIANTS,
        raft(server=snapshots.RestoresBase),
        aim=KILLS,
    ),
    PlantedBug(
        "snapshot-loses-tail",
        "the entries behind a snapshot are not written to the file that takes the place of the log",
        f"{GITHUB}RedisLabs/redisraft/issues/43",
        INVARIANTS,
        raft(log=snapshots.EntriesNotRewritten),
        aim=KILLS,
    ),
)
