"""Targets in which every node accepts writes: their client, invariants and audit.

The audit: in the end all nodes have the same updates, among them all acknowledged ones, and nodes that have the same
updates hold the same (strong convergence, Shapiro et al. 2011). Having an update is not the same as showing it: which
acknowledged ones were overwritten by others that did not know of them is counted.

Pitfall: nodes may need a while, so vectors that differ are looked at again for `SECONDS`.
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from splitbrain.harness.invariants import Invariant, Watch
from splitbrain.harness.marks import START, MarkEvent
from splitbrain.harness.node import Node
from splitbrain.harness.operation import Value
from splitbrain.harness.options import Setting
from splitbrain.harness.verdict import Validity, Verdict, Witness, unknown
from splitbrain.targets.stores.client import Sessions, StoreClient, ask
from splitbrain.targets.stores.leaderless import ANSWER_SECONDS, CHECK, one_value_a_version
from splitbrain.targets.stores.messages import Response
from splitbrain.targets.stores.planted import PlantedStore
from splitbrain.targets.stores.updates import Dot

SECONDS = 15.0
"""Time that nodes may take to have the same updates."""
PAUSE_SECONDS = 0.25
SETTLED_SECONDS = 1.0
"""Time that the final operations keep from the last ones before, as checks of convergence want it."""


class PeerClient(StoreClient):
    """A client that remembers which updates were acknowledged."""

    def __init__(self, node: Node, sessions: Sessions, dots: set[Dot]) -> None:
        super().__init__(node, sessions, compares=False)
        self._dots = dots

    def _acknowledged(self, key: Any, response: Response) -> None:
        self._dots.add((response.value[0], response.value[1]))


class PeerStore(PlantedStore):
    """A store whose nodes all accept writes."""

    def __init__(self, settings: Mapping[str, Setting]) -> None:
        super().__init__(settings)
        self._dots: set[Dot] = set()

    @property
    def invariants(self) -> Sequence[Invariant]:  # type: ignore[override]
        """One update, the same everywhere, and those of an origin applied by each node in order, each once."""
        return one_value_a_version("update"), each_once_and_in_order()

    def client(self, node: Node) -> StoreClient:
        """A new client pinned to a node."""
        return PeerClient(node, self._sessions, self._dots)

    async def settle(self, nodes: Sequence[Node]) -> None:
        """Return when all nodes have the same updates, and a moment later."""
        while True:
            answers = await asyncio.gather(*(ask(node, "audit", ANSWER_SECONDS) for node in nodes))
            if None not in answers and all(answer["vector"] == answers[0]["vector"] for answer in answers):
                break
            await asyncio.sleep(PAUSE_SECONDS)
        await asyncio.sleep(SETTLED_SECONDS)

    async def audit(self, nodes: Sequence[Node]) -> Verdict:
        """See `splitbrain.harness.target.Audited`."""
        loop = asyncio.get_running_loop()
        ends = loop.time() + SECONDS
        while True:
            answers = await asyncio.gather(*(ask(node, "audit", ANSWER_SECONDS) for node in nodes))
            accounts = {node.name: answer for node, answer in zip(nodes, answers, strict=True) if answer is not None}
            verdict = judge_vectors(accounts, len(nodes), self._dots)
            if verdict.value is not Validity.UNKNOWN or loop.time() >= ends:
                return verdict
            await asyncio.sleep(PAUSE_SECONDS)


def judge_vectors(accounts: Mapping[str, Mapping[str, Any]], nodes: int, acknowledged: Collection[Dot]) -> Verdict:
    """Whether all nodes have the same updates, and all that were acknowledged. accounts: node → its vector, the
    updates that lost against one that did not know of them, and a checksum of each key."""
    vectors = {name: account["vector"] for name, account in accounts.items()}
    found = sorted({dot for account in accounts.values() for dot in map(tuple, account["lost"])} & set(acknowledged))
    details: dict[str, Value] = {"vectors": vectors, "acknowledged": len(acknowledged), "overwritten": len(found)}
    words = [
        f"{name} has acknowledged its update {number}, and has {vectors[name].get(name, 0)} of its own"
        for name, number in sorted(acknowledged)
        if name in vectors and vectors[name].get(name, 0) < number
    ]
    words += _differing(accounts)
    if words:
        return Verdict(Validity.INVALID, words[0], CHECK, witness=Witness((), tuple(words[:20])), details=details)
    if len(vectors) < nodes:
        return unknown(CHECK, f"{len(vectors)} of {nodes} nodes could be asked", **details)
    first = next(iter(vectors.values()))
    if any(vector != first for vector in vectors.values()):
        return unknown(CHECK, f"the nodes had not the same updates after {SECONDS:g} s", **details)
    reason = f"{nodes} nodes have the same {sum(first.values())} updates, all acknowledged ones among them"
    if found:
        reason += f"; {len(found)} acknowledged ones were overwritten by others that did not know of them"
    return Verdict(Validity.VALID, reason, CHECK, details=details)


def _differing(accounts: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Nodes that have the same updates and hold something else, in words."""
    first: dict[tuple[tuple[str, int], ...], str] = {}
    words = []
    for name, account in accounts.items():
        other = first.setdefault(tuple(sorted(account["vector"].items())), name)
        ours, theirs = account["contents"], accounts[other]["contents"]
        keys = [key for key in sorted(ours.keys() | theirs.keys()) if ours.get(key) != theirs.get(key)]
        if keys:
            words.append(
                f"{other} and {name} have the same updates, and differ in {len(keys)} keys, {keys[0]} the first"
            )
    return words


def each_once_and_in_order() -> Invariant:
    """Updates of an origin applied by a node in order, and each once while it runs. The mark `has` has origin and
    number."""

    def watch() -> Watch:
        last: dict[tuple[str, str], int] = {}

        def see(event: MarkEvent) -> str | None:
            if event.name == START:
                for name in [name for name in last if name[0] == event.node]:
                    del last[name]
                return None
            origin, number = event.values
            before = last.get((event.node, origin), number - 1)
            last[event.node, origin] = number
            return None if number == before + 1 else f"{event.node} applies update {number} of {origin} after {before}"

        return see

    return Invariant("updates once and in order", ("has", START), watch)
