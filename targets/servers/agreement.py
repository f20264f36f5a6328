"""Questions to all nodes at once: who is what, are all there, do they agree in the end."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence

from splitbrain.harness.node import Node
from splitbrain.harness.operation import Value
from splitbrain.harness.verdict import Validity, Verdict, Witness, unknown
from splitbrain.targets.servers.errors import NO_ANSWER

ROLE_SECONDS = 1.0
PAUSE_SECONDS = 0.2


async def roles(nodes: Sequence[Node], ask: Callable[[Node], Awaitable[str | None]]) -> Mapping[str, str]:
    """Roles of nodes by name; one that has no role, or does not answer within a second, is left out."""

    async def asked(node: Node) -> str | None:
        try:
            async with asyncio.timeout(ROLE_SECONDS):
                return await ask(node)
        except NO_ANSWER:
            return None

    answers = await asyncio.gather(*map(asked, nodes))
    return {node.name: role for node, role in zip(nodes, answers, strict=True) if role is not None}


async def settled(nodes: Sequence[Node], ask: Callable[[Node], Awaitable[bool]]) -> None:
    """Return when every node says yes."""

    async def yes(node: Node) -> bool:
        try:
            return await ask(node)
        except NO_ANSWER:
            return False

    while not all(await asyncio.gather(*map(yes, nodes))):
        await asyncio.sleep(PAUSE_SECONDS)


async def audited(
    checker: str, compare: Callable[[], Awaitable[Verdict | str]], seconds: float, pause: float = PAUSE_SECONDS
) -> Verdict:
    """The first verdict of a comparison that is repeated until there is one; `unknown` with the last trouble when the
    time is up. compare: a verdict, or why there is none yet."""
    # Not the loop's clock: the nodes are real processes.
    ends, trouble = time.monotonic() + seconds, "nobody was asked"
    while time.monotonic() < ends:
        try:
            found = await compare()
        except NO_ANSWER as error:
            found = f"{type(error).__name__}: {error}"
        if isinstance(found, Verdict):
            return found
        trouble = found
        await asyncio.sleep(pause)
    return unknown(checker, f"the nodes' data could not be compared within {seconds:g} s: {trouble}")


def differing(checker: str, reason: str, **details: Value) -> Verdict:
    """The verdict that nodes hold different data."""
    return Verdict(Validity.INVALID, reason, checker, witness=Witness((), (reason,)), details=details)


def agreeing(checker: str, reason: str, **details: Value) -> Verdict:
    """The verdict that nodes hold the same data, or may differ."""
    return Verdict(Validity.VALID, reason, checker, details=details)
