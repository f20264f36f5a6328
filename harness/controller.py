"""Controller: carries out one test. Up, set-up, main with faults, heal, final operations, clean-up.

The first error decides how a test ended, and no clean-up that fails after it hides it. What was begun is ended on every
path (Ctrl-C is a cancellation), each step even if others fail, and a second Ctrl-C does not stop it half-way.
"""

import asyncio
import itertools
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from splitbrain.harness.active_faults import FaultReport
from splitbrain.harness.cleanup import CleanUp, shielded
from splitbrain.harness.coverage import coverage
from splitbrain.harness.deployment import Deployment
from splitbrain.harness.deposing import QUICK_WAYS, WAYS
from splitbrain.harness.dispatcher import Dispatcher
from splitbrain.harness.environment import Cluster, Counting, Death, Environment
from splitbrain.harness.errors import InfrastructureError, UsageError
from splitbrain.harness.generator.core import SECOND, Generator
from splitbrain.harness.generator.pace import rate
from splitbrain.harness.histories.recorder import Recorder
from splitbrain.harness.history import History
from splitbrain.harness.in_doubt import InDoubt
from splitbrain.harness.invariants import Invariable, InvariantMonitor
from splitbrain.harness.logs import crashed
from splitbrain.harness.marks import Marking
from splitbrain.harness.nemesis import NemesisRunner
from splitbrain.harness.node import Node
from splitbrain.harness.operation import ErrorKind, Value
from splitbrain.harness.progress import Progress
from splitbrain.harness.round_trips import round_trip_ns
from splitbrain.harness.serving import serves
from splitbrain.harness.target import Audited, Settling, Target
from splitbrain.harness.verdict import Verdict, unknown
from splitbrain.harness.worker import Worker, WorkerContext, described

SETUP_SECONDS = 30.0
"""The time that nodes that are up may take until they serve."""
ATTEMPT_SECONDS = 10.0
PAUSE_SECONDS = 0.5
SETTLE_SECONDS = 90.0
"""The time that a target's nodes may take to recover from faults, before the final operations."""
RECOVERY_AGAIN_SECONDS = 1.0
"""The time they get after the last leader was deposed, at most, before the final operations are done once more."""
AUDIT_SECONDS = 60.0
"""The time that a target may take to say whether its nodes agree."""
UNRESPONSIVE_SECONDS = 10.0
"""The time that a client may go on after it was cancelled."""


@dataclass(frozen=True)
class Test:
    """One test, ready to be carried out; UsageError if it makes no sense.

    deployment: how the target's nodes come to be, of the environment's kind. names: the nodes. main: the operations of
    the main phase; rate and time limit are added here. final: the operations after healing, made from what was done.
    folder: where node logs go.
    """

    __test__ = False  # pytest takes the name for its own

    target: Target
    deployment: Deployment
    environment: Environment
    names: Sequence[str]
    main: Generator
    final: Callable[[History], Generator | None] | None = None
    folder: Path | None = None
    seed: int = 0
    concurrency: int = 10
    """Client threads; thread t speaks to node t mod n."""
    rate: float = 100.0
    """Operations a second over all threads; 0 means as fast as they go."""
    time_limit: float = 60.0
    """Seconds of the main phase: no operation begins later."""
    timeout: float = 5.0
    """Seconds until an operation is given up, connecting included."""
    recovery: float = 5.0
    """Seconds between healing and the final operations; none where no fault was injected."""
    final_limit: float = 60.0
    """Seconds within which final operations begin."""

    def __post_init__(self) -> None:
        kind = type(self.deployment)
        if kind.environment != self.environment.name:
            raise UsageError(
                f"{self.target.name}: {kind.__name__} nodes cannot live in environment {self.environment.name}"
            )
        for what, value in (("concurrency", self.concurrency), ("number of nodes", len(self.names))):
            if value < 1:
                raise UsageError(f"the {what} must be at least 1, not {value}")
        for what, seconds in (("time limit", self.time_limit), ("timeout", self.timeout)):
            if not seconds > 0:
                raise UsageError(f"the {what} must be more than 0 seconds, not {seconds:g}")


@dataclass(frozen=True)
class TestRun:
    """The history of a test that was carried out to its end, and what belongs to it.

    history: everything that happened. path: the file it stands in. main: (start, end) of the main phase in
    nanoseconds since the start of the run, its last operations included. faults: the report of each. deaths: nodes
    that died by themselves. warnings: for people; none of them touches the history. audits: what the target
    says of its nodes, asked after everything else, and whether its invariants held. coverage: counts of what its faults
    met and how they overlapped, of moments, marks and rare messages, ready for JSON (`harness.coverage`); and the round
    trip between clients and nodes, where it was measured.
    """

    __test__ = False  # pytest takes the name for its own

    history: History
    path: Path | None
    main: tuple[int, int]
    faults: Mapping[str, FaultReport] = field(default_factory=dict)
    deaths: tuple[Death, ...] = ()
    warnings: tuple[str, ...] = ()
    audits: tuple[Verdict, ...] = ()
    coverage: Mapping[str, Value] = field(default_factory=dict)


async def run_test(
    test: Test, recorder: Recorder, nemesis: NemesisRunner | None = None, progress: Progress | None = None
) -> TestRun:
    """Carry out a test on the event loop of its environment.

    The recorder is closed on every path. InfrastructureError if the test could not be carried out; an error of a
    generator as it is; CancelledError if cancelled: healed, closed, and nothing left behind.
    """
    return await _Run(test, recorder, nemesis, progress or Progress()).carried_out()


class _Run:
    """A test that is being carried out."""

    def __init__(self, test: Test, recorder: Recorder, nemesis: NemesisRunner | None, progress: Progress) -> None:
        self.test, self.recorder, self.nemesis, self.progress = test, recorder, nemesis, progress
        self.now = test.environment.now
        self.path: Path | None = None
        self.deaths: tuple[Death, ...] = ()
        self.audits: tuple[Verdict, ...] = ()
        self.network: Mapping[str, int] = {}
        self.round_trip: int | None = None
        self.in_doubt = InDoubt()
        if isinstance(test.environment, Marking):
            self.in_doubt.listen(test.environment.marks)
        self.context = WorkerContext(
            client=test.target.client,
            errors=test.target.errors,
            effects={f: shape.effects for f, shape in test.target.operations.items()},
            timeout=test.timeout,
            concurrency=test.concurrency,
            recorder=recorder,
            now=self.now,
            progress=progress,
            real_time=not test.environment.deterministic,
            in_doubt=self.in_doubt.ended if isinstance(test.environment, Marking) else lambda client: None,
        )

    async def carried_out(self) -> TestRun:
        async with CleanUp() as cleaning:
            cleaning.add("closing the history", self._close_history)
            main = await self._phases(cleaning)
        self._enter("over")
        faults = self.nemesis.reports() if self.nemesis else {}
        history = self.recorder.history
        warnings = (*self.context.warnings, *history.warnings)
        marks = self.test.environment.marks.counts if isinstance(self.test.environment, Marking) else {}
        moments = self.nemesis.moments if self.nemesis else {}
        covered = coverage(history, moments, dict(sorted(marks.items())), self.network)
        covered |= self.in_doubt.coverage()
        covered |= {} if self.round_trip is None else {"round_trip_us": round(self.round_trip / 1000, 1)}
        return TestRun(history, self.path, main, faults, self.deaths, warnings, self.audits, covered)

    async def _phases(self, cleaning: CleanUp) -> tuple[int, int]:
        """Everything up to the last operation; returns when main began and ended."""
        test, nemesis = self.test, self.nemesis
        self._enter("up")
        injections = nemesis.injections if nemesis is not None else frozenset()
        monitor = _monitor(test)
        cluster = await test.environment.up(test.deployment, test.names, test.folder, injections)
        cleaning.add("taking the cluster down", cluster.down)
        nodes = cluster.nodes
        self._enter("set-up")
        await self._set_up(cluster)
        if not test.environment.deterministic:
            self.round_trip = await round_trip_ns([node.address for node in nodes if node.address])
        workers = [Worker(thread, nodes[thread % len(nodes)], self.context) for thread in range(test.concurrency)]
        cleaning.add("closing the clients", partial(_closed, workers))
        if nemesis is not None:
            cleaning.add("healing", nemesis.heal)
        self._enter("main")
        began = self.now()
        await self._main(cluster, workers)
        main = began, self.now()
        if nemesis is not None:
            self._enter("heal")
            await nemesis.heal()
            if _has_injected(nemesis):
                await self._recover(nodes, test.recovery)
        if await self._final(workers) and nemesis is not None and _has_injected(nemesis):
            self._enter("heal")
            if await nemesis.depose(WAYS if test.environment.deterministic else QUICK_WAYS):
                await self._recover(nodes, min(test.recovery, RECOVERY_AGAIN_SECONDS))
                await self._final(workers)
        if isinstance(test.target, Audited):
            self._enter("audit")
            self.audits += (await _audited(test.target, nodes),)
        if monitor is not None:
            self.audits += (monitor.verdict(),)
        self._enter("clean-up")
        await self._tear_down(nodes[0])
        self.deaths = tuple(cluster.deaths())
        if isinstance(cluster, Counting):
            self.network = cluster.coverage()
        crash = crashed(self.deaths)
        if crash is not None:
            self.audits = (*self.audits, crash)
        return main

    async def _recover(self, nodes: Sequence[Node], seconds: float) -> None:
        """Give the nodes time after a heal."""
        await asyncio.sleep(seconds)
        if isinstance(self.test.target, Settling):
            await self._settle(self.test.target, nodes)

    async def _final(self, workers: Sequence[Worker]) -> bool:
        """The final operations; whether there are any."""
        test = self.test
        final = None if test.final is None else test.final(self.recorder.history)
        if final is None:
            return False
        self._enter("final")
        await self._serve(workers, final, test.final_limit)
        return True

    async def _set_up(self, cluster: Cluster) -> None:
        """Set up over the first client; while the nodes do not serve yet, over the next."""
        target = self.test.target
        ends = self.now() + int(SETUP_SECONDS * SECOND)
        for node in itertools.cycle(cluster.nodes):
            client = target.client(node)
            try:
                async with asyncio.timeout(ATTEMPT_SECONDS):
                    await client.open()
                    await client.setup()
                return
            except Exception as error:
                foreseen = target.errors.classify(error)[0] is not ErrorKind.OTHER or isinstance(error, OSError)
                if not foreseen or self.now() >= ends:
                    silent = isinstance(error, TimeoutError) and not str(error)
                    what = f"{node.name} did not answer within {ATTEMPT_SECONDS:g} s" if silent else described(error)
                    told = "; ".join((what, *(death.text for death in cluster.deaths()[:1])))
                    raise InfrastructureError(f"{target.name} could not be set up: {told}") from error
            finally:
                await self.context.dismiss(client, node)
            await asyncio.sleep(PAUSE_SECONDS)

    async def _settle(self, target: Settling, nodes: Sequence[Node]) -> None:
        """Wait for slow nodes. Waiting in vain is a warning: final operations are tried all the same."""
        trouble = f"the nodes had not recovered {SETTLE_SECONDS:g} s after the last heal"
        try:
            async with asyncio.timeout(SETTLE_SECONDS):
                await target.settle(nodes)
        except TimeoutError:
            self.context.warnings[trouble] = None
        except Exception as error:  # noqa: BLE001 - the history so far is complete, and final operations are tried
            self.context.warnings[f"{trouble}: {described(error)}"] = None

    async def _main(self, cluster: Cluster, workers: Sequence[Worker]) -> None:
        test = self.test
        work = self._serve(workers, rate(test.rate, test.main), test.time_limit)
        if self.nemesis is None:
            await work
        else:
            roles = partial(test.target.roles, cluster.nodes)
            answering = partial(serves, self.recorder.recent)
            await _beside(work, self.nemesis.run(cluster, roles, self.recorder, self.now, answering))

    async def _serve(self, workers: Sequence[Worker], generator: Generator, seconds: float) -> None:
        """Serve all workers from one dispatcher, until each is done."""
        dispatcher = Dispatcher(generator, self.test.seed, range(len(workers)), self.now, seconds)
        tasks = [asyncio.ensure_future(worker.run(dispatcher)) for worker in workers]
        everybody = asyncio.gather(*tasks)
        # Given up by a cancelled shield, it would otherwise say on standard error how the workers were cancelled.
        everybody.add_done_callback(_seen)
        try:
            # Shielded, so that the dispatcher is closed before workers are cancelled: a client may swallow its own.
            await asyncio.shield(everybody)
        finally:
            dispatcher.close()
            for worker, left in zip(workers, await _ended(tasks), strict=True):
                if left:
                    self.context.warnings[f"thread {worker.thread} did not give up its operation"] = None

    async def _tear_down(self, node: Node) -> None:
        client = self.test.target.client(node)
        try:
            async with asyncio.timeout(ATTEMPT_SECONDS):
                await client.open()
                await client.teardown()
        except Exception as error:  # noqa: BLE001 - the history is complete; what is left goes down with the cluster
            self.context.warnings[f"undoing the set-up on {node.name}: {described(error)}"] = None
        finally:
            await self.context.dismiss(client, node)

    async def _close_history(self) -> None:
        self.path = self.recorder.close()

    def _enter(self, phase: str) -> None:
        self.progress.enter(phase, self.now())


def _has_injected(nemesis: NemesisRunner) -> bool:
    """Whether a fault has come."""
    return any(report.times for report in nemesis.reports().values())


def _monitor(test: Test) -> InvariantMonitor | None:
    """Monitor of the target's invariants, where it has any and its marks are heard."""
    if isinstance(test.target, Invariable) and test.target.invariants and isinstance(test.environment, Marking):
        return InvariantMonitor(test.target.invariants, test.environment.marks)
    return None


async def _audited(target: Audited, nodes: Sequence[Node]) -> Verdict:
    """The target's audit of its nodes; `unknown` if they cannot be asked."""
    try:
        async with asyncio.timeout(AUDIT_SECONDS):
            return await target.audit(nodes)
    except Exception as error:  # noqa: BLE001 - the history is complete, and is judged all the same
        return unknown("audit", f"the nodes could not be asked whether they agree: {described(error)}")


async def _closed(workers: Sequence[Worker]) -> None:
    await asyncio.gather(*(worker.close() for worker in workers))


async def _beside(work: Coroutine[Any, Any, None], faults: Coroutine[Any, Any, None]) -> None:
    """Carry out the work, and faults as long as it lasts. An error of either ends both."""
    injecting = asyncio.ensure_future(faults)
    working = asyncio.ensure_future(work)

    def failed() -> bool:
        return injecting.done() and not injecting.cancelled() and injecting.exception() is not None

    injecting.add_done_callback(lambda _: working.cancel() if failed() else None)
    try:
        await working
    except asyncio.CancelledError:
        if failed():
            injecting.result()
        raise
    finally:
        await _ended([injecting, working])


async def _ended(tasks: Sequence["asyncio.Future[None]"]) -> list[bool]:
    """Cancel what still runs, and wait until it has ended, even if cancelled meanwhile. Of each, whether it has not:
    what refuses to end must not keep a cluster alive."""
    for task in tasks:
        task.cancel()
    await shielded(asyncio.wait(tasks, timeout=UNRESPONSIVE_SECONDS))
    for task in tasks:
        if task.done():
            _seen(task)
    return [not task.done() for task in tasks]


def _seen(ended: "asyncio.Future[Any]") -> None:
    """Retrieve a future's exception, which was raised elsewhere already, so that asyncio does not log it."""
    if not ended.cancelled():
        ended.exception()
