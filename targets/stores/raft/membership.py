"""Change of membership, one server at a time (Raft thesis §4.1 to §4.2; and Ongaro, "bug in single-server membership
changes", raft-dev, 2015).

An operator asks any server, which passes it on to the leader: to remove a server, to admit one as a learner that has no
vote, to give a learner its vote, or who the members are. The answer comes when the entry is applied. Of two
configurations that follow each other any two majorities meet, for they differ by one voter; so the leader refuses a
change while the one before is not committed, and before an entry of its own term is: until then it does not know
whether another leader's change is. A learner gets its vote once it has almost all of the log.

Pitfall: a request of an operator may come twice, the second time late. The names of sessions are ordered by time, so
what was asked for before the latest configuration was is refused.
"""

from splitbrain.targets.stores.messages import ADMIT_MEMBER, MEMBERS, PROMOTE_MEMBER, REMOVE_MEMBER, Request, age
from splitbrain.targets.stores.raft.members import RaftMembers
from splitbrain.targets.stores.raft.replication import BATCH_MAX, Replication
from splitbrain.targets.stores.raft.server import LEADER, RaftServer


class MemberChanges:
    """The part of a leader that changes the members."""

    def __init__(self, server: RaftServer, replication: Replication) -> None:
        self._server = server
        self._replication = replication

    def refusal(self, asked: Request) -> str:
        """The reason why this leader cannot do what an operator asks; "" if it can."""
        changed = self.changed(asked)
        if changed is None:
            return ""
        if age(asked.session) <= age(self._server.configurations[-1].session):
            return "a later change has been made"
        if not self._knows_committed():
            return "no entry of this leader's term is committed yet"
        if not self._last_is_committed():
            return "the last change is not committed yet"
        if asked.f == PROMOTE_MEMBER and not self._caught_up(str(asked.value)):
            return f"{asked.value} has not caught up yet"
        return "" if changed.voters else f"{asked.value} is the last server that has a vote"

    def written(self, asked: Request) -> Request:
        """The entry for a request: a new configuration, or only the question who the members are."""
        changed = self.changed(asked)
        return (
            Request(MEMBERS, None, None, asked.session, asked.sequence) if changed is None else changed.request(asked)
        )

    def changed(self, asked: Request) -> RaftMembers | None:
        """The configuration that is asked for; None if it is the present one."""
        latest, name = self._server.configurations[-1], asked.value
        voters, learners = latest.voters, latest.learners
        if asked.f == REMOVE_MEMBER and name in (*voters, *learners):
            voters, learners = _without(voters, name), _without(learners, name)
        elif asked.f == ADMIT_MEMBER and name not in (*voters, *learners):
            learners = (*learners, name)
        elif asked.f == PROMOTE_MEMBER and name in learners:
            voters, learners = (*voters, name), _without(learners, name)
        else:
            return None
        return RaftMembers(0, voters, learners)

    def applied(self) -> None:
        """Go by a configuration that was applied just now. A leader that it leaves without a vote steps down, now that
        the others can elect one without it (§4.2.2)."""
        server = self._server
        server.use_latest()
        if server.role != LEADER:
            return
        self._replication.meet()
        if server.name not in server.voters and self._last_is_committed():
            server.follow(server.term)

    def _knows_committed(self) -> bool:
        """Whether the leader knows what is committed: an entry of its own term is."""
        return self._replication.established

    def _last_is_committed(self) -> bool:
        return self._server.configurations[-1].index <= self._server.commit

    def _caught_up(self, learner: str) -> bool:
        """Whether a learner has the log but for one message."""
        return self._server.log.last - self._replication.has_up_to(learner) <= BATCH_MAX


def _without(names: tuple[str, ...], name: str) -> tuple[str, ...]:
    return tuple(other for other in names if other != name)
