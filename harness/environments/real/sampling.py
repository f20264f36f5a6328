"""Samples of what nodes use (CPU, memory, threads, open files), in the run folder."""

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

from splitbrain.harness.environments.linux.processes import usage
from splitbrain.harness.environments.real.pid_node import PidNode

PERIOD_SECONDS = 2.0


async def sample(nodes: Sequence[PidNode], file: Path, now: Callable[[], int]) -> None:
    """Append one line per node and period until cancelled: `time` (ns of the run), `node`, and the fields of
    `linux.processes.Usage`."""
    with file.open("ab", buffering=0) as out:
        while True:
            time = now()
            lines = [{"time": time, "node": node.name, **asdict(usage(node.pids()))} for node in nodes]
            out.write("".join(json.dumps(line) + "\n" for line in lines).encode())
            await asyncio.sleep(PERIOD_SECONDS)
