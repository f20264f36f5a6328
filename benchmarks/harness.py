"""How many operations a second can the harness itself carry out and record? One core, a target that answers at once,
the history written to a file as in any run.

    python benchmarks/harness.py [--json] [--seconds 2] [--repeat 5]
"""

import argparse
import asyncio
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from splitbrain.harness.client import ErrorTable, Shape
from splitbrain.harness.controller import Test, conduct
from splitbrain.harness.deployment import Simulated
from splitbrain.harness.generator import Context, calls, mix, repeat
from splitbrain.harness.histories.recorder import Recorder
from splitbrain.harness.operation import Operation, Outcome

T = TypeVar("T")


class Idle:
    """Environment, cluster, target, node and client in one, all of which do nothing."""

    name, summary, deterministic, running = "sim", "does nothing", False, True
    address = "here"
    options = claims = deployments = ()
    settings: Mapping[str, Any] = {}
    errors = ErrorTable()
    operations: Mapping[str, Shape] = {"read": Shape("none", "int", effects=False), "write": Shape("int", "int")}

    def __init__(self) -> None:
        self.began = time.perf_counter_ns()

    def now(self) -> int:
        return time.perf_counter_ns() - self.began

    def run(self, main: Callable[[], Coroutine[Any, Any, T]]) -> T:
        return asyncio.run(main())

    async def up(self, deployment: object, names: Sequence[str], folder: Path | None) -> "Idle":
        return self

    @property
    def nodes(self) -> "list[Idle]":
        return [self]

    def deaths(self) -> tuple[()]:
        return ()

    def client(self, node: object) -> "Idle":
        return self

    async def invoke(self, operation: Operation) -> Outcome:
        return Outcome.ok(operation.value)

    async def nothing(self) -> None:
        pass

    open = setup = teardown = close = down = nothing


def measure(seconds: float, folder: Path) -> float:
    """Operations a second of one run."""
    idle = Idle()
    recorder = Recorder(folder / "history.jsonl", idle.now)

    def write(context: Context) -> Operation:
        return Operation("write", context.draws.below(5), f"k{context.ordinal // 200}")

    test = Test(
        idle, Simulated(None), idle, ("n1",), mix(repeat(Operation("read", None, "k0")), calls(write)),  # type: ignore[arg-type]
        concurrency=10, rate=0, time_limit=seconds,
    )  # fmt: skip
    done = idle.run(lambda: conduct(test, recorder))
    began, ended = done.main
    return len(done.history) / 2 / ((ended - began) / 1e9)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--repeat", type=int, default=5)
    options = parser.parse_args()
    found = []
    for _ in range(options.repeat):
        with tempfile.TemporaryDirectory() as folder:
            found.append(measure(options.seconds, Path(folder)))
    figures = {
        "operations_per_second": round(statistics.median(found)),
        "slowest": round(min(found)),
        "fastest": round(max(found)),
        "runs": len(found),
    }
    print(
        json.dumps(figures) if options.json else "\n".join(f"{name:22} {value:>10,}" for name, value in figures.items())
    )


if __name__ == "__main__":
    main()
