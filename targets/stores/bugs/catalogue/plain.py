"""Planted bugs of the stores `single` and `primary-backup`."""

from collections.abc import Sequence

from splitbrain.harness.planted_bug import Aim, PlantedBug
from splitbrain.targets.stores.bugs import shared
from splitbrain.targets.stores.bugs.catalogue.common import (
    AUDIT,
    CUTS,
    GITHUB,
    INVARIANTS,
    KILLS,
    LINEARIZABLE,
    RETRIES,
)
from splitbrain.targets.stores.bugs.plain import (
    BackupNeverBound,
    BackupRestartUnbinds,
    FollowsShorterLog,
    LeadsAlone,
    PrimaryAnswersBeforeSync,
    PrimaryLeaseFromAnswer,
    SingleAnswersBeforeSync,
    SingleReplaysSuffix,
    StaleFrontDoor,
)
from splitbrain.targets.stores.bugs.stonith import (
    EarlierStartFollowed,
    EarlierStartWaitedFor,
    GoesOnUnshot,
    LeadsBeforeOff,
    TakesOverAfterStart,
)
from splitbrain.targets.stores.parts import Parts

LEASED = {"failover": "lease", "replication": "sync"}
SWITCHED = {"failover": "timeout", "stonith": "on", "replication": "sync"}

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
    PlantedBug(
        "lease-from-answer",
        "a primary counts its lease from when the answer came",
        "Gray and Cheriton, SOSP 1989, section 2: the term must be over at the server no sooner than at the holder",
        LINEARIZABLE,
        (PrimaryLeaseFromAnswer, Parts()),
        needs=LEASED,
        aim=CUTS,
    ),
    PlantedBug(
        "restart-unbinds",
        "a backup that has restarted follows another primary though the lease that it gave has not run out",
        "Gray and Cheriton, SOSP 1989, section 2: a server that restarts waits for the longest term that it granted",
        LINEARIZABLE,
        (BackupRestartUnbinds, Parts()),
        needs=LEASED,
        aim=RETRIES,
    ),
    PlantedBug(
        "never-bound",
        "a backup follows a new primary though the lease that it gave has not run out",
        "Gray and Cheriton, SOSP 1989, section 2",
        LINEARIZABLE,
        (BackupNeverBound, Parts()),
        needs=LEASED,
        aim=CUTS,
    ),
    PlantedBug(
        "shorter-log-followed",
        "a backup follows a new primary that lacks entries which the backup has",
        "Raft §5.4.1; Alvaro et al., Lineage-driven Fault Injection, SIGMOD 2015, on Kafka",
        LINEARIZABLE,
        (FollowsShorterLog, Parts()),
        needs=LEASED,
        aim=KILLS,
    ),
    PlantedBug(
        "leads-alone",
        "a new primary places entries in its view before a majority follows it",
        "Raft §5.2: a leader is elected by a majority",
        LINEARIZABLE,
        (LeadsAlone, Parts()),
        needs=LEASED,
        aim=CUTS,
    ),
    PlantedBug(
        "leads-before-off",
        "a backup serves as soon as it has ordered that its primary is switched off",
        "Pacemaker Explained, chapter on fencing: recovery waits until fencing is confirmed",
        LINEARIZABLE,
        (LeadsBeforeOff, Parts()),
        needs=SWITCHED,
        aim=CUTS,
    ),
    PlantedBug(
        "goes-on-unshot",
        "a primary goes on without a silent backup that it has not switched off",
        "DRBD User's Guide, fencing policies: without resource-and-stonith both sides go on",
        LINEARIZABLE,
        (GoesOnUnshot, Parts()),
        needs=SWITCHED,
        aim=CUTS,
    ),
    PlantedBug(
        "takes-over-after-start",
        "a node that has started takes over though it may lack what was acknowledged while it was down",
        "Corosync votequorum(5), wait_for_all",
        LINEARIZABLE,
        (TakesOverAfterStart, Parts()),
        needs=SWITCHED,
        aim=KILLS,
    ),
    PlantedBug(
        "earlier-start-waited-for",
        "a node that has started believes a message to its earlier start, which the primary waited for",
        "ours, while the store was written",
        LINEARIZABLE,
        (EarlierStartWaitedFor, Parts()),
        needs=SWITCHED,
        aim=RETRIES,
    ),
    PlantedBug(
        "earlier-start-followed",
        "a primary that has started counts those who followed its earlier start, which had more right to lead",
        "ours, while the store was written",
        LINEARIZABLE,
        (EarlierStartFollowed, Parts()),
        needs={**SWITCHED, "head_start_ms": "0"},
        aim=RETRIES,
    ),
)
