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
    """The verdict of a comparison that is repeated until there is one; `invalid` is to be found twice, for what differs
    goes on to. `unknown` with the last trouble when the time is up. compare: a verdict, or why there is none yet."""
    ends, trouble, differed = time.monotonic() + seconds, "nobody was asked", ""  # not the loop's clock: real processes
    while time.monotonic() < ends:
        try:
            found = await compare()
        except NO_ANSWER as error:
            found = f"{type(error).__name__}: {error}"
        if isinstance(found, Verdict):
            if differed and found.value is Validity.VALID:
                return unknown(checker, f"{differed}; when they were asked again, none did")
            if differed or found.value is not Validity.INVALID:
                return found
            differed = found = found.reason
        trouble = found
        await asyncio.sleep(pause)
    return unknown(checker, f"the nodes' data could not be compared within {seconds:g} s: {trouble}")


async def same_data(
    checker: str, nodes: Sequence[Node], copy: Callable[[Node], Awaitable[tuple[str, str]]], seconds: float
) -> Verdict:
    """Whether all nodes hold the same data in the end. copy: a node's version of the data, and the data; NO_ANSWER if
    it is not in step. They are asked for until all have the same data, or differ at one version."""

    async def compare() -> Verdict | str:
        copies = await asyncio.gather(*map(copy, nodes))
        versions, data = sorted({version for version, _ in copies}), [data for _, data in copies]
        if len(set(data)) == 1:
            return agreeing(checker, f"all {len(nodes)} nodes hold the same data, of version {' or '.join(versions)}")
        if len(versions) > 1:
            return f"the nodes are at the versions {', '.join(versions)}"
        at = next((at for at, signs in enumerate(zip(*data, strict=False)) if len(set(signs)) > 1), min(map(len, data)))
        parts = (f"{node.name} …{each[max(0, at - 40) : at + 40]}…" for node, each in zip(nodes, data, strict=True))
        return differing(checker, f"nodes hold different data of version {versions[0]}: {', '.join(parts)}")

    return await audited(checker, compare, seconds)


def differing(checker: str, reason: str, **details: Value) -> Verdict:
    """The verdict that nodes hold different data."""
    return Verdict(Validity.INVALID, reason, checker, witness=Witness((), (reason,)), details=details)


def agreeing(checker: str, reason: str, **details: Value) -> Verdict:
    """The verdict that nodes hold the same data, or may differ."""
    return Verdict(Validity.VALID, reason, checker, details=details)
