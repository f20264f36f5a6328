"""A cluster of fake nodes that decides on its members, on the virtual clock of a simulator."""

import asyncio
from collections.abc import Callable, Collection, Coroutine, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from splitbrain.harness.deployment import Place
from splitbrain.harness.environments.sim import Sim

NAMES = ("n1", "n2", "n3")
ADDRESSES = {name: f"a{name}" for name in NAMES}


@dataclass
class FakeMember:
    """A node whose harness and process only note what is done. version: what it tells."""

    place: Place
    done: list[str]
    running: bool = True
    holders: int = 0
    outdated: bool = True
    version: str = "1"
    empty: bool = False
    starts_fail: int = 0
    """The number of starts after which it ends at once."""

    async def hold(self) -> None:
        self.holders += 1

    async def let_go(self) -> None:
        self.holders -= 1

    async def stop(self, seconds: float) -> None:
        if self.running:
            self.done.append(f"stop {self.place.name}")
        await asyncio.sleep(0.2)
        self.running = False

    async def start(self) -> None:
        if self.running:
            return
        assert self.holders == 0, "nobody starts who is held down"
        self.done.append(f"start {self.place.name}")
        await asyncio.sleep(0.2)
        self.starts_fail -= 1
        self.running = self.starts_fail < 0

    async def remake(self, place: Place, *, upgraded: bool = False, empty: bool = False) -> None:
        assert not self.running
        self.place, self.empty = place, empty
        if upgraded:
            self.version, self.outdated = "2", False


@dataclass
class FakeMembership:
    """A cluster that decides at once, unless something is in the way. lost: after how many changes an answer is lost,
    though the change was made."""

    members: dict[str, FakeMember]
    voting: dict[str, bool] = field(default_factory=lambda: dict.fromkeys(NAMES, True))
    done: list[str] = field(default_factory=list)
    decides: bool = True
    lost: set[int] = field(default_factory=set)
    lags_s: float = 1.0
    _changes: int = 0

    async def _decided(self, through: Place) -> None:
        await asyncio.sleep(0.01)
        if not self.decides:
            await asyncio.sleep(60)
        assert self.members[through.name].running

    def _changed(self, what: str) -> None:
        self.done.append(what)
        self._changes += 1
        if self._changes in self.lost:
            raise ConnectionResetError("the answer is lost")

    async def voters(self, through: Place) -> Collection[str]:
        await self._decided(through)
        return [name for name, votes in self.voting.items() if votes]

    async def remove(self, through: Place, node: Place) -> None:
        assert through.name != node.name
        await self._decided(through)
        if node.name in self.voting:
            del self.voting[node.name]
            self._changed(f"remove {node.name}")

    async def admit(self, through: Place, node: Place) -> Mapping[str, str]:
        await self._decided(through)
        if node.name not in self.voting:
            self.voting[node.name] = False
            self._changed(f"admit {node.name}")
        return {name: ADDRESSES[name] for name in self.voting}

    async def promote(self, through: Place, node: Place) -> None:
        await self._decided(through)
        member = self.members[node.name]
        if not member.running:
            raise OSError(f"{node.name} lags behind")
        await asyncio.sleep(self.lags_s)
        if not self.voting[node.name]:
            self.voting[node.name] = True
            self._changed(f"promote {node.name}")


@dataclass
class ThreeMembers:
    """Three nodes, and what became of them."""

    done: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    calm: bool = True
    members: dict[str, FakeMember] = field(init=False)
    membership: FakeMembership = field(init=False)
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    def __post_init__(self) -> None:
        place = Place("", "", Path("/nowhere"), ADDRESSES)
        places = (replace(place, name=name, address=ADDRESSES[name]) for name in NAMES)
        self.members = {place.name: FakeMember(place, self.done) for place in places}
        self.membership = FakeMembership(self.members, done=self.done)

    def named(self, *names: str) -> list[FakeMember]:
        return [self.members[name] for name in names]


def played(story: Callable[[ThreeMembers], Coroutine[Any, Any, None]]) -> ThreeMembers:
    """Carry out a story under virtual time."""
    world = ThreeMembers()
    Sim(1).run(lambda: story(world))
    return world
