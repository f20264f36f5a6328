"""RealCluster: what clusters of all real environments share: nodes by name, notes, and the order of injections."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, Generic, TypeVar

from splitbrain.harness.deployment import Served
from splitbrain.harness.environment import Death
from splitbrain.harness.environments.real.active import RestartOnHeal
from splitbrain.harness.environments.real.node import RealNode
from splitbrain.harness.errors import UsageError
from splitbrain.harness.injection import (
    NO_MEMBERSHIP,
    ActiveInjection,
    ChangeMembers,
    Injection,
    Reconfiguration,
    Upgrade,
)
from splitbrain.harness.reconfiguring.membership import ActiveMembershipChange
from splitbrain.harness.reconfiguring.upgrade import ActiveUpgrade

N = TypeVar("N", bound=RealNode)


class RealCluster(ABC, Generic[N]):
    """See `harness.environment.Cluster`. folder: where logs go. now: nanoseconds of the run."""

    def __init__(self, deployment: Served, nodes: Sequence[N], folder: Path, now: Callable[[], int]) -> None:
        self.folder = folder
        self._deployment = deployment
        self._members = {node.name: node for node in nodes}
        self._now = now
        self._notes: list[str] = []
        self._under_way: list[RestartOnHeal] = []
        """Injections that are not healed yet, but for reconfigurations."""
        self._reconfiguring = asyncio.Lock()

    @property
    def nodes(self) -> Sequence[N]:
        return tuple(self._members.values())

    def deaths(self) -> Sequence[Death]:
        return sorted((death for node in self.nodes for death in node.deaths), key=lambda death: death.time)

    def note(self, text: str) -> None:
        """A line about this environment, beside the nodes' logs; said once."""
        if text not in self._notes:
            self._notes.append(text)
            (self.folder / "environment.txt").write_text("\n".join(self._notes) + "\n")

    async def inject(self, injection: Injection) -> ActiveInjection:
        nodes = self._named(names_in(injection))
        if isinstance(injection, ChangeMembers | Upgrade):
            return RestartOnHeal(await self._reconfigured(injection, nodes), nodes)
        active = RestartOnHeal(await self._begin(injection, nodes), nodes)
        self._under_way = [*(one for one in self._under_way if not one.healed), active]
        return active

    @abstractmethod
    async def _begin(self, injection: Injection, nodes: Sequence[N]) -> ActiveInjection:
        """Carry out an injection, other than a reconfiguration, that names these nodes."""

    @abstractmethod
    async def down(self) -> None:
        """See `harness.environment.Cluster`."""

    async def _wait_ready(self) -> None:
        deadline = asyncio.get_running_loop().time() + self._deployment.ready_seconds
        await all_of([node.wait_ready(deadline) for node in self.nodes])

    async def _reconfigured(self, injection: Reconfiguration, nodes: Sequence[N]) -> ActiveInjection:
        shared = self._reconfiguring, self._calm, self._note_now
        active: ActiveMembershipChange | ActiveUpgrade
        if isinstance(injection, Upgrade):
            active = ActiveUpgrade(nodes, injection.ahead, self._deployment, *shared)
        elif self._deployment.membership is not None:
            active = ActiveMembershipChange(nodes, self.nodes, self._deployment.membership, *shared)
        else:
            raise UsageError(NO_MEMBERSHIP)
        await active.inject()
        return active

    def _calm(self) -> bool:
        """Whether nothing but reconfigurations is under way."""
        return all(one.healed for one in self._under_way)

    def _note_now(self, text: str) -> None:
        self.note(f"{self._now() / 1e9:.1f} s: {text}")

    def _named(self, names: Sequence[str]) -> list[N]:
        unknown = [name for name in names if name not in self._members]
        if unknown:
            raise UsageError(f"no node is called {unknown[0]!r}; there are {', '.join(self._members)}")
        return [self._members[name] for name in names]


async def all_of(steps: Sequence[Awaitable[Any]]) -> list[Any]:
    """The results of all, once all have ended; the first error if there is one."""
    done = await asyncio.gather(*steps, return_exceptions=True)
    for one in done:
        if isinstance(one, BaseException):
            raise one
    return list(done)


def names_in(injection: Injection) -> list[str]:
    """The nodes that an injection names: `nodes` in their order, `node`, and the ends of `links`."""
    given = {field.name: getattr(injection, field.name) for field in fields(injection)}
    names: dict[str, None] = dict.fromkeys(given.get("nodes", ()))
    if "node" in given:
        names[given["node"]] = None
    return list(names | dict.fromkeys(sorted({end for link in given.get("links", ()) for end in link})))
