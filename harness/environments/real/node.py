"""RealNode: what nodes of all real environments share, wherever their processes run."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path

from splitbrain.harness.deployment import Place, Served
from splitbrain.harness.environment import Death
from splitbrain.harness.errors import InfrastructureError
from splitbrain.harness.node import Channel

ANSWER_SECONDS = 5.0
READY_PAUSE_SECONDS = 0.02


class RealNode(ABC):
    """One member of a real cluster; see `harness.node.Node` and `harness.reconfiguring.member.Member`.

    log: the file in the run folder. now: nanoseconds of the run.
    """

    def __init__(self, place: Place, deployment: Served, log: Path, now: Callable[[], int]) -> None:
        self.place = place
        self.deployment = deployment
        """The deployment that it comes of; another one after an upgrade."""
        self.holders = 0
        """The number of injections that hold it down: it stays dead until the last of them is healed."""
        self.deaths: list[Death] = []
        self._log = log
        self._now = now

    @property
    def name(self) -> str:
        return self.place.name

    @property
    def address(self) -> str:
        return self.place.address

    @property
    def outdated(self) -> bool:
        return self.deployment.upgraded is not None

    @property
    @abstractmethod
    def running(self) -> bool:
        """Whether its process is alive; a paused one is."""

    @abstractmethod
    async def start(self) -> None:
        """Start it, if it is not running; returns when it is started, not when it is ready."""

    @abstractmethod
    async def kill(self) -> None:
        """End it at once (-9)."""

    @abstractmethod
    async def stop(self, seconds: float) -> None:
        """Ask it to end (SIGTERM), and kill what has not ended after so many seconds."""

    @abstractmethod
    async def hold(self) -> None:
        """Hold it down; that it ends from now on is no death."""

    @abstractmethod
    async def let_go(self) -> None:
        """Hold it down no longer."""

    @abstractmethod
    async def remake(self, place: Place, *, upgraded: bool = False, empty: bool = False) -> None:
        """Move it to another place, from its next start on; see `harness.reconfiguring.member.Member`."""

    @abstractmethod
    async def how_it_ended(self) -> str:
        """The middle of a sentence ("exited with code 1"), of a node that does not run."""

    @abstractmethod
    async def log_lines(self) -> tuple[str, ...]:
        """The last lines of its log."""

    def words(self) -> str:
        """The name in messages."""
        return self.name

    def logs(self) -> Path:
        return self._log

    async def connect(self) -> Channel:
        # Imported here: on other machines, where this runs too, there is no library for it.
        from splitbrain.harness.runtime.channel import connect

        return await connect(self.address, self.deployment.port, self.deployment.reply_type)

    async def wait_ready(self, deadline: float) -> None:
        """Wait until it serves. InfrastructureError with its last log lines if it dies, or is not ready when the event
        loop's clock reaches the deadline."""
        answered = ""
        while True:
            if not self.running:
                raise await self._failure(f"{await self.how_it_ended()} before it was ready")
            try:
                # Not wait_for: it swallows a cancellation that comes just when the answer is there.
                async with asyncio.timeout(ANSWER_SECONDS):
                    if await self.deployment.ready(self.place):
                        return
                    answered = "it was not ready"
            except OSError as error:  # Not yet, by the contract of `Ready`; a TimeoutError is one too.
                answered = " ".join(str(error).split()) or "no answer in time"
            if asyncio.get_running_loop().time() > deadline:
                raise await self._failure(
                    f"was not ready within {self.deployment.ready_seconds:g} s (asked last: {answered})"
                )
            await asyncio.sleep(READY_PAUSE_SECONDS)

    async def _failure(self, what: str) -> InfrastructureError:
        said = (f"{self.words()} {what}; the last lines of its log:", *await self.log_lines())
        return InfrastructureError("\n".join(said))
