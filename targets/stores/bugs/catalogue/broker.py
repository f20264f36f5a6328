"""Planted bugs of the log broker."""

from collections.abc import Sequence

from splitbrain.harness.planted_bug import PlantedBug
from splitbrain.targets.stores.broker.node import BrokerParts
from splitbrain.targets.stores.bugs import broker as bugs
from splitbrain.targets.stores.bugs import shared
from splitbrain.targets.stores.bugs.catalogue.common import CUTS, INVARIANTS, KILLS, RETRIES

KAFKA = "Kafka documentation, section 4.7 (Replication)"
ORDERED = "log"

LOG: Sequence[PlantedBug] = (
    PlantedBug(
        "unclean-election",
        "a replica that was not in sync takes over when all that are in sync are silent",
        f"{KAFKA}: unclean leader election",
        INVARIANTS,
        (None, BrokerParts(partition=bugs.UncleanElection)),
        aim=CUTS,
    ),
    PlantedBug(
        "any-replica-leads",
        "any replica takes over from a leader that is silent, in sync or not",
        f"{KAFKA}: only members of the ISR are eligible for election",
        INVARIANTS,
        (None, BrokerParts(partition=bugs.AnyReplicaLeads)),
        aim=CUTS,
    ),
    PlantedBug(
        "leader-acknowledges",
        "acks=all acknowledges a message when its leader has it on disk",
        f"{KAFKA}: a message is committed when all in-sync replicas have it",
        ORDERED,
        (None, BrokerParts(partition=bugs.LeaderAcknowledges)),
        aim=CUTS,
    ),
    PlantedBug(
        "majority-commits",
        "a message is committed when a majority of the replicas in sync has it, and any of them may take over",
        f"{KAFKA}: an ISR is no quorum",
        INVARIANTS,
        (None, BrokerParts(partition=bugs.MajorityCommits)),
        aim=CUTS,
    ),
    PlantedBug(
        "reads-uncommitted",
        "a poll shows messages that are not committed yet",
        f"{KAFKA}: only committed messages are given to the consumer",
        ORDERED,
        (None, BrokerParts(partition=bugs.PollsUncommitted)),
        aim=CUTS,
    ),
    PlantedBug(
        "producers-forgotten",
        "a new leader does not know the messages of producers that came before, and takes them again",
        "KIP-98: the sequence numbers are in the log, so that any broker can take over",
        ORDERED,
        (None, BrokerParts(partition=bugs.ProducersForgotten)),
        aim=RETRIES,
    ),
    PlantedBug(
        "retry-acknowledged",
        "a message that comes again is acknowledged because it is in the log, committed or not",
        "KIP-98: a duplicate is acknowledged as the message itself is",
        ORDERED,
        (None, BrokerParts(partition=bugs.RetryAcknowledged)),
        aim=RETRIES,
    ),
    PlantedBug(
        "acknowledge-before-sync",
        "a replica says that messages are on its disk before they are",
        "Pillai et al., OSDI 2014; github.com/jepsen-io/redpanda",
        INVARIANTS,
        (None, BrokerParts(journal=shared.DurableAtOnce)),
        aim=KILLS,
    ),
    PlantedBug(
        "leads-on-after-restart",
        "a leader that starts again leads on in its old epoch, and gives offsets anew that its followers have",
        "KIP-101: the leader epoch must change when a leader starts again",
        INVARIANTS,
        (None, BrokerParts(partition=bugs.LeadsOnAfterRestart)),
        aim=KILLS,
    ),
    PlantedBug(
        "old-epoch-taken",
        "a replica takes messages of a leader that was deposed",
        "Lin et al., PacificA, 2008, section 2.3: a replica rejects messages of an older configuration",
        INVARIANTS,
        (None, BrokerParts(partition=bugs.DeposedLeaderHeard)),
        aim=CUTS,
    ),
    PlantedBug(
        "epoch-forgotten",
        "a replica that starts again takes late messages of an older leader, in the place of what is committed",
        "Lin et al., PacificA, 2008, section 2.3: configurations are on disk, with their version",
        INVARIANTS,
        (None, BrokerParts(partition=bugs.EpochForgotten)),
        aim=KILLS,
        rare="a message has to be late over a restart of its receiver, with a change of leader in between",
    ),
    PlantedBug(
        "offset-before-effects",
        "a consumer commits its offset before it has processed the messages",
        "Kafka documentation, section 4.6: the consumer that takes over starts behind messages that were not processed",
        "consumed-at-least-once",
        (None, BrokerParts(consumer=bugs.CommitsFirst)),
        needs={"delivery": "at-least-once"},
        aim=KILLS,
    ),
    PlantedBug(
        "effects-apart-from-offset",
        "the effects and the offset of a consumer are two entries, and one may be without the other",
        "KIP-98: offsets are sent with the transaction",
        "consumed-exactly-once",
        (None, BrokerParts(consumer=bugs.CommitsApart)),
        needs={"delivery": "exactly-once"},
        aim=KILLS,
    ),
    PlantedBug(
        "commit-unfenced",
        "a slow consumer commits though another one has taken its partition over",
        "KIP-447: a zombie is fenced by the generation of the group when it commits",
        "consumed-exactly-once",
        (None, BrokerParts(group=bugs.CommitsUnfenced)),
        needs={"delivery": "exactly-once"},
        aim=RETRIES,
    ),
)
