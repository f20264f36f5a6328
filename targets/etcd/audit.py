"""Comparison of the members' data when all is healed: the hash of each store at one revision, and corruption alarms.

Pitfall: a hash depends on how much of the history was compacted, and a member that lags has not reached the revision
yet. So hashes are asked for until all of them are about the same; what could not be compared is unknown.
"""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass

from splitbrain.harness.node import Node
from splitbrain.harness.verdict import Validity, Verdict, unknown
from splitbrain.targets.etcd.gateway import Gateway, revision_of
from splitbrain.targets.servers.access import Access
from splitbrain.targets.servers.agreement import agreeing, audited, differing
from splitbrain.targets.servers.errors import NO_ANSWER

AUDIT_SECONDS = 15.0
"""The time that members may take to catch up."""
ASK_SECONDS = 2.0
CHECKER = "members"


@dataclass(frozen=True)
class Hashed:
    """A member's answer. compacted: the revision up to which its history is compacted."""

    hash: int
    compacted: int


async def audit(nodes: Sequence[Node], access: Access) -> Verdict:
    """Whether all members hold the same data: `invalid` if two differ or a corruption alarm is raised, `unknown` if
    they could not be compared."""
    async with AsyncExitStack() as stack:
        opened = [await stack.enter_async_context(aclosing(Gateway(node.address, access))) for node in nodes]
        gateways = {node.name: gateway for node, gateway in zip(nodes, opened, strict=True)}
        return await audited(CHECKER, lambda: _compared(gateways), AUDIT_SECONDS)


async def _compared(gateways: Mapping[str, Gateway]) -> Verdict | str:
    revision, alarmed = await _revision_and_alarms(gateways)
    if alarmed:
        return differing(CHECKER, f"etcd raised a corruption alarm: {'; '.join(alarmed)}")
    named = dict(zip(gateways, await asyncio.gather(*(_hash(one, revision) for one in gateways.values())), strict=True))
    verdict = compared({name: one for name, one in named.items() if isinstance(one, Hashed)}, revision)
    silent = "; ".join(f"{name}: {one}" for name, one in named.items() if not isinstance(one, Hashed))
    if verdict.value is Validity.INVALID or (verdict.value is Validity.VALID and not silent):
        return verdict
    return silent or verdict.reason


def compared(hashed: Mapping[str, Hashed], revision: int) -> Verdict:
    """The verdict on hashes at one revision; only those that leave out the same part of the history can be compared."""
    plain = {name: f"{answer.hash:08x}" for name, answer in hashed.items()}
    groups: dict[int, dict[str, list[str]]] = {}
    for name, answer in hashed.items():
        groups.setdefault(answer.compacted, {}).setdefault(plain[name], []).append(name)
    for compacted, hashes in groups.items():
        if len(hashes) > 1:
            sides = " and ".join(f"{', '.join(names)} ({value})" for value, names in hashes.items())
            reason = f"members hold different data at revision {revision}: {sides}"
            return differing(CHECKER, reason, revision=revision, compacted=compacted, hashes=plain)
    if len(groups) != 1:
        return unknown(CHECKER, "the members have compacted their histories up to different revisions")
    reason = f"all {len(hashed)} members hold the same data at revision {revision}"
    return agreeing(CHECKER, reason, revision=revision, hashes=plain)


async def _revision_and_alarms(gateways: Mapping[str, Gateway]) -> tuple[int, list[str]]:
    """The present revision, read linearizably, and the corruption alarms, from the first member that tells."""
    last: Exception = ConnectionRefusedError("there are no members")
    for gateway in gateways.values():
        try:
            async with asyncio.timeout(ASK_SECONDS):
                await gateway.open()
                revision = revision_of(await gateway.call("/v3/kv/range", {"key": "AA=="}))
                alarms = (await gateway.call("/v3/maintenance/alarm", {"action": "GET"})).get("alarms", ())
            return revision, [str(alarm) for alarm in alarms if alarm.get("alarm") == "CORRUPT"]
        except NO_ANSWER as error:
            last = error
    raise last


async def _hash(gateway: Gateway, revision: int) -> Hashed | str:
    try:
        async with asyncio.timeout(ASK_SECONDS):
            answer = await gateway.call("/v3/maintenance/hash", {"revision": str(revision)})
    except NO_ANSWER as error:
        return str(error) or type(error).__name__
    return Hashed(int(answer.get("hash", 0)), int(answer.get("compact_revision", 0)))
