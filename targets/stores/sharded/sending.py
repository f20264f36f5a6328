"""Sender of index entries: the leader of a group brings what is in the outboxes of its slots to the global index.

What has arrived is read from the copies of this node alone, as with moves: what they have applied is so, and stays so.
An entry that is lost comes again with the next turn of the timer, and what has arrived is taken out of the outbox by an
entry in the log of the row's group.

Pitfall: a leader that is none any more goes on for a while, and the index's slot may move. So what an entry does must
rest on the revision that it tells and on nothing else.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from splitbrain.targets.stores.machine import wire_name
from splitbrain.targets.stores.messages import Request
from splitbrain.targets.stores.sharded.index import IndexEntry, Outgoing
from splitbrain.targets.stores.sharded.member import GroupMember
from splitbrain.targets.stores.sharded.messages import ENTER, MAP, SENT, index_key
from splitbrain.targets.stores.sharded.partitioning import Partitioning
from splitbrain.targets.stores.sharded.rebalancing import Command

AT_ONCE = 50
"""Changes of rows that are brought to the index in one turn, at most."""


class IndexSender:
    """The sender of one node."""

    def __init__(self, members: Mapping[str, GroupMember], partitioning: Partitioning) -> None:
        self._groups = {name: member for name, member in members.items() if name != MAP}
        self._partitioning = partitioning

    def due(self) -> Sequence[Command]:
        """The entries that are due now, in the groups that this node leads."""
        return [command for group, out in islice(self._outgoing(), AT_ONCE) for command in self._commands(group, out)]

    def _outgoing(self) -> Iterator[tuple[str, Outgoing]]:
        for name, member in self._groups.items():
            if member.leads:
                yield from ((name, out) for out in member.shard.outgoing())

    def _commands(self, group: str, out: Outgoing) -> Iterator[Command]:
        """The entries of the index that are not there yet; when all are, the one that takes them out of the outbox."""
        missing = [pair for pair in out.entries() if not self._arrived(*pair)]
        for value, entry in missing:
            yield self._owner(value), enter(value, entry)
        if not missing:
            yield group, Request(SENT, out.key, out.revision, f"sent {wire_name(out.key)!r}", out.revision)

    def _arrived(self, value: Any, entry: IndexEntry) -> bool:
        """Whether the index has an entry, as far as this node's copies tell."""
        return self._groups[self._owner(value)].shard.entered(value, entry)

    def _owner(self, value: Any) -> str:
        """The group that has the index of a value, by the latest that any copy of this node knows."""
        slot = self._partitioning.slot(index_key(value))
        return max(member.shard.where(slot) for member in self._groups.values())[1]


def enter(value: Any, entry: IndexEntry) -> Request:
    """The entry of a log that brings an index entry. Its name is that of the change: a second one waits with it."""
    name = f"enter {wire_name(value)!r} {wire_name(entry.key)!r}"
    return Request(ENTER, index_key(value), [entry.key, entry.revision, entry.present], name, entry.revision)
