"""Node of sharded: a member of every group, a router for the clients' requests, and a driver of moves.

Members of one node do not share anything but the node's disk: a sync makes what all of them have written durable.
"""

import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import msgspec

from splitbrain.harness.program import Effect, Effects, Now, Reply, SetTimer
from splitbrain.harness.random_stream import RandomStream
from splitbrain.targets.stores.journal import give_up
from splitbrain.targets.stores.messages import NEVER_EXPIRED, Account, Request, Response
from splitbrain.targets.stores.raft.node import RaftNode, RaftParts
from splitbrain.targets.stores.raft.server import RaftSettings
from splitbrain.targets.stores.sharded.finding import Finder
from splitbrain.targets.stores.sharded.machine import ShardMachine, add_sessions
from splitbrain.targets.stores.sharded.member import GroupMember
from splitbrain.targets.stores.sharded.messages import FIND, MAP, MOVED, GroupMessage, index_key
from splitbrain.targets.stores.sharded.partitioning import Partitioning
from splitbrain.targets.stores.sharded.rebalancing import PATIENCE, Rebalancer
from splitbrain.targets.stores.sharded.router import PAUSE, Router
from splitbrain.targets.stores.sharded.sending import IndexSender
from splitbrain.targets.stores.sharded.table import TableMachine

ROUTE, REBALANCE, SEND = "route", "rebalance", "send"
"""Timers of the node's own."""


DATA, TABLE = RaftParts(machine=ShardMachine), RaftParts(machine=TableMachine)


@dataclass(frozen=True)
class ShardedSettings:
    """The options of a node. raft: of the servers of all groups. groups: how many have data. every: nanoseconds between
    two moves, on average; 0: none. index: "none", "local" or "global". send_every: nanoseconds between two turns in
    which entries are sent to a global index."""

    raft: RaftSettings
    partitioning: str = "mod"
    vnodes: int = 4
    groups: int = 2
    every: int = 500_000_000
    index: str = "none"
    send_every: int = 30_000_000


@dataclass(frozen=True)
class ShardedParts:
    """The classes that a node is made of. data, table: of the servers of data groups, and of `map`."""

    data: RaftParts = DATA
    table: RaftParts = TABLE
    router: type[Router] = Router
    rebalancer: type[Rebalancer] = Rebalancer
    finder: type[Finder] = Finder
    sender: type[IndexSender] = IndexSender


CORRECT = ShardedParts()


class ShardedNode:
    """One node of sharded."""

    message_type: ClassVar[Any] = GroupMessage
    request_type: ClassVar[Any] = Request
    reply_type: ClassVar[Any] = Response

    def __init__(
        self,
        name: str,
        nodes: Sequence[str],
        random: RandomStream,
        *,
        settings: ShardedSettings,
        parts: ShardedParts = CORRECT,
    ) -> None:
        groups = data_groups(settings.groups)
        partitioning = Partitioning(settings.partitioning, groups, settings.vnodes)
        self._members: dict[str, GroupMember] = {}
        for number, group in enumerate((MAP, *groups)):
            of_group = parts.table if group == MAP else parts.data
            raft = RaftNode(name, nodes, random, settings=settings.raft, parts=of_group)
            member = self._members[group] = GroupMember(group, number, len(groups) + 1, raft)
            if group == MAP:
                member.table.begin(partitioning.owners)
            else:
                member.shard.begin(group, partitioning, settings.index)
        self._by_number = tuple(self._members.values())
        self._map = self._members[MAP]
        self._router = parts.router(partitioning)
        self._rebalancer = parts.rebalancer(self._members, random, settings.every)
        self._finder = parts.finder(groups, len(partitioning.owners))
        self._sender = parts.sender(self._members, partitioning)
        self._settings = settings
        self._epoch = 0
        """The epoch of the table that the router has seen."""
        self._pausing = False
        """Whether the timer runs with which requests come again."""
        self._now = Now(0, 0)
        self._out: list[Effect] = []

    def on_start(self, now: Now, disk: Mapping[str, bytes]) -> Effects:
        """Start the members."""
        self._now = now
        for member in self._members.values():
            self._take(member, member.start(now, disk))
        if self._rebalancer.moves:
            self._out.append(SetTimer(REBALANCE, PATIENCE))
        if self._settings.index == "global":
            self._out.append(SetTimer(SEND, self._settings.send_every))
        return self._end()

    def on_message(self, now: Now, sender: str, message: GroupMessage) -> Effects:
        """Hand a message to the member that it is for."""
        self._now = now
        member = self._members[message.group]
        self._take(member, member.raft.on_message(now, sender, message.message))
        return self._end()

    def on_timer(self, now: Now, name: str) -> Effects:
        """Take a member's timer, ask again for requests that have paused, or see to the moves."""
        self._now = now
        if name == ROUTE:
            self._pausing = False
            for handle in (*self._router.resumed(), *self._finder.resumed()):
                self._ask(handle)
        elif name == REBALANCE:
            self._out.append(SetTimer(REBALANCE, PATIENCE))
        elif name == SEND:
            self._out.append(SetTimer(SEND, self._settings.send_every))
            for command in self._sender.due():
                self._command(*command)
        else:
            group, _, timer = name.partition(" ")
            self._take(self._members[group], self._members[group].raft.on_timer(now, timer))
        return self._end()

    def on_request(self, now: Now, request: int, message: Request) -> Effects:
        """Take a client's request to this node."""
        self._now = now
        if message.f == "role":
            role = self._map.raft.role
            return [Reply(request, Response([role.name, role.term]))]
        if message.f == "audit":
            return [Reply(request, Response(self._account()))]
        if message.f == "led":
            return [Reply(request, Response([name for name, member in self._members.items() if member.leads]))]
        nonsense = self._by_number[-1].shard.refusal(message)
        if nonsense is not None:
            return [Reply(request, nonsense)]
        if message.f == FIND and self._settings.index == "local":
            self._finder.begin(request, msgspec.structs.replace(message, key=None))
        else:
            if message.f == FIND:
                message = msgspec.structs.replace(message, key=index_key(message.value))
            refused = self._router.begin(request, message)
            if refused is not None:
                return [refused]
        self._ask(request)
        return self._end()

    def on_durable(self, now: Now, token: int) -> Effects:
        """Tell a member that its sync is done."""
        self._now = now
        member = self._by_number[token % len(self._by_number)]
        self._take(member, member.raft.on_durable(now, token // len(self._by_number)))
        return self._end()

    def on_disk_error(self, now: Now, token: int, errno: int) -> Effects:
        """Stop: what is on disk now is unknown."""
        give_up(errno)

    def _ask(self, handle: int) -> None:
        """Bring a client's request to the group that has its slot, by the route that is known; or a find to all."""
        for group, request in self._finder.next(handle):
            self._take(self._members[group], self._members[group].raft.on_request(self._now, handle, request))
        found = self._router.next(handle)
        if found is None:
            return
        group, request = found
        member = self._members[group]
        self._take(member, member.raft.on_request(self._now, handle, request))
        self._router.passed(handle)

    def _take(self, member: GroupMember, effects: Iterable[Effect]) -> None:
        """Take the effects of a member; requests that were asked at the wrong group go on from here. Pitfall: they may
        come back to the same member, whose writes must go to the disk in their order."""
        named = member.named(effects)
        self._out += [effect for effect in named if not isinstance(effect, Reply)]
        for effect in named:
            if isinstance(effect, Reply):
                self._answered(member.group, effect.request, effect.message)

    def _answered(self, group: str, handle: int, response: Response) -> None:
        if self._finder.has(handle):
            whole = self._finder.answered(handle, group, response)
            if whole is not None:
                self._out.append(Reply(handle, whole))
            return
        if response.error == MOVED:
            self._router.learn(*response.value)
            response = self._router.spent(handle) or response
        if response.error == MOVED:
            if self._router.again(handle, group):
                self._ask(handle)
            return
        answer = self._router.answered(handle, response)
        if answer is not None:
            self._out.append(answer)

    def _end(self) -> Effects:
        """End an event: take in a new table, see to the move under way, and let paused requests wait."""
        table = self._map.table
        if table.epoch != self._epoch:
            self._epoch = table.epoch
            self._router.publish(table.owners, table.epoch)
        command = self._rebalancer.next(self._now)
        if command is not None:
            self._command(*command)
        if (self._router.pauses or self._finder.pauses) and not self._pausing:
            self._pausing = True
            self._out.append(SetTimer(ROUTE, PAUSE))
        effects, self._out = self._out, []
        return effects

    def _command(self, group: str, request: Request) -> None:
        """Bring an entry to the leader of a group."""
        member = self._members[group]
        self._take(member, member.command(self._now, request))

    def _account(self) -> Account:
        """The account of all copies on this node."""
        applied = {name: member.raft.server.applied for name, member in self._members.items()}
        accounts = [member.raft.server.machine.account(0) for member in self._by_number]
        sessions: dict[str, int] = {}
        for account in accounts:
            add_sessions(sessions, account.sessions)
        digest = zlib.crc32(repr([account.digest for account in accounts]).encode())
        contents = zlib.crc32(repr([account.contents for account in accounts]).encode())
        expired = max((account.expired for account in accounts), default=NEVER_EXPIRED)
        return Account(sum(applied.values()), digest, contents, sessions, expired, applied)


def data_groups(number: int) -> Sequence[str]:
    """The names of so many groups that have data."""
    return tuple(f"g{i + 1}" for i in range(number))
