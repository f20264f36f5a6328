"""Which session does a client use? The one with its node, shared with the other clients that are pinned there.

Clients come and go with every operation whose end nobody knows; a session goes with the last of them, or when its
connection broke: then the next client to come makes a new one. The trap: a client may be given up while the session is
being made; whoever is last has it closed all the same, once it is there.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from splitbrain.targets.cassandra.session import Session, seen

Connect = Callable[[str], Session]
"""Makes the session with the node at an address; blocks. ConnectionRefusedError if it cannot be reached."""


@dataclass(eq=False)
class Line:
    """One session, or the attempt to make it. users: so many clients need it."""

    address: str
    opening: "asyncio.Task[Session]"
    users: int = 0

    @property
    def useless(self) -> bool:
        """Whether the next client needs another one."""
        opening = self.opening
        return opening.done() and (opening.cancelled() or opening.exception() is not None or opening.result().broken)

    async def session(self) -> Session:
        """The session, once it is there. ConnectionRefusedError if the node cannot be reached."""
        return await asyncio.shield(self.opening)


class Sessions:
    """The sessions of a run, by the node's address."""

    def __init__(self, connect: Connect) -> None:
        self._connect = connect
        self._lines: dict[str, Line] = {}

    def join(self, address: str) -> Line:
        """The session with a node, for one client more; it is there when `opening` is done."""
        line = self._lines.get(address)
        if line is None or line.useless:
            opening = asyncio.ensure_future(asyncio.to_thread(self._connect, address))
            opening.add_done_callback(seen)
            line = self._lines[address] = Line(address, opening)
        line.users += 1
        return line

    async def leave(self, line: Line) -> None:
        """One client less. The last one closes it; given up meanwhile, that goes on by itself."""
        line.users -= 1
        if line.users:
            return
        if self._lines.get(line.address) is line:
            del self._lines[line.address]
        await asyncio.shield(asyncio.ensure_future(_closed(line)))


async def _closed(line: Line) -> None:
    await asyncio.wait([line.opening])
    if not line.opening.cancelled() and line.opening.exception() is None:
        await line.opening.result().close()
