"""Member: a node whose cluster is reconfigured; and for how long a step is tried again.

Pitfall: a step needs the cluster's own decision, and other faults may keep it from deciding for as long as they last.
So only time without other faults counts.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

from splitbrain.harness.deployment import Place
from splitbrain.harness.errors import InfrastructureError

T = TypeVar("T")

PAUSE_SECONDS = 0.1
ANSWER_SECONDS = 1.5
"""Seconds after which a node that has not answered is not waited for."""
STOP_SECONDS = 5.0
"""The time that a node may take that was asked to end."""
HEAL_SECONDS = 30.0
"""Within which, once no other fault is in force, every step has to succeed."""


class Member(Protocol):
    """A node as seen by what changes it."""

    @property
    def place(self) -> Place:
        """The place where it lives."""

    @property
    def running(self) -> bool:
        """Whether its process is alive."""

    @property
    def holders(self) -> int:
        """The number of those that hold it down: nobody starts it while there are any."""

    @property
    def outdated(self) -> bool:
        """Whether its deployment names another version to go to."""

    async def hold(self) -> None:
        """Join those who hold it down. That it ends from now on is no death."""

    async def let_go(self) -> None:
        """Leave those who hold it down."""

    async def stop(self, seconds: float) -> None:
        """Ask it to end (SIGTERM), and kill what has not ended after so many seconds. Nothing if it does not run."""

    async def start(self) -> None:
        """Start it, if it is not running; returns when it is started, not when it is ready."""

    async def remake(self, place: Place, *, upgraded: bool = False, empty: bool = False) -> None:
        """Move it, from its next start on, to this place, perhaps in the other version, perhaps with nothing left of
        what it wrote. Only while it is down."""


class Patience:
    """The time for which a step is tried: for so many seconds in a row in which no other fault is in force."""

    def __init__(self, seconds: float, calm: Callable[[], bool] = lambda: True) -> None:
        self._seconds = seconds
        self._calm = calm
        self._ends = 0.0
        self.renew()

    def renew(self) -> None:
        """Begin anew."""
        self._ends = asyncio.get_running_loop().time() + self._seconds

    def over(self) -> bool:
        """Whether it has come to an end."""
        if not self._calm():
            self.renew()
        return asyncio.get_running_loop().time() > self._ends

    async def until(self, what: str, step: Callable[[], Awaitable[T]]) -> T:
        """The result of a step that is tried until it raises nothing; it must not take for ever. InfrastructureError
        with what it raised last.

        what: the beginning of that sentence ("n2 could not be removed").
        """
        while True:
            try:
                return await step()
            except Exception as error:  # noqa: BLE001 - whatever it is, it was perhaps not done; told in the end
                last = str(error) or type(error).__name__
            if self.over():
                raise InfrastructureError(f"{what} within {self._seconds:g} s in which nothing else went wrong: {last}")
            await asyncio.sleep(PAUSE_SECONDS)


class NotYetError(Exception):
    """A step of ours that has to be tried again."""
