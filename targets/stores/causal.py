"""causal: every node holds everything and answers at once; a write is shown nowhere before what its writer had seen.

Lloyd, Freedman, Kaminsky and Andersen, "Don't Settle for Eventual: Scalable Causal Consistency for Wide-Area Storage
with COPS", SOSP 2011 (causal+); Birman, Schiper and Stephenson, "Lightweight Causal and Atomic Group Multicast", TOCS
1991 (delivery by version vectors); Bouajjani et al., "On Verifying Causal Consistency", POPL 2017 (causal convergence).

A write carries the vector of what its node had applied, and another node applies it when it has all of that. The stamp
of a logical clock orders writes of one key that did not know of each other, the same everywhere. Promised: causal
convergence, that copies agree in the end (convergence), and an answer from every node that lives (AP).

`sessions=token`: a client gets with each answer the vector of what it has seen, and hands it over with each request; a
node that lacks some of it waits, and refuses after `wait_ms`. So a session that moves, or that is told of another one's
token, keeps its past. `sessions=none`: a node knows nothing of that. Clients that stay are served causally still, for a
node never goes back; a client that moves, or was told, is not, and nothing is claimed.

Not promised: that a read meets the last write, and that writes made at the same time are both kept.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from splitbrain.harness.client import Shapes
from splitbrain.harness.invariants import Invariant, Watch
from splitbrain.harness.marks import MarkEvent
from splitbrain.harness.node import Node
from splitbrain.harness.operation import Operation, Outcome, Value
from splitbrain.harness.options import Option, Setting
from splitbrain.harness.program import Effects, Mark, Now, ProgramFactory, Reply
from splitbrain.harness.random_stream import RandomStream
from splitbrain.targets.operations import shapes
from splitbrain.targets.stores.client import Sessions, StoreClient, StoreError
from splitbrain.targets.stores.messages import UNAVAILABLE, UNSUPPORTED, Request, Response
from splitbrain.targets.stores.multi_leader import OneWinner
from splitbrain.targets.stores.peers import PeerClient, PeerStore
from splitbrain.targets.stores.planted import BUG
from splitbrain.targets.stores.spreading import GOSSIP, SpreadMessage, SpreadNode, SpreadParts, SpreadSettings
from splitbrain.targets.stores.updates import Dot, Update
from splitbrain.targets.stores.versions import Clock, covers, include
from splitbrain.targets.values import frozen

CORRECT = SpreadParts(state=OneWinner)


class CausalNode(SpreadNode):
    """One node. Values of requests are pairs, [value, vector of the session], and so are those of answers. wait: how
    long a request waits for what its session has seen, nanoseconds."""

    state: OneWinner

    def __init__(
        self,
        name: str,
        nodes: Sequence[str],
        random: RandomStream,
        *,
        settings: SpreadSettings,
        wait: int,
        parts: SpreadParts = CORRECT,
    ) -> None:
        super().__init__(name, nodes, random, settings=settings, parts=parts, state=parts.state())
        self.wait = wait
        self._early: list[tuple[int, Request, int]] = []
        """Requests whose session has seen more than is here: handle, request, and until when they wait."""

    def may_apply(self, update: Update) -> bool:
        """Whether all that the writer had seen is here."""
        return covers(self.log.vector, update.known)

    def take(self, update: Update) -> None:
        """Apply an update; the mark `ordered` says whether it comes after all that its writer had seen."""
        here = self.log.vector
        ordered = covers(update.known, here) if update.origin == self.name else covers(here, update.known)
        self._out.append(Mark("ordered", ordered, f"{update.f} {update.key} {update.value}"))
        super().take(update)

    def serve(self, handle: int, request: Request) -> None:
        """Serve a client, now or when all that its session has seen is here."""
        if request.value is None:
            request = Request(request.f, request.key, [None, {}], request.session, request.sequence)
        pair = request.value
        if request.f not in ("read", "write") or len(pair) != 2 or not isinstance(pair[1], dict):
            text = f"{request.f} of {pair!r}: the operations are read and write, of [value, vector]"
            self._out.append(Reply(handle, Response(error=UNSUPPORTED, text=text)))
            return
        seen: Clock = pair[1]
        if not covers(self.log.vector, seen):
            self._early.append((handle, request, self.now.monotonic + self.wait))
        else:
            super().serve(handle, request)

    def on_message(self, now: Now, sender: str, message: SpreadMessage) -> Effects:
        """Take updates, and let requests go on that waited for them."""
        return [*super().on_message(now, sender, message), *self._go_on()]

    def on_timer(self, now: Now, name: str) -> Effects:
        """Let requests go on that may have waited long enough."""
        return [*super().on_timer(now, name), *(self._go_on() if name == GOSSIP else ())]

    def _go_on(self) -> Effects:
        early, self._early = self._early, []
        for handle, request, until in early:
            if self.now.monotonic >= until:
                lacking = Response(error=UNAVAILABLE, text="what the session has seen has not arrived")
                self._out.append(Reply(handle, lacking))
            elif covers(self.log.vector, request.value[1]):
                super().serve(handle, request)
            else:
                self._early.append((handle, request, until))
        return self._finish()

    def read(self, key: str) -> Any:
        """The value, and the past of the write that it comes from."""
        winner = self.state.winner(key)
        return [None, {}] if winner is None else [winner.value, past(winner)]

    def update(self, key: str, request: Request) -> Update | Response:
        """The update of a write, which is accepted."""
        return self.next_update("write", key, request.value[0], self.clock + 1)

    def acknowledgement(self, update: Update) -> Response:
        """The name of the update, and its past."""
        return Response([list(update.dot), past(update)])


def past(update: Update) -> Clock:
    """The vector of an update and of all that its writer had seen."""
    return {**update.known, update.origin: update.number}


class CausalClient(PeerClient):
    """A client that carries the vector of what its session has seen. carries: whether it tells nodes."""

    def __init__(self, node: Node, sessions: Sessions, dots: set[Dot], *, carries: bool) -> None:
        super().__init__(node, sessions, dots)
        self._carries = carries
        self._vector: Clock = {}

    @property
    def seen(self) -> Value:
        """The vector of what was read and written."""
        return dict(self._vector)

    def adopt(self, seen: Value) -> None:
        """See `TokenClient`."""
        include(self._vector, seen)

    async def invoke(self, operation: Operation) -> Outcome:
        """Carry out a read or a write."""
        vector = dict(self._vector) if self._carries else {}
        response = await self._request(operation.f, operation.key, [operation.value, vector])
        if response.error is not None:
            raise StoreError(response.error, response.text)
        value, seen = response.value
        include(self._vector, seen)
        if operation.f == "read":
            return Outcome.ok(frozen(value))
        self._dots.add((value[0], value[1]))
        return Outcome.ok(operation.value)


class Causal(PeerStore):
    """The target `causal`."""

    name = "causal"
    summary = "every node answers at once, and shows no write before what its writer had seen (COPS, 2011)"
    options = (
        Option(
            "sessions",
            "token",
            "token: nodes wait for what a client's token says that its session has seen; none: they answer with what "
            "they have",
            ("token", "none"),
        ),
        Option("wait_ms", 1000, "how long a request waits for what its session has seen, milliseconds", least=1),
        Option("gossip_ms", 50, "how often a node asks another for what it lacks, milliseconds", least=1),
        Option("disk", "sync", "memory: keep nothing over a restart", ("sync", "memory")),
        BUG,
    )
    bugs = "splitbrain.targets.stores.bugs.catalogue:CAUSAL"
    default_workload = "causal"

    def __init__(self, settings: Mapping[str, Setting]) -> None:
        super().__init__(settings)
        self._node = SpreadSettings(self._nanoseconds("gossip_ms"), self._word("disk") == "sync")

    @property
    def invariants(self) -> Sequence[Invariant]:  # type: ignore[override]
        """Invariants of its kind, and that updates are applied after what they rest on."""
        return *super().invariants, causally_ordered()

    @property
    def operations(self) -> Shapes:
        """Registers."""
        return shapes("read", "write")

    @property
    def tokens(self) -> bool:
        """With `sessions=token`."""
        return self._word("sessions") == "token"

    @property
    def claims(self) -> Sequence[str]:
        """Causal convergence and AP; without tokens it is broken by clients that move, and nothing is claimed."""
        if not self._node.persistent:
            return ()
        return ("causal-convergence", "convergence", "AP") if self.tokens else ("AP",)

    def client(self, node: Node) -> StoreClient:
        """A new client pinned to a node."""
        return CausalClient(node, self._sessions, self._dots, carries=self.tokens)

    @property
    def program(self) -> ProgramFactory:
        """Make a CausalNode."""
        return self.program_of((CausalNode, CORRECT), settings=self._node, wait=self._nanoseconds("wait_ms"))


def causally_ordered() -> Invariant:
    """Updates applied by no node before what their writers had seen, and made to say no less than what was seen. The
    mark `ordered` has whether that is so, and the update."""

    def watch() -> Watch:
        def see(event: MarkEvent) -> str | None:
            ordered, update = event.values
            return None if ordered else f"{event.node} has {update} without all that was seen before it"

        return see

    return Invariant("updates after what they rest on", ("ordered",), watch)
