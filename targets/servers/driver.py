"""Blocking drivers on threads: one session a node, shared by the clients that are pinned to it.

Clients come and go with every operation of unknown end; a session goes with the last of them, or when its connection
broke: then the next client to come makes a new one. A driver's own retries, speculative executions and reconnections to
other nodes are to be switched off, or an operation of unknown end happens twice.
Pitfall: a client may be given up while the session is being made; the last one has it closed once it is there.
"""

import asyncio
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, TypeVar

T = TypeVar("T")


@dataclass(eq=False)
class SharedSession:
    """One session, or the attempt to make it: it has `broken`, and `close`. users: so many clients need it."""

    address: str
    opening: "asyncio.Task[Any]"
    users: int = 0

    @property
    def useless(self) -> bool:
        """Whether the next client needs another one."""
        opening = self.opening
        return opening.done() and (opening.cancelled() or opening.exception() is not None or opening.result().broken)

    async def session(self) -> Any:
        """The session, once it is there. ConnectionRefusedError if the node cannot be reached."""
        return await asyncio.shield(self.opening)


class SharedSessions:
    """The sessions of a run, by the node's address. connect: makes one; blocks; ConnectionRefusedError if it cannot."""

    def __init__(self, connect: Callable[[str], Any]) -> None:
        self._connect = connect
        self._shared: dict[str, SharedSession] = {}

    def join(self, address: str) -> SharedSession:
        """The session with a node, for one client more; it is there when `opening` is done."""
        shared = self._shared.get(address)
        if shared is None or shared.useless:
            shared = self._shared[address] = SharedSession(address, on_thread(self._connect, address))
        shared.users += 1
        return shared

    async def leave(self, shared: SharedSession) -> None:
        """One client less. The last one closes it; given up meanwhile, that goes on by itself."""
        shared.users -= 1
        if shared.users:
            return
        if self._shared.get(shared.address) is shared:
            del self._shared[shared.address]
        await asyncio.shield(asyncio.ensure_future(_closed(shared)))


def on_thread(work: Callable[..., T], *arguments: Any) -> "asyncio.Task[T]":
    """Blocking work on a thread, which goes on when nobody waits for it any more."""
    task = asyncio.ensure_future(asyncio.to_thread(work, *arguments))
    task.add_done_callback(_seen)
    return task


async def called_back(start: Callable[[Callable[[T], None], Callable[[Exception], None]], object]) -> T:
    """The value that a driver hands to one of two callbacks, on a thread. start: is given both and returns at once."""
    loop = asyncio.get_running_loop()
    answered: asyncio.Future[T] = loop.create_future()

    def hand_over(settle: Callable[[Any], None], value: Any) -> None:
        # An answer that comes when the run is over is nobody's.
        if not loop.is_closed():
            loop.call_soon_threadsafe(lambda: None if answered.done() else settle(value))

    start(lambda value: hand_over(answered.set_result, value), lambda error: hand_over(answered.set_exception, error))
    return await answered


async def linked(link: Callable[[Callable[[Any], None]], object], but: Collection[str] = ()) -> Any:
    """The value of a driver's own future; None if it failed with one of these exceptions, by their names. link: calls a
    function with the future when it is done, on a thread of its own."""
    done: Any = await called_back(lambda settle, _: link(settle))
    if done.successful():
        return done.value
    if type(done.exception).__name__ in but:
        return None
    raise done.exception


async def until(connected: Callable[[], bool], seconds: float) -> None:
    """Wait for a driver that connects on a thread of its own. ConnectionRefusedError if it does not."""
    try:
        async with asyncio.timeout(seconds):
            while not connected():
                await asyncio.sleep(0.01)
    except TimeoutError as error:
        raise ConnectionRefusedError(f"no session with the node within {seconds:g} s") from error


def _seen(task: "asyncio.Task[Any]") -> None:
    """Look at how a task ended: its waiter has raised its error, and nothing else need be told."""
    if not task.cancelled():
        task.exception()


async def _closed(shared: SharedSession) -> None:
    await asyncio.wait([shared.opening])
    if not shared.opening.cancelled() and shared.opening.exception() is None:
        await shared.opening.result().close()
