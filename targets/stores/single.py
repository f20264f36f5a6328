"""single: a store with one copy of everything: linearizable, for as long as that copy answers.

The first node holds the data; all others are front doors that pass requests on to it and answer nothing themselves. So
there is nothing to disagree about, and nothing to fall back on: cut off from the first node, a front door is silent.

Pitfall: a value that is not yet on disk must not be read either, or a crash takes back what somebody saw. So requests
are applied when they are durable, not when they arrive. With `sync=off` they are applied as soon as they are written,
and the disk is left to itself, as with SQLite's `synchronous=OFF`: nothing is promised, for whatever empties the cache
of the disk takes back what was acknowledged and seen.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from splitbrain.harness.client import Shapes
from splitbrain.harness.invariants import Invariant, done_once, one_entry_an_index
from splitbrain.harness.node import Node
from splitbrain.harness.options import Option
from splitbrain.harness.program import Effect, Effects, Now, ProgramFactory, Reply, Role
from splitbrain.harness.random_stream import RandomStream
from splitbrain.targets.stores.audit import BUG, RETRIES, AuditedStore
from splitbrain.targets.stores.compaction import SNAPSHOT_ENTRIES, Compaction, snapshot_entries
from splitbrain.targets.stores.journal import give_up
from splitbrain.targets.stores.machine import applied_marks, refusal
from splitbrain.targets.stores.messages import Answer, Entry, Forward, Request, Response
from splitbrain.targets.stores.parts import Parts
from splitbrain.targets.stores.requests import Origin, answer
from splitbrain.targets.stores.target import TRANSACTIONAL

CORRECT = Parts()


class SingleNode:
    """One node: the holder of the data if it is the first, else a front door.

    persistent: whether the disk is used at all, synced: and waited for. compact_after: see `snapshot_entries`.
    """

    message_type: ClassVar[Any] = Forward | Answer
    request_type: ClassVar[Any] = Request
    reply_type: ClassVar[Any] = Response

    def __init__(
        self,
        name: str,
        nodes: Sequence[str],
        random: RandomStream,
        *,
        persistent: bool = True,
        synced: bool = True,
        compact_after: int | None = None,
        parts: Parts = CORRECT,
    ) -> None:
        self.name = name
        self.holder = nodes[0]
        self.log = parts.new_log(persistent=persistent, synced=synced)
        self.machine = parts.machine()
        self.requests = parts.requests()
        self.applied = 0
        self._compaction = Compaction(compact_after, random)

    @property
    def role(self) -> Role:
        """ "primary" for the holder of the data, "proxy" for the others."""
        return Role("primary" if self.name == self.holder else "proxy")

    def on_start(self, now: Now, disk: Mapping[str, bytes]) -> Effects:
        """Read the journal: a snapshot, and the entries behind it, which are applied."""
        effects = self.log.recover(disk)
        if self.log.snapshot is not None:
            self.machine.restore(self.log.snapshot.state)
            self.applied, self.log.snapshot = self.log.snapshot.index, None
        return effects + self._go_on()

    def on_request(self, now: Now, request: int, message: Request) -> Effects:
        """Serve it here, or pass it on to the holder."""
        if message.f == "role":
            return [Reply(request, Response([self.role.name, self.role.term]))]
        if message.f == "audit":
            return [Reply(request, Response(self.machine.account(self.applied)))]
        if self.name != self.holder:
            return [self.requests.forward(self.holder, request, message)]
        return self._serve(message, request)

    def on_message(self, now: Now, sender: str, message: Forward | Answer) -> Effects:
        """Serve a request that another node passes on, or pass on the answer to one of our own."""
        if isinstance(message, Forward):
            return self._serve(message.request, sender)
        return self.requests.answered(message)

    def on_timer(self, now: Now, name: str) -> Effects:
        """Do nothing, as there are no timers."""
        return []

    def on_durable(self, now: Now, token: int) -> Effects:
        """Apply, and answer, what is on disk now: more of the journal."""
        self.log.journal.on_durable(token)
        return self._go_on()

    def on_disk_error(self, now: Now, token: int, errno: int) -> Effects:
        """Stop: what is on disk now is unknown."""
        give_up(errno)

    def _serve(self, request: Request, origin: Origin) -> list[Effect]:
        nonsense = refusal(request)
        if nonsense is not None:
            return [answer(origin, request, nonsense)]
        if request.f == "read":
            return [answer(origin, request, self.machine.read(request.key))]
        if self.requests.joins(request, origin):
            return []
        index = self.log.append(Entry(0, request))
        return self.requests.placed(index, request, origin) + self._go_on()

    def _go_on(self) -> list[Effect]:
        effects = self.log.journal.flush()
        self.log.settle()
        while self.applied < self._done():
            self.applied += 1
            request = self.log.entry(self.applied).request
            response = self.machine.apply(request) if request is not None else None
            effects += self.requests.applied(self.applied, request, response)
            effects += applied_marks(self.machine, self.applied, self.log.entry(self.applied))
        before = self.log.journal.written
        self._compaction.compact(self.log, self.applied, self.machine)
        return effects if self.log.journal.written == before else effects + self.log.journal.flush()

    def _done(self) -> int:
        """The index up to which entries count."""
        return self.log.durable


class Single(AuditedStore):
    """The target `single`."""

    name = "single"
    summary = "one node holds everything, the others pass requests on to it"
    options = (
        Option("sync", "on", "off: answer what is not yet on disk, and never wait for the disk", ("on", "off")),
        SNAPSHOT_ENTRIES,
        RETRIES,
        BUG,
    )
    bugs = "splitbrain.targets.stores.bugs.catalogue:SINGLE"
    one_copy = True

    @property
    def _synced(self) -> bool:
        return self._word("sync") == "on"

    @property
    def invariants(self) -> Sequence[Invariant]:  # type: ignore[override]
        """One entry an index and a request, unless a crash may take entries back."""
        return (one_entry_an_index(), done_once()) if self._synced else ()

    def copies(self, nodes: Sequence[Node]) -> Sequence[Node]:
        """The first node alone."""
        return nodes[:1]

    @property
    def claims(self) -> Sequence[str]:
        """Linearizable, but neither CP nor AP: a partition leaves whole sides without answers."""
        return ("linearizable",) if self._synced else ()

    @property
    def operations(self) -> Shapes:
        """The operations of all stores, and transactions."""
        return TRANSACTIONAL

    @property
    def program(self) -> ProgramFactory:
        """A maker of SingleNodes."""
        after = snapshot_entries(self._word("snapshot_entries"), self.name)
        return self.program_of((SingleNode, CORRECT), synced=self._synced, compact_after=after)
