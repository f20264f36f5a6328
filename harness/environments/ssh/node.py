"""What is a node on another host, seen from here? What the agent there tells of it, and the orders that it takes."""

import asyncio
import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

from splitbrain.harness.deployment import Host, Place
from splitbrain.harness.environment import Death
from splitbrain.harness.environments.ssh import upload
from splitbrain.harness.environments.ssh.agent_client import AgentClient, Event, call
from splitbrain.harness.errors import InfrastructureError
from splitbrain.harness.node import Channel

START_SECONDS = 60.0
READY_PAUSE_SECONDS = 0.05
READY_ANSWER_SECONDS = 5.0


class RemoteNode:
    """The node of one host; see `harness.node.Node`, and `harness.reconfiguring.member.Member`. note: takes a line for
    the run folder."""

    def __init__(
        self,
        place: Place,
        deployment: Host,
        agent: AgentClient,
        log: Path,
        now: Callable[[], int],
        note: Callable[[str], None],
    ) -> None:
        self.place = place
        self.deployment = deployment
        self.agent = agent
        self.running = False
        self.killers = 0
        """How many hold it down, as the agent told last."""
        self.deaths: list[Death] = []
        self._log = log
        self._now = now
        self._note = note

    @property
    def name(self) -> str:
        return self.place.name

    @property
    def address(self) -> str:
        return self.place.address

    @property
    def holders(self) -> int:
        return self.killers

    @property
    def outdated(self) -> bool:
        return self.deployment.upgraded is not None

    def logs(self) -> Path:
        """It is there when the cluster is down."""
        return self._log

    async def connect(self) -> Channel:
        from splitbrain.harness.runtime.channel import connect

        return await connect(self.address, self.deployment.port, self.deployment.reply_type)

    async def made(self) -> dict[str, Any]:
        """How it comes to be, as the agent wants it; what it needs is copied there. InfrastructureError if it cannot
        be."""
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
        """The agent says that it runs, or no longer, or that it died; or the agent itself is gone."""
        self.running = bool(event.get("running", self.running))
        self.killers = int(event.get("holders", self.killers))
        if "lost" in event:
            self.deaths.append(Death(self.name, self._now(), f"{self.name} was lost with its host: {event['lost']}"))
        if "death" in event:
            told = Death(self.name, self._now(), event["death"], tuple(event["lines"]), crashed=event["crashed"])
            self.deaths.append(told)

    async def wait_ready(self, deadline: float) -> None:
        """Wait until it serves. InfrastructureError with its last log lines if it dies, or is not ready when the event
        loop's clock reaches the deadline."""
        while True:
            if not self.running:
                raise await self._failure("ended before it was ready")
            try:
                async with asyncio.timeout(READY_ANSWER_SECONDS):
                    if await self.deployment.ready(self.place):
                        return
            except OSError:  # Not yet, by the contract of `Ready`; a TimeoutError is one too.
                pass
            if asyncio.get_running_loop().time() > deadline:
                raise await self._failure(f"was not ready within {self.deployment.ready_seconds:g} s")
            await asyncio.sleep(READY_PAUSE_SECONDS)

    async def _failure(self, what: str) -> InfrastructureError:
        lines = await self.agent.ask("lines")
        said = (f"{self.name} on {self.agent.host} {what}; the last lines of its log:", *lines)
        return InfrastructureError("\n".join(said))


def _base64(contents: str | bytes) -> str:
    return base64.b64encode(contents.encode() if isinstance(contents, str) else contents).decode()
