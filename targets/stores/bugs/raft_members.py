"""Bugs in raft's changes of membership, and in the transfer of the leadership."""

from splitbrain.targets.stores.messages import OF_OPERATORS, REMOVE_MEMBER, Entry, Request, Response
from splitbrain.targets.stores.raft.members import RaftMembers
from splitbrain.targets.stores.raft.membership import MemberChanges
from splitbrain.targets.stores.raft.node import RaftNode
from splitbrain.targets.stores.raft.server import RaftServer
from splitbrain.targets.stores.raft.transfer import LeaderTransfer
from splitbrain.targets.stores.requests import Origin, answer


class RemovesSilentToo(MemberChanges):
    """Bug: takes out with a server all that are silent just then, in one entry."""

    def changed(self, asked: Request) -> RaftMembers | None:
        """Remove more than was asked for."""
        changed = super().changed(asked)
        if changed is None or asked.f != REMOVE_MEMBER:
            return changed
        server, replication = self._server, self._replication
        left = [name for name in changed.voters if name == server.name or not replication._silent(name)]
        return RaftMembers(0, tuple(left), changed.learners)


class RemovesSilentNext(RaftNode):
    """Bug: removes after a server all that are silent just then, each in an entry of its own, and waits for none."""

    def _lead(self, request: Request, origin: Origin) -> None:
        super()._lead(request, origin)
        server = self.server
        if request.f != REMOVE_MEMBER or server.configurations[-1].session != request.session:
            return
        silent = [name for name in server.other_voters if self.replication._silent(name)]
        for sequence, name in enumerate(silent, request.sequence + 1):
            further = Request(REMOVE_MEMBER, None, name, request.session, sequence)
            self.replication.place(Entry(server.term, self.membership.written(further)))


class AnswersChangesEarly(RaftNode):
    """Bug: answers a change of members when it stands in the leader's log."""

    def _lead(self, request: Request, origin: Origin) -> None:
        if request.f not in OF_OPERATORS or self.membership.refusal(request):
            super()._lead(request, origin)
            return
        self.replication.place(Entry(self.server.term, self.membership.written(request)))
        latest = self.server.configurations[-1]
        self.server.out.append(answer(origin, request, Response([latest.voters, latest.learners])))


class ChangesBeforeOwnTerm(MemberChanges):
    """Bug: changes the members before an entry of the leader's own term is committed."""

    def _knows_committed(self) -> bool:
        return True


class UsesCommittedMembers(RaftServer):
    """Bug: goes by a new configuration once it is committed, and not as soon as it is in the log."""

    def _in_force(self) -> RaftMembers:
        return self.members_at(self.commit)


class ForgetsMembersInLog(RaftServer):
    """Bug: does not look for configurations in the log that it finds when it starts."""

    def read_log(self) -> None:
        """Go by the snapshot alone."""
        self.use_latest()


class MembersNotInSnapshot(RaftServer):
    """Bug: leaves the configuration out of the snapshot."""

    def dump(self) -> bytes:
        """The machine alone."""
        return self.machine.dump()


class LeadsWhileOtherStands(LeaderTransfer):
    """Bug: tells the other to stand, and leads on until it hears of its election."""

    def _step_down(self) -> None:
        """Lead on, lease and all."""
