"""Catalogue of the planted bugs of the own stores: what was got wrong, who did so in the wild, and what it breaks.

`raft:bug=NAME` puts one in. Where no report is named, the mistake is one that the paper warns of at the place given.
"""

from collections.abc import Mapping, Sequence

from splitbrain.harness.planted_bug import Aim, PlantedBug
from splitbrain.targets.stores.bugs import raft_clients as clients
from splitbrain.targets.stores.bugs import raft_elections as elections
from splitbrain.targets.stores.bugs import raft_log as log
from splitbrain.targets.stores.bugs import raft_snapshots as snapshots
from splitbrain.targets.stores.bugs import shared
from splitbrain.targets.stores.bugs.plain import (
    PrimaryAnswersBeforeSync,
    SingleAnswersBeforeSync,
    SingleReplaysSuffix,
    StaleFrontDoor,
)
from splitbrain.targets.stores.parts import Parts
from splitbrain.targets.stores.raft.node import RaftNode, RaftParts

GITHUB = "github.com/"
LINEARIZABLE = "linearizable"
INVARIANTS = "invariants"
AUDIT = "audit"

INDEX: Mapping[str, str] = {"reads": "index"}
LEASE: Mapping[str, str] = {"reads": "lease"}
KILLS = Aim("kill,powerloss,disk,partition")
CUTS = Aim("partition,pause,packet")
RETRIES = Aim("partition,kill,packet,pause")
SLOW = Aim("partition,pause,packet,disk,kill")


def _raft(node: type[RaftNode] = RaftNode, **parts: type) -> tuple[type[RaftNode], RaftParts]:
    return node, RaftParts(**parts)


ELECTIONS = (
    PlantedBug(
        "vote-twice",
        "a server does not look whether it has voted in the term",
        f"{GITHUB}camunda/camunda/issues/5356, {GITHUB}ktoso/akka-raft/issues/56",
        INVARIANTS,
        _raft(election=elections.VotesTwice),
        aim=CUTS,
    ),
    PlantedBug(
        "vote-not-persisted",
        "a server writes its term down, and not its vote",
        f"{GITHUB}vesoft-inc/nebula/pull/3415",
        INVARIANTS,
        _raft(log=elections.ForgetsVote),
        aim=KILLS,
    ),
    PlantedBug(
        "term-not-persisted",
        "a server keeps its term and its vote in memory alone",
        f"{GITHUB}ongardie/raft.tla/pull/5",
        INVARIANTS,
        _raft(log=elections.ForgetsTerm),
        aim=KILLS,
    ),
    PlantedBug(
        "heard-term-not-persisted",
        "a server writes a term down when it votes, and not when it hears of it",
        "Raft, Figure 2: currentTerm is updated on stable storage before responding",
        INVARIANTS,
        _raft(log=elections.ForgetsHeardTerms),
        aim=KILLS,
    ),
    PlantedBug(
        "vote-before-sync",
        "a vote is sent before it is on disk",
        "Raft, Figure 2; Alagappan et al., FAST 2018, section 2",
        INVARIANTS,
        _raft(server=elections.VotesBeforeSync),
        aim=Aim("kill,powerloss,disk"),
    ),
    PlantedBug(
        "vote-for-shorter-log",
        "a vote is given without comparing logs",
        "Raft §5.4.1",
        INVARIANTS,
        _raft(election=elections.VotesForShorterLogs),
        aim=SLOW,
    ),
    PlantedBug(
        "vote-by-length",
        "logs are compared by their length alone",
        "Raft §5.4.1: first by the term of the last entry",
        INVARIANTS,
        _raft(election=elections.ComparesLengthAlone),
        aim=SLOW,
    ),
    PlantedBug(
        "vote-by-term",
        "logs are compared by the term of their last entry alone",
        "Raft §5.4.1: then by their length",
        INVARIANTS,
        _raft(election=elections.ComparesTermAlone),
        aim=SLOW,
    ),
    PlantedBug(
        "vote-by-commit",
        "a candidate needs only what the voter knows to be committed",
        "Raft §5.4.1",
        INVARIANTS,
        _raft(election=elections.ComparesCommitted),
        aim=SLOW,
    ),
    PlantedBug(
        "vote-in-older-term",
        "a candidate of an older term gets a vote",
        "Raft, Figure 2: reply false if term < currentTerm",
        INVARIANTS,
        _raft(election=elections.VotesInOlderTerms),
        aim=CUTS,
    ),
    PlantedBug(
        "older-votes-counted",
        "a candidate counts votes of an older term",
        f"{GITHUB}andreev-io/little-raft/issues/44",
        INVARIANTS,
        _raft(election=elections.CountsOlderVotes),
        aim=Aim("packet,partition,disk"),
    ),
    PlantedBug(
        "trial-votes-counted",
        "answers of the trial vote are counted as votes",
        "Raft thesis §9.6",
        INVARIANTS,
        _raft(election=elections.CountsTrialVotes),
        aim=CUTS,
    ),
    PlantedBug(
        "voter-counted-twice",
        "a candidate counts answers, and not voters",
        "Raft §5.2: a majority of the servers",
        INVARIANTS,
        _raft(election=elections.CountsVotersTwice),
        aim=Aim("packet,partition"),
    ),
    PlantedBug(
        "half-is-a-majority",
        "half of the servers, rounded down, decide",
        "Raft §5.2",
        INVARIANTS,
        _raft(server=elections.HalfIsEnough),
        aim=CUTS,
    ),
    PlantedBug(
        "vote-while-led",
        "a server votes while it hears a leader, and so breaks the leader's lease",
        "Raft thesis §6.4.1 with §4.2.3",
        LINEARIZABLE,
        _raft(election=elections.VotesWhileLed),
        LEASE,
        CUTS,
    ),
    PlantedBug(
        "restart-breaks-lease",
        "a server that has just started votes at once, and so breaks the leader's lease",
        "Raft thesis §6.4.1 with §4.2.3",
        LINEARIZABLE,
        _raft(elections.RestartForgetsLeader),
        LEASE,
        Aim("kill,partition"),
    ),
)

REPLICATION = (
    PlantedBug(
        "figure-8",
        "an entry of an older term is committed by counting its copies",
        f"{GITHUB}logcabin/logcabin/issues/44, {GITHUB}async-raft/async-raft/issues/108, "
        f"{GITHUB}canonical/raft/issues/220, {GITHUB}bakwc/PySyncObj/issues/169",
        INVARIANTS,
        _raft(replication=log.CountsOlderEntries),
        aim=KILLS,
    ),
    PlantedBug(
        "older-acknowledgements-counted",
        "a leader counts acknowledgements of an older term",
        "Raft thesis §3.3: replies of older terms are dropped",
        INVARIANTS,
        _raft(replication=log.CountsOlderAcknowledgements),
        aim=Aim("packet,partition,disk,kill"),
    ),
    PlantedBug(
        "leader-counted-twice",
        "the leader counts its own copy twice",
        "Raft §5.3: a majority of the servers",
        INVARIANTS,
        _raft(replication=log.CountsItselfTwice),
    ),
    PlantedBug(
        "own-copy-before-sync",
        "the leader counts its own copy before it is on disk",
        f"{GITHUB}goraft/raft/pull/150",
        INVARIANTS,
        _raft(replication=log.CountsOwnBeforeSync),
        aim=KILLS,
    ),
    PlantedBug(
        "acknowledgement-of-everything",
        "an acknowledgement is taken for one of the leader's whole log",
        f"{GITHUB}apache/ratis/pull/1519",
        INVARIANTS,
        _raft(replication=log.CountsWhatWasSent),
    ),
    PlantedBug(
        "matches-remembered",
        "a new leader begins with what it knew of its followers when it led before",
        "Raft, Figure 2: matchIndex is initialised to 0 after election",
        INVARIANTS,
        _raft(replication=log.RemembersMatches),
        aim=CUTS,
    ),
    PlantedBug(
        "inherited-is-committed",
        "a new leader takes its whole log for committed",
        "Raft §5.4.2",
        INVARIANTS,
        _raft(replication=log.CommitsOwnLogWhenElected),
    ),
    PlantedBug(
        "acknowledge-before-sync",
        "a follower acknowledges entries before they are on disk",
        f"{GITHUB}tikv/tikv/issues/994, {GITHUB}yugabyte/yugabyte-db/issues/32875",
        INVARIANTS,
        _raft(replication=log.AcknowledgesBeforeSync),
        aim=KILLS,
    ),
    PlantedBug(
        "acknowledge-own-end",
        "a follower acknowledges its whole log, also what was not compared",
        f"{GITHUB}apache/ratis/pull/1519",
        INVARIANTS,
        _raft(replication=log.AcknowledgesOwnEnd),
        aim=CUTS,
    ),
    PlantedBug(
        "commit-to-own-end",
        "a follower commits to the end of its own log",
        f"{GITHUB}atomix/copycat/issues/265, {GITHUB}scylladb/scylladb/issues/9965, {GITHUB}rabbitmq/ra/pull/508",
        INVARIANTS,
        _raft(replication=log.CommitsToOwnEnd),
        aim=CUTS,
    ),
    PlantedBug(
        "commit-before-comparing",
        "a follower takes over the commit index before it has compared logs",
        f"{GITHUB}atomix/copycat/pull/110",
        INVARIANTS,
        _raft(replication=log.CommitsBeforeComparing),
        aim=CUTS,
    ),
    PlantedBug(
        "commit-goes-back",
        "a follower takes over a commit index that is lower than its own",
        "Raft, Figure 2: commitIndex increases monotonically",
        INVARIANTS,
        _raft(replication=log.HeartbeatsResetCommit),
    ),
    PlantedBug(
        "older-leader-followed",
        "a follower takes entries from a leader of an older term",
        f"{GITHUB}vesoft-inc/nebula/issues/685",
        INVARIANTS,
        _raft(replication=log.AcceptsOlderTerms),
        aim=CUTS,
    ),
    PlantedBug(
        "truncates-what-agrees",
        "a late request cuts off entries that agree with it and what stands behind them",
        f"{GITHUB}etcd-io/etcd/pull/1763",
        INVARIANTS,
        _raft(log=log.TruncatesAlways),
        aim=Aim("packet,partition,disk,kill"),
    ),
    PlantedBug(
        "terms-not-compared",
        "a follower looks whether there is an entry before the new ones, and not of which term",
        f"{GITHUB}RedisLabs/raft/issues/49",
        INVARIANTS,
        _raft(log=log.ComparesNoTerms),
        aim=CUTS,
    ),
    PlantedBug(
        "conflicts-kept",
        "a follower keeps its own entry where the leader has another",
        f"{GITHUB}mofa-org/mofa/pull/1151",
        INVARIANTS,
        _raft(log=log.KeepsConflicts),
        aim=CUTS,
    ),
    PlantedBug(
        "restart-commits-all",
        "a server that starts takes all that is on its disk for committed",
        "Raft, Figure 2: commitIndex is volatile, and begins at 0",
        INVARIANTS,
        _raft(log.RestartCommitsAll),
        aim=KILLS,
    ),
    PlantedBug(
        "disk-error-ignored",
        "a server goes on after a failed sync as if it had succeeded",
        f"Rebello et al., USENIX ATC 2020; {GITHUB}rostamlabs/rostam/issues/94",
        INVARIANTS,
        _raft(log.IgnoresDiskErrors),
        aim=Aim("eio,kill,powerloss"),
    ),
    PlantedBug(
        "torn-tail-left",
        "a torn tail of the log is not cut, and hides what is written behind it",
        "Alagappan et al., FAST 2018, section 2",
        INVARIANTS,
        _raft(journal=shared.TornTailLeft),
        aim=KILLS,
    ),
)

SNAPSHOTS = (
    PlantedBug(
        "snapshot-without-sessions",
        "a snapshot does not hold the sessions, so a request that is retried behind it is carried out again",
        "Raft thesis §6.3",
        AUDIT,
        _raft(machine=snapshots.SessionsNotSaved),
        aim=KILLS,
    ),
    PlantedBug(
        "snapshot-without-revisions",
        "revisions are counted anew behind a snapshot",
        "the state of a machine that is not in its snapshot: Raft §7",
        INVARIANTS,
        _raft(machine=snapshots.RevisionsNotSaved),
        aim=KILLS,
    ),
    PlantedBug(
        "snapshot-merged",
        "a snapshot is put over the old state, of which something stays",
        "Raft §7: reset the state machine using snapshot contents",
        AUDIT,
        _raft(machine=snapshots.RestoreMerges),
        aim=CUTS,
    ),
    PlantedBug(
        "snapshot-too-new",
        "a snapshot is said to stand for entries that were not applied to it",
        f"{GITHUB}RedisLabs/redisraft/issues/43",
        INVARIANTS,
        _raft(replication=snapshots.SnapshotNamesLast),
        aim=CUTS,
    ),
    PlantedBug(
        "older-snapshot-installed",
        "a late snapshot takes a server back behind what it has applied",
        f"{GITHUB}rabbitmq/ra/pull/508",
        INVARIANTS,
        _raft(replication=snapshots.OlderSnapshotAccepted),
        aim=Aim("packet,partition,pause"),
    ),
    PlantedBug(
        "snapshot-acknowledged-before-sync",
        "a snapshot is acknowledged before it is on disk",
        "Raft §7 with §5.3",
        INVARIANTS,
        _raft(replication=snapshots.SnapshotAcknowledgedBeforeSync),
        aim=KILLS,
    ),
    PlantedBug(
        "snapshot-without-vote",
        "the file that takes the place of the log lacks term and vote",
        f"{GITHUB}RedisLabs/redisraft/pull/45",
        INVARIANTS,
        _raft(log=snapshots.SnapshotWithoutBallot),
        aim=KILLS,
    ),
    PlantedBug(
        "snapshot-keeps-conflicts",
        "entries behind a snapshot are kept though the log disagrees with it",
        f"{GITHUB}databendlabs/openraft/pull/753",
        INVARIANTS,
        _raft(log=snapshots.LogKeptBehindSnapshot),
        aim=CUTS,
    ),
    PlantedBug(
        "snapshot-cuts-log",
        "entries behind a snapshot are thrown away though they were acknowledged",
        f"{GITHUB}camunda/camunda/issues/6092, {GITHUB}etcd-io/etcd/pull/1763",
        INVARIANTS,
        _raft(log=snapshots.LogCutBehindSnapshot),
        aim=Aim("packet,partition,pause,kill"),
    ),
    PlantedBug(
        "snapshot-replayed",
        "entries that a snapshot holds are applied to it again after a restart",
        f"{GITHUB}RedisLabs/raft/issues/49",
        INVARIANTS,
        _raft(server=snapshots.RestoresBase),
        aim=KILLS,
    ),
    PlantedBug(
        "snapshot-loses-tail",
        "the entries behind a snapshot are not written to the file that takes the place of the log",
        f"{GITHUB}RedisLabs/redisraft/issues/43",
        INVARIANTS,
        _raft(log=snapshots.EntriesNotRewritten),
        aim=KILLS,
    ),
)

CLIENTS = (
    PlantedBug(
        "read-without-round",
        "a leader answers reads from its copy without making sure that it still leads",
        f"{GITHUB}deventlab/d-engine/issues/381, {GITHUB}adjoint-io/raft/issues/41",
        LINEARIZABLE,
        _raft(reads=clients.ReadsWithoutRound),
        INDEX,
        CUTS,
    ),
    PlantedBug(
        "read-before-own-entry",
        "a new leader answers reads before an entry of its own term is committed",
        f"{GITHUB}jmsadair/raft/pull/65",
        LINEARIZABLE,
        _raft(replication=clients.ReadsBeforeEstablished),
        INDEX,
        SLOW,
    ),
    PlantedBug(
        "read-joins-old-round",
        "a read waits for a round that had begun before it came",
        f"{GITHUB}etcd-io/etcd/issues/20418",
        LINEARIZABLE,
        _raft(reads=clients.ReadsJoinOldRound),
        INDEX,
        CUTS,
    ),
    PlantedBug(
        "lease-too-long",
        "the lease is longer than the election timeout",
        "Raft thesis §6.4.1",
        LINEARIZABLE,
        _raft(reads=clients.LeaseTooLong),
        LEASE,
        CUTS,
    ),
    PlantedBug(
        "lease-from-answer",
        "the lease begins when the answers have come, and not when they were asked for",
        "Raft thesis §6.4.1",
        LINEARIZABLE,
        _raft(replication=clients.LeaseFromAnswer),
        LEASE,
        Aim("packet,pause,partition"),
    ),
    PlantedBug(
        "lease-on-wall-clock",
        "the lease is measured by the wall clock, which may be set back",
        "Raft thesis §6.4.1; Kingsbury, Jepsen: CockroachDB beta-20160829, 2017 (clocks)",
        LINEARIZABLE,
        _raft(replication=clients.LeaseOnWallClock),
        LEASE,
        Aim("clock,partition"),
    ),
    PlantedBug(
        "no-deduplication",
        "a request that comes again is carried out again",
        f"Raft §8; {GITHUB}rabbitmq/ra/issues/145, {GITHUB}etcd-io/etcd/issues/18424",
        INVARIANTS,
        _raft(machine=shared.NoDeduplication),
        aim=RETRIES,
    ),
    PlantedBug(
        "no-deduplication-nor-joining",
        "a request that comes again is placed and carried out again, even while the first is on its way",
        f"Raft §8; {GITHUB}RedisLabs/redisraft/issues/52",
        INVARIANTS,
        _raft(machine=shared.NoDeduplication, requests=shared.NoJoin),
        aim=RETRIES,
    ),
    PlantedBug(
        "local-deduplication",
        "the leader alone remembers what it has carried out, and its successor does not know",
        f"{GITHUB}CurvineIO/curvine/issues/676",
        INVARIANTS,
        _raft(clients.LocalDeduplication, machine=shared.NoDeduplication),
        aim=RETRIES,
    ),
    PlantedBug(
        "sessions-forgotten",
        "a session is forgotten after a few requests of others",
        f"{GITHUB}apache/ratis/pull/915",
        INVARIANTS,
        _raft(machine=shared.ShortMemory),
        aim=RETRIES,
    ),
    PlantedBug(
        "last-entry-again",
        "a new leader applies the last entry again",
        "Raft, Figure 2: lastApplied",
        INVARIANTS,
        _raft(replication=clients.LastEntryAgain),
    ),
    PlantedBug(
        "misdirected-refused",
        "a follower that was wrongly asked refuses for good, though the request may have been accepted elsewhere",
        "Raft §8: the client cannot know",
        LINEARIZABLE,
        _raft(requests=shared.MisdirectedIsRefused),
        aim=RETRIES,
    ),
    PlantedBug(
        "unanswered-refused",
        "a request that was passed on to a leader who leads no more is refused for good",
        f"{GITHUB}redpanda-data/redpanda/pull/3003",
        LINEARIZABLE,
        _raft(requests=shared.UnansweredIsRefused),
        aim=RETRIES,
    ),
    PlantedBug(
        "cas-refused-by-copy",
        "a compare-and-set is refused by the copy of whoever is asked",
        "Raft §8: reads of an old copy",
        LINEARIZABLE,
        _raft(clients.RefusesFromOwnCopy),
        aim=CUTS,
    ),
    PlantedBug(
        "cas-refused-by-old-leader",
        "a compare-and-set is refused by the copy of whoever believes to lead",
        "Raft §8: a leader that was deposed",
        LINEARIZABLE,
        _raft(clients.LeaderRefusesFromOwnCopy),
        aim=CUTS,
    ),
)

RAFT: Sequence[PlantedBug] = (*ELECTIONS, *REPLICATION, *SNAPSHOTS, *CLIENTS)
"""Those of raft."""

SINGLE: Sequence[PlantedBug] = (
    PlantedBug(
        "answer-before-sync",
        "a request is answered before it is on disk",
        "Pillai et al., OSDI 2014",
        AUDIT,
        (SingleAnswersBeforeSync, Parts()),
        aim=Aim("kill,powerloss,disk"),
    ),
    PlantedBug(
        "no-deduplication",
        "a request that comes again is carried out again",
        "Birrell and Nelson, TOCS 1984: at-most-once calls",
        INVARIANTS,
        (None, Parts(machine=shared.NoDeduplication)),
        aim=RETRIES,
    ),
    PlantedBug(
        "suffix-replayed",
        "the last entries are carried out again after a restart",
        "Mohan et al., ARIES, TODS 1992: redo must be idempotent",
        AUDIT,
        (SingleReplaysSuffix, Parts()),
        aim=Aim("kill"),
    ),
    PlantedBug(
        "torn-tail-left",
        "a torn tail of the log is not cut, and hides what is written behind it",
        "Alagappan et al., FAST 2018, section 2",
        AUDIT,
        (None, Parts(journal=shared.TornTailLeft)),
        aim=KILLS,
    ),
    PlantedBug(
        "stale-front-door",
        "a front door answers a read by what it last heard of the key",
        "Nelson, Welch and Ousterhout, Caching in the Sprite Network File System, TOCS 1988",
        LINEARIZABLE,
        (StaleFrontDoor, Parts()),
        aim=CUTS,
    ),
)

PRIMARY_BACKUP: Sequence[PlantedBug] = (
    PlantedBug(
        "answer-before-sync",
        "the primary answers before the request is on its disk",
        "Pillai et al., OSDI 2014",
        INVARIANTS,
        (PrimaryAnswersBeforeSync, Parts()),
        aim=Aim("kill,powerloss,disk"),
    ),
    PlantedBug(
        "no-deduplication",
        "a request that comes again is carried out again",
        "Birrell and Nelson, TOCS 1984: at-most-once calls",
        INVARIANTS,
        (None, Parts(machine=shared.NoDeduplication)),
        aim=RETRIES,
    ),
    PlantedBug(
        "sessions-forgotten",
        "a session is forgotten after a few requests of others",
        f"{GITHUB}apache/ratis/pull/915",
        INVARIANTS,
        (None, Parts(machine=shared.ShortMemory)),
        aim=RETRIES,
    ),
    PlantedBug(
        "torn-tail-left",
        "a torn tail of the log is not cut, and hides what is written behind it",
        "Alagappan et al., FAST 2018, section 2",
        INVARIANTS,
        (None, Parts(journal=shared.TornTailLeft)),
        aim=KILLS,
    ),
)
