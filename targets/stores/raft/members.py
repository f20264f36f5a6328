"""Configurations of a Raft cluster: which servers have a vote, and which only learn (Raft thesis §4.1, §4.2.1).

A configuration is an entry of the log, and a server uses the latest one in its log, committed or not. The first one has
index 0 and no entry: all servers that the cluster began with; a newcomer begins with none, and so never stands for
election before it has heard of the others. A snapshot carries the configuration that was in force at its index, once
there has been a change.

Pitfall: the state of a machine is bytes of msgpack, in which 0xc1 is never used; so it tells a snapshot with a
configuration from one without.
"""

import msgspec
from msgspec import Struct

from splitbrain.targets.stores.messages import MEMBERS, Entry, Request

CONFIGURATION = "configuration"
"""The `f` of a request that stands in an entry and is a configuration; its value: voters and learners."""
OF_MEMBERS = (MEMBERS, CONFIGURATION)
"""Of these, and of configurations, an entry says nothing to the machine."""
MARKED = b"\xc1"


class RaftMembers(Struct, frozen=True, array_like=True):
    """A configuration. index: of its entry. session: of the operator's request for it."""

    index: int
    voters: tuple[str, ...]
    learners: tuple[str, ...] = ()
    session: str = ""

    def request(self, asked: Request) -> Request:
        """The request that stands in its entry."""
        votes = [[*self.voters], [*self.learners]]
        return Request(CONFIGURATION, asked.value, votes, asked.session, asked.sequence)


class MarkedState(Struct, frozen=True, array_like=True):
    """The state of a machine, with the configuration in force then."""

    members: RaftMembers
    state: bytes


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(MarkedState).decode


def members_in(index: int, entry: Entry) -> RaftMembers | None:
    """The configuration that the entry at an index is, if it is one."""
    request = entry.request
    if request is None or request.f != CONFIGURATION:
        return None
    voters, learners = request.value
    return RaftMembers(index, tuple(voters), tuple(learners), request.session)


def with_members(members: RaftMembers, state: bytes) -> bytes:
    """The bytes of a snapshot with a configuration."""
    return MARKED + _encode(MarkedState(members, state))


def without_members(snapshot: bytes) -> tuple[RaftMembers | None, bytes]:
    """The configuration in a snapshot, if it has one, and the state of the machine."""
    if not snapshot.startswith(MARKED):
        return None, snapshot
    found = _decode(snapshot[len(MARKED) :])
    return found.members, found.state
