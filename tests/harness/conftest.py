"""A stage for tests of the controller: a target whose clients do as they are told, in virtual time, on nodes that are
only names; and a count of what was opened, started and injected, and must be gone at the end."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Coroutine, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from splitbrain.harness.client import ErrorTable, Shape
from splitbrain.harness.controller import Test, TestRun, run_test
from splitbrain.harness.deployment import Simulated
from splitbrain.harness.environment import Death
from splitbrain.harness.environments.sim.loop import VirtualLoop
from splitbrain.harness.environments.sim.scheduler import EventQueue
from splitbrain.harness.generator import Generator
from splitbrain.harness.histories.recorder import Recorder
from splitbrain.harness.history import Event
from splitbrain.harness.operation import Operation, Outcome
from splitbrain.harness.progress import Progress

Step = Callable[[], Awaitable[None]]


async def nothing() -> None:
    """Connect, which takes no time."""


class StageNode:
    """A name."""

    def __init__(self, name: str) -> None:
        self.name = self.address = name
        self.running = True


class StageClient:
    """A client that does what the stage says; `number` counts the clients that were made."""

    def __init__(self, stage: "FakeRun", node: StageNode, number: int) -> None:
        self.stage, self.node, self.number = stage, node, number

    async def open(self) -> None:
        self.stage.opened += 1
        await self.stage.open(self)

    async def setup(self) -> None:
        self.stage.steps.append("setup")
        await self.stage.setup()

    async def invoke(self, operation: Operation) -> Outcome:
        return await self.stage.invoke(self, operation)

    async def teardown(self) -> None:
        self.stage.steps.append("teardown")
        await self.stage.teardown()

    async def close(self) -> None:
        self.stage.closed += 1
        await self.stage.close()


class FakeRun:
    """Target, environment and cluster in one. Replace what should happen; then `run_test`."""

    name = "sim"
    summary = "for tests"
    deterministic = True
    options = ()
    settings: Mapping[str, Any] = {}
    claims = ()
    deployments = ()
    errors = ErrorTable()
    operations: Mapping[str, Shape] = {"read": Shape("none", "int", effects=False), "write": Shape("int", "int")}

    def __init__(self) -> None:
        self.kernel = EventQueue()
        self.nodes = [StageNode(name) for name in ("n1", "n2", "n3")]
        self.steps: list[str] = []
        self.opened = self.closed = self.clients = 0
        self.up_now = False
        self.recorder = Recorder(None, self.now)
        self.progress = Progress()
        self.open: Callable[[StageClient], Awaitable[None]] = lambda client: nothing()
        self.died: Sequence[Death] = ()
        self.setup: Step = nothing
        self.teardown: Step = nothing
        self.close: Step = nothing
        self.starting: Step = nothing
        self.stopping: Step = nothing
        self.invoke: Callable[[StageClient, Operation], Awaitable[Outcome]] = self.answered

    def now(self) -> int:
        return self.kernel.now

    async def up(
        self, deployment: object, names: Sequence[str], folder: Path | None, injections: Collection[type] = ()
    ) -> "FakeRun":
        await self.starting()
        self.up_now = True
        return self

    async def down(self) -> None:
        await self.stopping()
        self.up_now = False

    def deaths(self) -> Sequence[Death]:
        return self.died

    def client(self, node: StageNode) -> StageClient:
        self.clients += 1
        return StageClient(self, node, self.clients)

    async def roles(self, nodes: object) -> dict[str, str]:
        return {}

    async def answered(self, client: StageClient, operation: Operation) -> Outcome:
        await asyncio.sleep(0.001)
        return Outcome.ok(operation.value)

    def run(self, main: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
        loop = VirtualLoop(self.kernel)
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            return runner.run(main())

    def test(self, main: Generator, **settings: Any) -> Test:
        settings = {"concurrency": 3, "rate": 0.0, "time_limit": 10.0, "timeout": 1.0, **settings}
        return Test(self, Simulated(None), self, ("n1", "n2", "n3"), main, **settings)  # type: ignore[arg-type]

    def run_test(self, main: Generator, nemesis: Any = None, **settings: Any) -> TestRun:
        """Carry out a test, and see that nothing is left of it."""
        test = self.test(main, **settings)

        async def whole() -> TestRun:
            try:
                return await run_test(test, self.recorder, nemesis, self.progress)
            finally:
                assert len(asyncio.all_tasks()) == 1

        try:
            return self.run(whole)
        finally:
            self.assert_clean()

    def assert_clean(self) -> None:
        assert not self.up_now
        assert self.closed >= self.opened

    def events(self) -> list[Event]:
        return list(self.recorder.history)

    def lines(self) -> list[tuple[int | str, str, str, Any]]:
        """(process, type, f, error kind or value) of every event."""
        return [(e.process, e.type, e.f, e.error[0] if isinstance(e.error, tuple) else e.value) for e in self.events()]


@pytest.fixture
def stage() -> FakeRun:
    return FakeRun()
