"""Planted bugs of raft: changes of membership, and the transfer of the leadership."""

from splitbrain.harness.planted_bug import Aim, PlantedBug
from splitbrain.targets.stores.bugs import raft_members as members
from splitbrain.targets.stores.bugs.catalogue.common import INVARIANTS, LEASE, LINEARIZABLE, raft

CHANGED = "membership,all"
PROMOTED = "promote,all"
AIM = Aim("membership,partition,kill")

MEMBERS = (
    PlantedBug(
        "members-changed-at-once",
        "with a server all those that are silent are removed, in one entry",
        "Raft §6: no majority of the one configuration need meet one of the other",
        INVARIANTS,
        raft(membership=members.RemovesSilentToo),
        aim=AIM,
        faults=CHANGED,
    ),
    PlantedBug(
        "next-change-not-waited-for",
        "after a server all those that are silent are removed, one entry right behind the other, none waited for",
        "Raft thesis §4.1",
        INVARIANTS,
        raft(members.RemovesSilentNext),
        aim=AIM,
        faults=CHANGED,
    ),
    PlantedBug(
        "change-answered-early",
        "a change of members is answered when it is in the leader's log",
        "Raft thesis §4.1",
        INVARIANTS,
        raft(members.AnswersChangesEarly),
        aim=AIM,
        faults=CHANGED,
    ),
    PlantedBug(
        "change-before-own-term",
        "a new leader changes the members before an entry of its own term is committed",
        'Ongaro, "bug in single-server membership changes", raft-dev, 2015',
        INVARIANTS,
        raft(membership=members.ChangesBeforeOwnTerm),
        aim=AIM,
        faults=CHANGED,
    ),
    PlantedBug(
        "members-used-when-committed",
        "a configuration is used once it is committed, and not as soon as it is in the log",
        "Raft thesis §4.1: a server always uses the latest configuration in its log",
        INVARIANTS,
        raft(server=members.UsesCommittedMembers),
        aim=AIM,
        faults=CHANGED,
    ),
    PlantedBug(
        "members-forgotten-at-restart",
        "a server that starts again does not look for configurations in its log",
        "Raft thesis §4.1",
        INVARIANTS,
        raft(server=members.ForgetsMembersInLog),
        aim=AIM,
        faults=CHANGED,
    ),
    PlantedBug(
        "members-not-in-snapshot",
        "a snapshot does not have the configuration that was in force",
        "Raft thesis §5.1",
        INVARIANTS,
        raft(server=members.MembersNotInSnapshot),
        aim=AIM,
        faults=CHANGED,
    ),
    PlantedBug(
        "leads-while-other-stands",
        "a leader that hands over leads on, with its lease, until it hears that the other was elected",
        "Raft thesis §3.10 with §6.4.1",
        LINEARIZABLE,
        raft(transfer=members.LeadsWhileOtherStands),
        LEASE,
        Aim("promote"),
        faults=PROMOTED,
    ),
)
