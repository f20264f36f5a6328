"""abd: an atomic register in a message-passing system without consensus (Attiya, Bar-Noy and Dolev, "Sharing Memory
Robustly in Message-Passing Systems", JACM 1995; several writers: Lynch and Shvartsman, FTCS 1997).

Promised: linearizable reads and writes while a majority of the nodes answers, whatever clocks and the network do; CP.
Not promised: compare-and-set, for which registers are not enough (Herlihy, "Wait-Free Synchronization", 1991).

A write asks a majority for the greatest stamp, and stores its value with a greater one at a majority. A read asks a
majority, takes the value of the greatest stamp, and *writes it back* to a majority before it answers: without that, a
write that has reached one node only is read, and then not read any more by whoever asks others. It is left out where a
majority has been heard to have that value on disk.

With `writers=single` the first node alone writes, and knows the greatest stamp by itself once it has asked for it after
a start: its writes take one round. Other nodes refuse writes.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from splitbrain.harness.options import Option, Setting
from splitbrain.harness.program import Effect, ProgramFactory, Reply
from splitbrain.harness.random_stream import RandomStream
from splitbrain.targets.stores.leaderless import LeaderlessStore
from splitbrain.targets.stores.messages import NO_LEADER, Request, Response
from splitbrain.targets.stores.planted import BUG
from splitbrain.targets.stores.replicas import Get, Put, ReplicaNode, ReplicaParts, ReplicaSettings, in_doubt, refused
from splitbrain.targets.stores.rounds import Answers
from splitbrain.targets.stores.versions import Version, Versions, newest

CORRECT = ReplicaParts()
NOT_ENOUGH = "no majority answered"


def majority(nodes: int) -> int:
    """The smallest number of nodes of which any two groups have one in common."""
    return nodes // 2 + 1


class AbdNode(ReplicaNode):
    """One node. single: whether the first node alone writes."""

    def __init__(
        self,
        name: str,
        nodes: Sequence[str],
        random: RandomStream,
        *,
        settings: ReplicaSettings,
        single: bool = False,
        parts: ReplicaParts = CORRECT,
    ) -> None:
        super().__init__(name, nodes, random, join=newest, settings=settings, parts=parts)
        self.single = single
        self.need = majority(len(nodes))
        self._stamps: dict[str, int] = {}
        """The greatest stamp of each key that this node has given, as the only writer."""

    def _read(self, handle: int, key: str) -> list[Effect]:
        def decide(answers: Answers) -> list[Effect]:
            found = newest(version for versions in answers.values() for version in versions)
            having = [node for node, versions in answers.items() if versions == found]
            return self._write_back(handle, key, found, having)

        return self.ask_majority(key, decide, partial(refused, handle, NOT_ENOUGH))

    def _write_back(self, handle: int, key: str, found: Versions, having: Sequence[str]) -> list[Effect]:
        """Answer a read when a majority has what is answered. having: the nodes that have it on disk."""
        answer: list[Effect] = [Reply(handle, Response(found[0].value if found else None))]
        if not found or len(having) >= self.need:
            return answer
        return self.store(key, found, answer, partial(refused, handle, NOT_ENOUGH))

    def _change(self, handle: int, key: str, request: Request) -> list[Effect]:
        if self.single and self.name != self.nodes[0]:
            return [Reply(handle, Response(error=NO_LEADER, text=f"{self.nodes[0]} alone writes"))]
        if self.single and key in self._stamps:
            return self._write(handle, key, request.value, self._stamps[key])

        def decide(answers: Answers) -> list[Effect]:
            found = newest(version for versions in answers.values() for version in versions)
            return self._write(handle, key, request.value, found[0].stamp if found else 0)

        return self.ask_majority(key, decide, partial(refused, handle, NOT_ENOUGH))

    def _write(self, handle: int, key: str, value: Any, stamp: int) -> list[Effect]:
        """Store a value with a stamp greater than this one."""
        stamp = 1 + max(stamp, self._stamps.get(key, 0) if self.single else 0)
        version = Version(stamp, self.actor, self.next_number(), value)
        if self.single:
            self._stamps[key] = stamp
        answer: list[Effect] = [Reply(handle, Response(version.rank))]
        return self.store(key, (version,), answer, partial(in_doubt, handle, NOT_ENOUGH))

    def ask_majority(self, key: str, then: Any, gives_up: Any) -> list[Effect]:
        """Ask all nodes for their version, and go on with those of a majority."""
        return self.begin(self.nodes, lambda number: Get(number, key), self.need, then, gives_up)

    def store(self, key: str, versions: Versions, answer: Sequence[Effect], gives_up: Any) -> list[Effect]:
        """Answer when a majority has this version."""
        return self.begin(self.nodes, lambda number: Put(number, key, versions), self.need, lambda _: answer, gives_up)


class Abd(LeaderlessStore):
    """The target `abd`."""

    name = "abd"
    summary = "an atomic register by majorities, without consensus (Attiya, Bar-Noy and Dolev 1995): reads write back"
    options = (
        Option("writers", "multi", "multi: any node writes; single: the first node alone does", ("multi", "single")),
        Option("disk", "sync", "memory: keep nothing over a restart", ("sync", "memory")),
        Option("timeout_ms", 1000, "how long a node waits for a majority, milliseconds", least=1),
        BUG,
    )
    bugs = "splitbrain.targets.stores.bugs.catalogue:ABD"

    def __init__(self, settings: Mapping[str, Setting]) -> None:
        super().__init__(settings)
        self._node = ReplicaSettings(persistent=self._word("disk") == "sync", patience=self._nanoseconds("timeout_ms"))

    @property
    def claims(self) -> Sequence[str]:
        """Linearizable and CP, if anything is kept over a restart; with a single writer, other nodes refuse writes, so
        that a majority without the first node does not serve."""
        if not self._node.persistent:
            return ()
        return ("linearizable",) if self._word("writers") == "single" else ("linearizable", "CP")

    def copies(self, nodes: int) -> int:
        """A majority, if the disk is used."""
        return majority(nodes) if self._node.persistent else 0

    @property
    def program(self) -> ProgramFactory:
        """Make an AbdNode."""
        return self.program_of((AbdNode, CORRECT), settings=self._node, single=self._word("writers") == "single")
