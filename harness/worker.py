"""How does one thread carry out its operations? Ask the desk, record, invoke, record how it ended, and begin anew where
nobody knows.

A thread outlives its processes: after `info` its process is retired and it goes on as `process + concurrency`. The trap
is the late reply: whenever an operation's connection may still hold an answer, the client is closed and a fresh one
opened, so that no answer ever meets the next request.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from splitbrain.harness.client import Client, ErrorTable
from splitbrain.harness.deadline import Deadline
from splitbrain.harness.dispatcher import Dispatcher
from splitbrain.harness.errors import UsageError
from splitbrain.harness.generator.core import Completion, Done, Wait
from splitbrain.harness.histories.recorder import Recorder
from splitbrain.harness.node import Node
from splitbrain.harness.operation import Error, ErrorKind, EventType, Operation, Outcome
from splitbrain.harness.progress import Progress

BACKOFF_SECONDS = (0.1, 1.0)
"""The first pause after nothing could be sent, and the longest; each is twice the last."""
CLOSE_SECONDS = 1.0
STANDSTILL_SECONDS = 1e-6
"""The pause after an operation that took no time: without it, virtual time would never pass."""

INTACT = frozenset((ErrorKind.PRECONDITION, ErrorKind.NO_LEADER, ErrorKind.UNAVAILABLE, ErrorKind.CONFLICT))
"""Errors that are answers: the connection is as good as before."""


@dataclass(frozen=True)
class WorkerContext:
    """What all workers of a test share. timeout: seconds for one operation, connecting included."""

    client: Callable[[Node], Client]
    errors: ErrorTable
    effects: Mapping[str, bool]
    """f → whether it can change anything."""
    timeout: float
    concurrency: int
    recorder: Recorder
    now: Callable[[], int]
    progress: Progress
    warnings: dict[str, None] = field(default_factory=dict)
    """What went wrong beside the operations, each once, in order."""

    async def dismiss(self, client: Client, node: Node) -> None:
        """Close a client; one that cannot even be closed is a warning."""
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                await client.close()
        except Exception as error:  # noqa: BLE001 - it must not end the test, and is told
            self.warnings[f"closing a client of {node.name}: {described(error)}"] = None


class Worker:
    """One client thread, pinned to one node."""

    def __init__(self, thread: int, node: Node, job: WorkerContext) -> None:
        self.thread = thread
        self._node, self._job = node, job
        self._process = thread
        self._ordinal = 0
        self._client: Client | None = None
        self._open = False
        self._refusals = 0

    async def run(self, desk: Dispatcher) -> None:
        """Work until the desk has nothing more for this thread."""
        deadline = Deadline()
        try:
            while True:
                answer = desk.ask(self.thread, self._ordinal, self._process)
                if isinstance(answer, Operation):
                    self._ordinal += 1
                    began = self._job.now()
                    await self._perform(answer, desk, deadline)
                    await asyncio.sleep(self._pause(began))
                elif isinstance(answer, Wait):
                    await desk.wait(self.thread, answer)
                elif isinstance(answer, Done):
                    return
                else:
                    raise UsageError(f"a generator answered {answer!r}, which is no Operation, Wait or Done")
        finally:
            deadline.close()

    async def close(self) -> None:
        """Close the client, if there is one."""
        client, self._client, self._open = self._client, None, False
        if client is not None:
            await self._job.dismiss(client, self._node)

    async def _perform(self, operation: Operation, desk: Dispatcher, deadline: Deadline) -> None:
        job, process, node = self._job, self._process, self._node.name
        job.recorder.invoke(process, operation, node)
        job.progress.counts[EventType.INVOKE] += 1
        outcome = await self._outcome(operation, deadline)
        job.recorder.complete(process, operation, outcome, node)
        now = job.now()
        progress = job.progress
        progress.counts[outcome.type] += 1
        progress.now = now
        desk.ended(Completion(self.thread, operation, outcome.type, now))
        error = outcome.error
        if error is None:
            self._refusals = 0
            return
        if outcome.type is EventType.INFO:
            self._process += job.concurrency
        self._refusals = self._refusals + 1 if error.kind is ErrorKind.REFUSED else 0
        if outcome.type is EventType.INFO or error.kind not in INTACT or not self._open:
            await self.close()

    async def _outcome(self, operation: Operation, deadline: Deadline) -> Outcome:
        """Carry out an operation within its deadline."""
        job = self._job
        deadline.start(job.timeout)
        try:
            client = self._client
            if client is None:
                client = self._client = job.client(self._node)
                await client.open()
                self._open = True
            outcome = await client.invoke(operation)
            if not isinstance(outcome, Outcome) or outcome.type is EventType.INVOKE:
                raise TypeError(f"the client's invoke returned {outcome!r}, which is no outcome")
        except asyncio.CancelledError:
            if not deadline.expired():
                raise
            return self._failed(operation, TimeoutError(f"no answer within {job.timeout:g} s"))
        except Exception as error:  # noqa: BLE001 - whatever it is, the table says what it means, and it is recorded
            return self._failed(operation, error)
        finally:
            deadline.stop()
        if outcome.type is not EventType.OK and outcome.error is None:
            return Outcome(outcome.type, outcome.value, Error(ErrorKind.OTHER, "the client gave no reason"))
        return outcome

    def _failed(self, operation: Operation, error: Exception) -> Outcome:
        """What an exception means for the operation: before the client was open, nothing was sent."""
        job = self._job
        if self._open:
            return job.errors.outcome(operation, error, effects=job.effects.get(operation.f, True))
        kind = ErrorKind.REFUSED if isinstance(error, OSError) else job.errors.classify(error)[0]
        return Outcome.fail(kind, f"while connecting: {described(error)}", operation.value)

    def _pause(self, began: int) -> float:
        """Seconds until the thread asks again after an operation: none, unless nothing could be sent."""
        if self._refusals:
            first, longest = BACKOFF_SECONDS
            return min(first * 2.0 ** min(self._refusals - 1, 10), longest)
        return 0.0 if self._job.now() > began else STANDSTILL_SECONDS


def described(error: Exception) -> str:
    """An error in words: its text, and its type where that says more."""
    text = str(error)
    return text if text and isinstance(error, OSError) else f"{type(error).__name__}: {text}".removesuffix(": ")
