"""Operations a second that the harness itself carries out and records. One core, a target that answers at once,
the history written to a file as in any run. On a busy machine, look at the operations per second of the processor.

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
from splitbrain.harness.controller import Test, run_test
from splitbrain.harness.deployment import Simulated
from splitbrain.harness.generator import Context, calls, mix, repeat
from splitbrain.harness.histories.recorder import Recorder
from splitbrain.harness.operation import Operation, Outcome
from splitbrain.harness.progress import Progress

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

    async def up(self, deployment: object, names: Sequence[str], folder: Path | None, injections: object) -> "Idle":
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


class Stopwatch(Progress):
    """Note of what the process has spent at the beginning and the end of the main phase."""

    def __init__(self) -> None:
        super().__init__()
        self.spent: dict[str, tuple[float, float]] = {}

    def enter(self, phase: str, now: int) -> None:
        self.spent[phase] = time.perf_counter(), time.process_time()


def measure(seconds: float, folder: Path) -> tuple[float, float]:
    """Operations of one run for each second, and for each second of the processor."""
    idle = Idle()
    recorder = Recorder(folder / "history.jsonl", idle.now)

    def write(context: Context) -> Operation:
        return Operation("write", context.draws.below(5), f"k{context.ordinal // 200}")

    test = Test(
        idle, Simulated(None), idle, ("n1",), mix(repeat(Operation("read", None, "k0")), calls(write)),  # type: ignore[arg-type]
        concurrency=10, rate=0, time_limit=seconds,
    )  # fmt: skip
    stopwatch = Stopwatch()
    done = idle.run(lambda: run_test(test, recorder, None, stopwatch))
    (wall, cpu), (wall_end, cpu_end) = stopwatch.spent["main"], stopwatch.spent["clean-up"]
    operations = len(done.history) / 2
    return operations / (wall_end - wall), operations / (cpu_end - cpu)


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
    by_wall, by_cpu = zip(*found, strict=True)
    figures = {
        "operations_per_second": round(statistics.median(by_wall)),
        "slowest": round(min(by_wall)),
        "fastest": round(max(by_wall)),
        "operations_per_cpu_second": round(statistics.median(by_cpu)),
        "runs": len(found),
    }
    lines = (f"{name:26} {value:>10,}" for name, value in figures.items())
    print(json.dumps(figures) if options.json else "\n".join(lines))


if __name__ == "__main__":
    main()
