"""Do the members of a cluster hold the same data? Asked when all is healed: the hash of each store at one revision, and
the alarms that were raised.

The trap: a hash depends on how much of the history was compacted, and a member that lags behind has not reached the
revision yet. So hashes are asked for until all of them are about the same, and what could not be compared is unknown.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from splitbrain.harness.node import Node
from splitbrain.harness.verdict import Validity, Verdict, Witness, unknown
from splitbrain.targets.etcd.errors import EtcdError
from splitbrain.targets.etcd.gateway import Access, Gateway, revision_of

AUDIT_SECONDS = 15.0
"""How long members may take to catch up."""
ASK_SECONDS = 2.0
PAUSE_SECONDS = 0.2

CHECKER = "members"


@dataclass(frozen=True)
class Hashed:
    """A member's answer. compacted: the revision up to which its history is compacted."""

    hash: int
    compacted: int


async def audit(nodes: Sequence[Node], access: Access) -> Verdict:
    """Whether all members hold the same data: `invalid` if two differ or a corruption alarm is raised, `unknown` if
    they could not be compared."""
    gateways = {node.name: Gateway(node.address, access) for node in nodes}
    try:
        return await _audit(gateways)
    finally:
        await asyncio.gather(*(gateway.close() for gateway in gateways.values()))


async def _audit(gateways: Mapping[str, Gateway]) -> Verdict:
    """`time.monotonic` and not the loop's: members are real processes."""
    ends = time.monotonic() + AUDIT_SECONDS
    trouble = "nobody was asked"
    silent = dict.fromkeys(gateways)
    while time.monotonic() < ends:
        try:
            revision, alarmed = await _revision_and_alarms(gateways)
            if alarmed:
                return _alarm(alarmed)
            answers = await asyncio.gather(*(_hash(gateway, revision) for gateway in gateways.values()))
        except (EtcdError, OSError) as error:
            trouble = f"no revision could be agreed on: {error}"
        else:
            named = dict(zip(gateways, answers, strict=True))
            hashed = {name: answer for name, answer in named.items() if isinstance(answer, Hashed)}
            silent = {name: None for name in gateways if name not in hashed}
            verdict = compared(hashed, revision)
            if verdict.value is Validity.INVALID or (verdict.value is Validity.VALID and not silent):
                return verdict
            trouble = "; ".join(f"{name}: {answer}" for name, answer in named.items() if name in silent)
            trouble = trouble or verdict.reason
        await asyncio.sleep(PAUSE_SECONDS)
    return unknown(CHECKER, f"the members' data could not be compared within {AUDIT_SECONDS:g} s: {trouble}")


def compared(hashed: Mapping[str, Hashed], revision: int) -> Verdict:
    """What hashes at one revision say; only those that leave out the same part of the history can be compared."""
    groups: dict[int, dict[int, list[str]]] = {}
    for name, answer in hashed.items():
        groups.setdefault(answer.compacted, {}).setdefault(answer.hash, []).append(name)
    for compacted, hashes in groups.items():
        if len(hashes) > 1:
            sides = " and ".join(f"{', '.join(names)} ({value:08x})" for value, names in hashes.items())
            words = f"members hold different data at revision {revision}: {sides}"
            details = {"revision": revision, "compacted": compacted, "hashes": _plain(hashed)}
            return Verdict(Validity.INVALID, words, CHECKER, witness=Witness((), (words,)), details=details)
    if len(groups) != 1:
        return unknown(CHECKER, "the members have compacted their histories up to different revisions")
    reason = f"all {len(hashed)} members hold the same data at revision {revision}"
    return Verdict(Validity.VALID, reason, CHECKER, details={"revision": revision, "hashes": _plain(hashed)})


async def roles(nodes: Sequence[Node], access: Access) -> dict[str, str]:
    """What each member believes itself to be; one that does not answer in time is left out."""
    answers = await asyncio.gather(*(_role(node, access) for node in nodes))
    return {node.name: role for node, role in zip(nodes, answers, strict=True) if role is not None}


async def _role(node: Node, access: Access) -> str | None:
    gateway = Gateway(node.address, access)
    try:
        async with asyncio.timeout(1.0):
            if access.user:
                await gateway.open()
            status = await gateway.call("/v3/maintenance/status", {})
    except (EtcdError, OSError):  # it did not answer
        return None
    finally:
        await gateway.close()
    if "leader" not in status or status["leader"] == "0":
        return "candidate"
    return "leader" if status["leader"] == status["header"]["member_id"] else "follower"


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
        except (EtcdError, OSError) as error:
            last = error
    raise last


async def _hash(gateway: Gateway, revision: int) -> Hashed | str:
    try:
        async with asyncio.timeout(ASK_SECONDS):
            answer = await gateway.call("/v3/maintenance/hash", {"revision": str(revision)})
    except (EtcdError, OSError) as error:
        return str(error) or type(error).__name__
    return Hashed(int(answer.get("hash", 0)), int(answer.get("compact_revision", 0)))


def _alarm(alarmed: Sequence[str]) -> Verdict:
    words = f"etcd raised a corruption alarm: {'; '.join(alarmed)}"
    return Verdict(Validity.INVALID, words, CHECKER, witness=Witness((), (words,)))


def _plain(hashed: Mapping[str, Hashed]) -> dict[str, str]:
    return {name: f"{answer.hash:08x}" for name, answer in hashed.items()}
