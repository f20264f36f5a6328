"""Member: what a node is in one group, a server of Raft whose effects bear the group's name.

Timers, files, messages, lines and syncs of several servers on one node are kept apart by it. Marks of `map` keep their
names, by which faults may be aimed; those of the others get the group's before them.

Pitfall: a server answers its own node's commands by a message to itself, of which nobody needs to hear.
"""

from collections.abc import Iterable, Mapping
from typing import cast

from splitbrain.harness.program import (
    Append,
    CancelTimer,
    Effect,
    Effects,
    Log,
    Mark,
    Now,
    Replace,
    Send,
    SetTimer,
    Sync,
    Truncate,
)
from splitbrain.targets.stores.messages import Forward, Request
from splitbrain.targets.stores.raft.node import RaftNode
from splitbrain.targets.stores.raft.server import LEADER
from splitbrain.targets.stores.sharded.machine import ShardMachine
from splitbrain.targets.stores.sharded.messages import MAP, GroupMessage
from splitbrain.targets.stores.sharded.table import TableMachine

FILE = "log"
"""The file of a server of Raft that is alone on its node."""


class GroupMember:
    """The server of one group on one node. number: of the group, among so many."""

    def __init__(self, group: str, number: int, groups: int, raft: RaftNode) -> None:
        self.group = group
        self.raft = raft
        self.file = f"{group}.{FILE}"
        self._number, self._groups = number, groups

    @property
    def leads(self) -> bool:
        """Whether this node believes to lead the group."""
        return self.raft.server.role == LEADER

    @property
    def leader(self) -> str | None:
        """The node that leads the group, as far as this one knows."""
        return self.raft.server.leader

    @property
    def shard(self) -> ShardMachine:
        """The machine of a group that has data."""
        return cast(ShardMachine, self.raft.server.machine)

    @property
    def table(self) -> TableMachine:
        """The machine of `map`."""
        return cast(TableMachine, self.raft.server.machine)

    def start(self, now: Now, disk: Mapping[str, bytes]) -> Effects:
        """Start the server from its own file."""
        return self.raft.on_start(now, {FILE: disk[self.file]} if self.file in disk else {})

    def command(self, now: Now, request: Request) -> Effects:
        """Bring an entry of a move to the leader of the group, if one is known: it comes again if it is lost."""
        name = self.raft.server.name
        if self.leads:
            return self.raft.on_message(now, name, Forward(request))
        return [] if self.leader in (None, name) else [Send(self.leader or name, Forward(request))]

    def named(self, effects: Iterable[Effect]) -> list[Effect]:
        """Effects of the server with the group's name, and the marks of its machine before them. Replies stay."""
        machine = self.table if self.group == MAP else self.shard
        marks, machine.marks = machine.marks, []
        named = [self._named(effect) for effect in effects]
        return [*marks, *(effect for effect in named if effect is not None)]

    def _named(self, effect: Effect) -> Effect | None:
        named: Effect | None = effect
        match effect:
            case Send(to, message):
                named = None if to == self.raft.server.name else Send(to, GroupMessage(self.group, message))
            case Mark() if self.group != MAP:
                named = Mark(f"{self.group} {effect.name}", *effect.values)
            case SetTimer(name, after):
                named = SetTimer(self.timer(name), after)
            case CancelTimer(name):
                named = CancelTimer(self.timer(name))
            case Append(_, data):
                named = Append(self.file, data)
            case Replace(_, data):
                named = Replace(self.file, data)
            case Truncate(_, length):
                named = Truncate(self.file, length)
            case Sync(token):
                named = Sync(token * self._groups + self._number)
            case Log(text):
                named = Log(f"{self.group}: {text}")
        return named

    def timer(self, name: str) -> str:
        """The name of a timer of the server among those of the node."""
        return f"{self.group} {name}"
