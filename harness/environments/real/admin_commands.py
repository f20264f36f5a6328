"""Admin commands: work given to nodes by commands beside them, begun at the injection and waited for at the heal.

So other faults go on meanwhile, and may hit the command as well: then it was not done, and is not counted.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from splitbrain.harness.deployment import Place
from splitbrain.harness.environments.real.pid_node import PidNode
from splitbrain.harness.errors import InfrastructureError
from splitbrain.harness.injection import Bite

PATIENCE_SECONDS = 20.0
"""Seconds for which a heal waits for what has not ended yet; then it is given up."""


@dataclass
class ActiveAdminCommand:
    """Work that nodes are given, as far as they run."""

    nodes: Sequence[PidNode]
    command: Callable[[Place], Sequence[str]]
    counter: str
    _tasks: "list[asyncio.Task[bool]]" = field(init=False, default_factory=list)

    async def inject(self) -> None:
        loop = asyncio.get_running_loop()
        self._tasks = [loop.create_task(self._done(node)) for node in self.nodes if node.running]

    async def _done(self, node: PidNode) -> bool:
        try:
            await node.admin_command([str(word) for word in self.command(node.place)])
        except (InfrastructureError, OSError):  # the node's log has it; the bite tells
            return False
        return True

    async def heal(self) -> Bite:
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=PATIENCE_SECONDS)
            for admin_command in late:
                admin_command.cancel()
        ends = await asyncio.gather(*self._tasks, return_exceptions=True)
        return {self.counter: sum(end is True for end in ends)}
