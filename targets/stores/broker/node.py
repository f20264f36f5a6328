"""Node of a log broker: a replica of every partition, and the registers that say who leads which.

A partition is there as soon as somebody asks for it. A node that is asked passes on to the leader of the partition;
with `acks=0` it answers at once.
"""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, ClassVar

from splitbrain.harness.program import Effect, Effects, Mark, Now, Reply, Role, Send, SetTimer, Sync
from splitbrain.harness.random_stream import RandomStream
from splitbrain.targets.stores.broker.compaction import MESSAGES, PartitionCompaction, PartitionLog, contents
from splitbrain.targets.stores.broker.consumer import LogConsumer
from splitbrain.targets.stores.broker.group import PREFIX, GroupReplica, objection, partition_of
from splitbrain.targets.stores.broker.messages import BrokerMessage, Deposed, Leadership, Replicate, Replicated
from splitbrain.targets.stores.broker.partition import BrokerSettings, PartitionReplica
from splitbrain.targets.stores.configuration import TOKENS, ConfigurationService
from splitbrain.targets.stores.journal import Journal, give_up
from splitbrain.targets.stores.messages import (
    NO_LEADER,
    UNSUPPORTED,
    Account,
    Answer,
    Forward,
    Request,
    Response,
)
from splitbrain.targets.stores.requests import Origin, Requests, refuse

HEARTBEAT = "heartbeat"
FILE = "partition "


@dataclass(frozen=True)
class BrokerParts:
    """The classes that a node is made of."""

    journal: type[Journal] = Journal
    log: type[PartitionLog] = PartitionLog
    requests: type[Requests] = Requests
    partition: type[PartitionReplica] = PartitionReplica
    group: type[GroupReplica] = GroupReplica
    compaction: type[PartitionCompaction] = PartitionCompaction
    consumer: type[LogConsumer] = LogConsumer


CORRECT = BrokerParts()


class BrokerNode:
    """One node."""

    message_type: ClassVar[Any] = BrokerMessage
    request_type: ClassVar[Any] = Request
    reply_type: ClassVar[Any] = Response

    def __init__(
        self,
        name: str,
        nodes: Sequence[str],
        random: RandomStream,
        *,
        settings: BrokerSettings,
        parts: BrokerParts = CORRECT,
    ) -> None:
        self.name = name
        self.nodes = tuple(nodes)
        self.settings = settings
        self.configuration = ConfigurationService(name, nodes, random, persistent=settings.persistent)
        self.partitions: dict[str, PartitionReplica] = {}
        self._parts = parts
        self._asking: dict[str, None] = {}
        """The partitions of which the configuration service is being asked something."""
        self._heard: dict[str, int] = {}
        self._marked: dict[str, int] = {}
        """The index of each partition up to which marks were made of what is committed."""
        self._now = Now(0, 0)
        self._out: list[Effect] = []

    @property
    def role(self) -> Role:
        """ "leader" of some partition, or "follower" of all; and the latest epoch."""
        leads = any(partition.leads for partition in self.partitions.values())
        epoch = max((partition.epoch for partition in self.partitions.values()), default=0)
        return Role("leader" if leads else "follower", epoch)

    def on_start(self, now: Now, disk: Mapping[str, bytes]) -> Effects:
        """Recover registers and logs, and ask who leads."""
        self._now = now
        self._heard = dict.fromkeys(self.nodes, now.monotonic)
        self._out += self.configuration.on_start(now, disk)
        for file in disk:
            if file.startswith(FILE):
                self._out += self._partition(file.removeprefix(FILE)).log.recover(disk)
        self._out.append(SetTimer(HEARTBEAT, self.settings.heartbeat))
        return self._finish()

    def on_message(self, now: Now, sender: str, message: BrokerMessage) -> Effects:
        """Take another node's message."""
        self._now = now
        self._heard[sender] = now.monotonic
        match message:
            case Replicate():
                self._partition(message.partition).on_replicate(sender, message, now.monotonic)
            case Replicated():
                self._partition(message.partition).on_replicated(sender, message, now.monotonic)
            case Deposed():
                self._partition(message.partition).adopt(message.leadership, now.monotonic)
            case Forward(request):
                self._serve(request, sender)
            case Answer():
                for partition in self.partitions.values():
                    self._out += partition.requests.answered(message)
            case _:
                self._out += self.configuration.on_message(now, sender, message)
        return self._finish()

    def on_timer(self, now: Now, name: str) -> Effects:
        """A heartbeat, or a timer of the configuration service."""
        self._now = now
        if name != HEARTBEAT:
            self._out += self.configuration.on_timer(now, name)
            return self._finish()
        self._out.append(SetTimer(HEARTBEAT, self.settings.heartbeat))
        for partition in self.partitions.values():
            partition.replicate()
            partition.compact(now.monotonic)
            self._look_after(partition)
        return self._finish()

    def on_request(self, now: Now, request: int, message: Request) -> Effects:
        """Take a client's request to this node."""
        self._now = now
        if message.f == "role":
            return [Reply(request, Response([self.role.name, self.role.term]))]
        if message.f == "audit":
            return [Reply(request, Response(self.account()))]
        if (text := objection(message, self.settings)) is not None:
            return [Reply(request, Response(error=UNSUPPORTED, text=text))]
        partition = self._partition(partition_of(message))
        if partition.requests.refused_before(message):
            self._out.append(refuse(request, message, NO_LEADER, "refused when it came first"))
            return self._finish()
        if message.f in MESSAGES and self.settings.acks == "0":
            self._out.append(Reply(request, Response()))
            self._pass_on(partition, message)
        elif partition.leads:
            self._serve(message, request)
        else:
            leader = partition.leadership.leader if partition.leadership is not None else None
            to = leader if leader not in (None, self.name) and not self._silent(leader) else None
            self._out.append(partition.requests.forward(to, request, message))
        return self._finish()

    def _pass_on(self, partition: PartitionReplica, message: Request) -> None:
        """Bring a message that nobody waits for to the leader, if one is known."""
        if partition.leads:
            self._serve(message, self.name)
        elif partition.leadership is not None:
            self._out.append(Send(partition.leadership.leader, Forward(message)))

    def on_durable(self, now: Now, token: int) -> Effects:
        """Take in that more of a journal is on disk."""
        self._now = now
        slot, own = divmod(token, TOKENS)
        if slot == 1:
            self._out += self.configuration.on_durable(now, token)
        else:
            list(self.partitions.values())[slot - 2].log.journal.on_durable(own)
        return self._finish()

    def on_disk_error(self, now: Now, token: int, errno: int) -> Effects:
        """Stop: what is on disk now is unknown."""
        give_up(errno)

    def account(self) -> Account:
        """The node's account of what is committed, over all partitions."""
        digest, alive, sessions = 0, 0, dict[str, int]()
        for name, partition in sorted(self.partitions.items()):
            digest = zlib.crc32(name.encode(), digest)
            for index in range(1, partition.committed + 1):
                request = partition.log.entry(index).request
                if request is not None:
                    digest = zlib.crc32(f"{index} {request.session} {request.sequence}".encode(), digest)
                    sessions[request.session] = max(request.sequence, sessions.get(request.session, 0))
            alive = zlib.crc32(f"{name} {contents(partition.log, partition.committed)}".encode(), alive)
        parts = {name: partition.committed for name, partition in self.partitions.items()}
        return Account(sum(parts.values()), digest, alive, sessions, parts=parts)

    def _partition(self, name: str) -> PartitionReplica:
        """The replica of a partition here, made if it is the first time that it is spoken of."""
        found = self.partitions.get(name)
        if found is None:
            log = self._parts.log(self._parts.journal(FILE + name, persistent=self.settings.persistent))
            kind, settings = self._parts.partition, self.settings
            if name.startswith(PREFIX):
                kind, settings = self._parts.group, replace(settings, acks="all", idempotent=True)
            found = kind(name, self.name, self.nodes, log, self._parts.requests(), settings)
            if self.settings.compacted:
                found.compaction = self._parts.compaction(log, self.settings.retention)
            self.partitions[name] = found
        return found

    def _silent(self, other: str) -> bool:
        """Whether a node was not heard for so long that it counts as dead."""
        return other != self.name and self._now.monotonic - self._heard[other] >= self.settings.patience

    def _serve(self, request: Request, origin: Origin) -> None:
        """Carry out a request as leader of its partition."""
        partition = self._partition(partition_of(request))
        if not partition.leads:
            text = "asked a node that does not lead the partition"
            self._out.append(partition.requests.refuse(origin, request, NO_LEADER, text))
        else:
            partition.serve(request, origin, self._now.monotonic)

    def _look_after(self, partition: PartitionReplica) -> None:
        """Learn who leads a partition, or ask for another leadership, unless that is under way."""
        if partition.name in self._asking:
            return
        current = partition.leadership
        if current is None:
            self._ask(partition)
            return
        wanted = partition.wanted(self._now.monotonic, self._silent)
        if wanted is None:
            return
        self._asking[partition.name] = None
        if partition.leads:
            partition.expect(wanted)
        old = None if current.epoch == 0 else current
        answered = partial(self._proposed, partition, wanted)
        self._out += self.configuration.replace(self._now, partition.name, _plain(old), _plain(wanted), answered)

    def _ask(self, partition: PartitionReplica) -> None:
        self._asking[partition.name] = None
        answered = partial(self._learned, partition)
        self._out += self.configuration.read(self._now, partition.name, answered)

    def _learned(self, partition: PartitionReplica, response: Response) -> None:
        self._asking.pop(partition.name, None)
        if response.error is None:
            partition.adopt(self._understood(partition, response.value), self._now.monotonic)

    def _proposed(self, partition: PartitionReplica, wanted: Leadership, response: Response) -> None:
        self._asking.pop(partition.name, None)
        if response.error is None:
            partition.adopt(wanted, self._now.monotonic, won=True)
            partition.replicate()
        else:
            self._ask(partition)

    def _understood(self, partition: PartitionReplica, value: Any) -> Leadership:
        """The leadership that a register holds; at first a node leads that the name of the partition chooses."""
        if value is None:
            return Leadership(0, self.nodes[zlib.crc32(partition.name.encode()) % len(self.nodes)], self.nodes)
        epoch, leader, in_sync = value
        return Leadership(int(epoch), str(leader), tuple(map(str, in_sync)))

    def _finish(self) -> Effects:
        """End an event: write, see what is committed, and say what the disk allows to be said."""
        for number, partition in enumerate(self.partitions.values()):
            journal = partition.log.journal
            self._out += partition.out
            partition.out = []
            for effect in journal.flush():
                slot = (number + 2) * TOKENS
                self._out.append(Sync(effect.token + slot) if isinstance(effect, Sync) else effect)
            partition.log.settle()
            partition.advance()
            self._out += partition.out
            partition.out = []
            self._out += journal.released()
            self._mark(partition)
        effects, self._out = self._out, []
        return effects

    def _mark(self, partition: PartitionReplica) -> None:
        """Make known what is committed here."""
        first = min(self._marked.get(partition.name, 0), partition.committed) + 1
        for index in range(first, partition.committed + 1):
            request = partition.log.entry(index).request
            name = (request.session, request.sequence) if request is not None else None
            self._out.append(Mark("committed", index, name, partition.name))
        self._marked[partition.name] = partition.committed


def _plain(leadership: Leadership | None) -> Any:
    """A leadership as it stands in a register."""
    return None if leadership is None else [leadership.epoch, leadership.leader, list(leadership.in_sync)]
