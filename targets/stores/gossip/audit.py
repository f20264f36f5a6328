"""Audit of gossip after a run: nobody knows a heartbeat of a node that this node has not counted.

Pitfall: nodes count on while they are asked. So each is asked for its own heartbeat after all were asked for those that
they know.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from splitbrain.harness.node import Node
from splitbrain.harness.verdict import Validity, Verdict, Witness, unknown
from splitbrain.targets.stores.audit import ANSWER_SECONDS, CHECK, PAUSE_SECONDS, SECONDS
from splitbrain.targets.stores.client import ask


async def audited(nodes: Sequence[Node]) -> Verdict:
    """The verdict on these nodes, when all answer."""
    loop = asyncio.get_running_loop()
    ends = loop.time() + SECONDS
    while True:
        known, own = await _asked(nodes), await _asked(nodes)
        if len(known) == len(own) == len(nodes):
            return judge(known, {name: beats[name] for name, beats in own.items()})
        if loop.time() >= ends:
            return unknown(CHECK, f"{len(own)} of {len(nodes)} nodes could be asked")
        await asyncio.sleep(PAUSE_SECONDS)


async def _asked(nodes: Sequence[Node]) -> dict[str, Any]:
    """Node → the heartbeats that it knows, its own included."""
    answers = await asyncio.gather(*(ask(node, "audit", ANSWER_SECONDS) for node in nodes))
    return {node.name: answer for node, answer in zip(nodes, answers, strict=True) if answer is not None}


def judge(known: Mapping[str, Mapping[str, int]], own: Mapping[str, int]) -> Verdict:
    """The verdict. known: node → heartbeats that it knew. own: those that nodes had counted after that."""
    words = [
        f"{name} knows heartbeat {beat} of {other}, which has counted {own[other]}"
        for name, beats in known.items()
        for other, beat in beats.items()
        if beat > own[other]
    ]
    if words:
        return Verdict(Validity.INVALID, words[0], CHECK, witness=Witness((), tuple(words)))
    return Verdict(Validity.VALID, f"{len(own)} nodes have counted all heartbeats that are known of them", CHECK)
