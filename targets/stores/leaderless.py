"""Common parts of stores without a leader as targets: their client, their invariants and their audit.

The audit: of each acknowledged write that no later acknowledged one of the key outranks, as many nodes have it, or one
of greater rank, as had it on disk before it was acknowledged.

Pitfall: a node that does not answer may have it, so it counts as if it had.
"""

import asyncio
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

from splitbrain.harness.client import Shapes
from splitbrain.harness.invariants import Invariant, Watch
from splitbrain.harness.marks import START, MarkEvent
from splitbrain.harness.node import Node
from splitbrain.harness.options import Setting
from splitbrain.harness.verdict import Validity, Verdict, Witness, unknown
from splitbrain.targets.operations import shapes
from splitbrain.targets.stores.client import Sessions, StoreClient, ask
from splitbrain.targets.stores.messages import Response
from splitbrain.targets.stores.planted import PlantedStore
from splitbrain.targets.stores.replicas import word
from splitbrain.targets.stores.versions import NOTHING, Rank

CHECK = "audit"
ANSWER_SECONDS = 2.0


class ReplicaClient(StoreClient):
    """A client that remembers of each key the greatest rank that was acknowledged. There is no retry: without a leader
    nobody knows a request again."""

    def __init__(self, node: Node, sessions: Sessions, ranks: dict[str, Rank]) -> None:
        super().__init__(node, sessions, compares=False)
        self._ranks = ranks

    def _acknowledged(self, key: Any, response: Response) -> None:
        rank: Rank = tuple(response.value)
        self._ranks[word(key)] = max(self._ranks.get(word(key), rank), rank)


class LeaderlessStore(PlantedStore):
    """A store whose nodes are replicas of versions. copies: at how many nodes an acknowledged write is."""

    def __init__(self, settings: Mapping[str, Setting]) -> None:
        super().__init__(settings)
        self._ranks: dict[str, Rank] = {}

    @abstractmethod
    def copies(self, nodes: int) -> int:
        """Number of nodes, of so many, at which an acknowledged write is on disk."""

    @property
    def operations(self) -> Shapes:
        """Registers."""
        return shapes("read", "write")

    @property
    def invariants(self) -> Sequence[Invariant]:  # type: ignore[override]
        """One value of a version, no copy that goes back, and all on disk that a replica says to have there."""
        always = one_value_a_version(), copies_never_go_back()
        return (*always, replicas_keep_what_they_stored()) if self._word("disk") == "sync" else always

    def client(self, node: Node) -> StoreClient:
        """A new client pinned to a node."""
        return ReplicaClient(node, self._sessions, self._ranks)

    async def audit(self, nodes: Sequence[Node]) -> Verdict:
        """See `splitbrain.harness.target.Audited`."""
        answers = await asyncio.gather(*(ask(node, "audit", ANSWER_SECONDS) for node in nodes))
        held = {
            node.name: {key: (rank[0], rank[1], rank[2]) for key, rank in answer}
            for node, answer in zip(nodes, answers, strict=True)
            if answer is not None
        }
        return judge_copies(self._ranks, held, [node.name for node in nodes], self.copies(len(nodes)))


def judge_copies(
    acknowledged: Mapping[str, Rank], held: Mapping[str, Mapping[str, Rank]], nodes: Sequence[str], copies: int
) -> Verdict:
    """Whether each acknowledged write is at enough nodes. held: node → key → the greatest rank."""
    if not held:
        return unknown(CHECK, "no node told what it holds")
    words = []
    for key, rank in acknowledged.items():
        having = [node for node in nodes if node not in held or held[node].get(key, NOTHING) >= rank]
        if len(having) < copies:
            where = f"only {', '.join(having)} has" if len(having) == 1 else f"{' and '.join(having) or 'no node'} have"
            words.append(
                f"version {rank[1]}/{rank[2]} of {key} was acknowledged by {copies} nodes, and {where} it or a newer"
            )
    details = {"keys": len(acknowledged), "nodes": sorted(held), "copies": copies}
    if words:
        return Verdict(Validity.INVALID, words[0], CHECK, witness=Witness((), tuple(words)), details=details)
    return Verdict(
        Validity.VALID, f"the last acknowledged write of {len(acknowledged)} keys is at {copies} nodes or more", CHECK,
        details=details,
    )  # fmt: skip


def one_value_a_version(mark: str = "version") -> Invariant:
    """One value of all versions of one name. The mark has the name and the value."""

    def watch() -> Watch:
        first: dict[Any, MarkEvent] = {}

        def see(event: MarkEvent) -> str | None:
            dot, value = event.values
            before = first.setdefault(dot, event)
            if before.values[1] == value:
                return None
            return f"{event.node} has {mark} {dot} with {value}, which {before.node} has with {before.values[1]}"

        return see

    return Invariant(f"one value (each {mark})", (mark,), watch)


def copies_never_go_back() -> Invariant:
    """No fall of the greatest rank of a key at a node while it runs. The mark `copy` has the key and the rank."""

    def watch() -> Watch:
        ranks: dict[str, dict[str, Rank]] = {}

        def see(event: MarkEvent) -> str | None:
            if event.name == START:
                ranks.pop(event.node, None)
                return None
            key, rank = event.values
            of_node = ranks.setdefault(event.node, {})
            before, of_node[key] = of_node.get(key, rank), rank
            return None if rank >= before else f"{event.node} goes back from version {before} of {key} to {rank}"

        return see

    return Invariant("copies never go back", ("copy", START), watch)


def replicas_keep_what_they_stored() -> Invariant:
    """Each version that a replica said to have on its disk, or a newer one, found there when it starts; so are hints,
    until they are handed over. Marks: `kept` has the name of the copy and the rank, `recovered` a pair of them for each
    that was found, `handed` the name."""

    def watch() -> Watch:
        kept: dict[str, dict[str, Rank]] = {}

        def see(event: MarkEvent) -> str | None:
            of_node = kept.setdefault(event.node, {})
            if event.name == "handed":
                of_node.pop(event.values[0], None)
                return None
            if event.name == "kept":
                name, rank = event.values
                of_node[name] = max(rank, of_node.get(name, NOTHING))
                return None
            found = dict(event.values[0])
            for name, rank in of_node.items():
                if found.get(name, NOTHING) < rank:
                    there = f"version {found[name]}" if name in found else "no version"
                    return f"{event.node} finds {there} of {name}, and has said that version {rank} is on its disk"
            return None

        return see

    return Invariant("a replica keeps what it stored", ("kept", "handed", "recovered"), watch)
