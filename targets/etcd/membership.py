"""Membership of a cluster of etcd: members are removed, admitted as learners and promoted, by any other member.

A member is known by its peer address, as one that has not started yet has no name. Pitfalls: a member answers the list
as it knows it, so it is asked to catch up first, by a linearizable read; and etcd makes a newcomer's id of its address
and the second, and never takes a removed id again, so one that joins in the second in which it left is "not found"
until the next.
"""

from collections.abc import Collection, Mapping, Sequence
from contextlib import aclosing

from splitbrain.harness.deployment import Place
from splitbrain.targets.etcd.gateway import PEER_PORT, Gateway, encoded
from splitbrain.targets.servers.http import Json


class Members:
    """See `harness.deployment.Membership`."""

    async def voters(self, through: Place) -> Collection[str]:
        async with aclosing(Gateway(through.address)) as gateway:
            known = {_peer(address): name for name, address in through.members.items()}
            return {known[url] for one in await _listed(gateway) if _votes(one) for url in one["peerURLs"]}

    async def remove(self, through: Place, node: Place) -> None:
        async with aclosing(Gateway(through.address)) as gateway:
            found = _found(await _listed(gateway), node)
            if found is not None:
                await gateway.call("/v3/cluster/member/remove", {"ID": found["ID"]})

    async def admit(self, through: Place, node: Place) -> Mapping[str, str]:
        async with aclosing(Gateway(through.address)) as gateway:
            members = await _listed(gateway)
            if _found(members, node) is None:
                await gateway.call("/v3/cluster/member/add", {"peerURLs": [_peer(node.address)], "isLearner": True})
                members = await _listed(gateway)
            urls = {url for one in members for url in one["peerURLs"]}
            return {name: address for name, address in node.members.items() if _peer(address) in urls}

    async def promote(self, through: Place, node: Place) -> None:
        async with aclosing(Gateway(through.address)) as gateway:
            found = _found(await _listed(gateway), node)
            if found is not None and not _votes(found):
                await gateway.call("/v3/cluster/member/promote", {"ID": found["ID"]})


async def _listed(gateway: Gateway) -> Sequence[Json]:
    """The members, as all have decided up to now."""
    await gateway.call("/v3/kv/range", {"key": encoded("splitbrain")})
    found: Sequence[Json] = (await gateway.call("/v3/cluster/member/list", {}))["members"]
    return found


def _found(members: Sequence[Json], node: Place) -> Json | None:
    return next((one for one in members if _peer(node.address) in one["peerURLs"]), None)


def _votes(member: Json) -> bool:
    return not member.get("isLearner", False)


def _peer(address: str) -> str:
    return f"http://{address}:{PEER_PORT}"
