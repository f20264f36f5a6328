"""RemoteNode: a node on another host, whose agent carries out what is asked of it and tells what becomes of it."""

import asyncio
import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

from splitbrain.harness.deployment import Host, Place
from splitbrain.harness.environment import Death
from splitbrain.harness.environments.real.node import RealNode
from splitbrain.harness.environments.ssh import upload
from splitbrain.harness.environments.ssh.agent_client import AgentClient, Event, call

START_SECONDS = 60.0


class RemoteNode(RealNode):
    """The node of one host, by what the agent there tells of it. note: takes a line for the run folder."""

    deployment: Host

    def __init__(
        self,
        place: Place,
        deployment: Host,
        agent: AgentClient,
        log: Path,
        now: Callable[[], int],
        note: Callable[[str], None],
    ) -> None:
        super().__init__(place, deployment, log, now)
        self.agent = agent
        self._running = False
        self._note = note

    @property
    def running(self) -> bool:
        return self._running

    def words(self) -> str:
        return f"{self.name} on {self.agent.host}"

    async def made(self) -> dict[str, Any]:
        """The deployment in the agent's form; what it needs is copied there. InfrastructureError if it cannot be."""
        deployment, place = self.deployment, self.place
        sources = await asyncio.to_thread(deployment.uploads)
        uploads = await call(upload.upload, self.agent.connection, sources)
        for name, file in uploads.items():
            self._note(f"{name} from {sources[name]}, sha256:{Path(file).name}")
        return {
            "argv": [str(word) for word in deployment.argv(place)],
            "files": {name: _base64(contents) for name, contents in deployment.files(place).items()},
            "uploads": uploads,
            "variables": dict(deployment.variables),
            "relative_waits": deployment.relative_waits,
            "respawn": deployment.respawn,
        }

    async def start(self) -> None:
        await self.agent.ask("start", limit=START_SECONDS)

    async def kill(self) -> None:
        await self.agent.ask("kill")

    async def stop(self, seconds: float) -> None:
        await self.agent.ask("stop", seconds=seconds)

    async def hold(self) -> None:
        await self.agent.ask("hold")

    async def let_go(self) -> None:
        await self.agent.ask("let_go")

    async def remake(self, place: Place, *, upgraded: bool = False, empty: bool = False) -> None:
        self.place = place
        if upgraded and self.deployment.upgraded is not None:
            self.deployment = self.deployment.upgraded
        await self.agent.ask("remake", joins=dict(place.joins), node=await self.made(), empty=empty)

    def on_event(self, event: Event) -> None:
        """Take from the agent that it runs, or no longer, or that it died; or that the agent itself is gone."""
        self._running = bool(event.get("running", self.running))
        self.holders = int(event.get("holders", self.holders))
        if "lost" in event:
            self.deaths.append(Death(self.name, self._now(), f"{self.name} was lost with its host: {event['lost']}"))
        if "death" in event:
            told = Death(self.name, self._now(), event["death"], tuple(event["lines"]), crashed=event["crashed"])
            self.deaths.append(told)

    async def how_it_ended(self) -> str:
        return "ended"

    async def log_lines(self) -> tuple[str, ...]:
        return tuple(await self.agent.ask("lines"))


def _base64(contents: str | bytes) -> str:
    return base64.b64encode(contents.encode() if isinstance(contents, str) else contents).decode()
