"""What do the nodes use? CPU, memory, threads and open files of each, sampled into the run folder while it runs."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from splitbrain.harness.environments.hosted.node import HostedNode
from splitbrain.harness.environments.linux.processes import usage

PERIOD_SECONDS = 2.0


async def sample(nodes: Sequence[HostedNode], file: Path, now: Callable[[], int]) -> None:
    """Append one line per node and period until cancelled: `time` (ns of the run), `node`, and the fields of
    `linux.processes.Usage`."""
    encoder = msgspec.json.Encoder()
    with file.open("ab", buffering=0) as out:
        while True:
            time = now()
            lines = [{"time": time, "node": node.name, **msgspec.to_builtins(usage(node.pids()))} for node in nodes]
            out.write(encoder.encode_lines(lines))
            await asyncio.sleep(PERIOD_SECONDS)
