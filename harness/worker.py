"""Worker: one client thread. Takes operations from the dispatcher, invokes them, records beginning and end of each.

A thread outlives its processes: after `info` its process is retired and it goes on as `process + concurrency`.

Pitfall: a late reply must not answer the next request. Whenever the connection of an operation may still hold one, the
client is closed and a new one opened.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from splitbrain.harness.client import Client, ErrorTable, TokenClient
from splitbrain.harness.deadline import Deadline
from splitbrain.harness.dispatcher import Dispatcher
from splitbrain.harness.errors import UsageError
from splitbrain.harness.generator.core import Completion, Done, Wait
from splitbrain.harness.histories.recorder import Recorder
from splitbrain.harness.node import Node
from splitbrain.harness.operation import Error, ErrorKind, EventType, Operation, Outcome, Value
from splitbrain.harness.progress import Progress

BACKOFF_SECONDS = (0.1, 1.0)
"""The first pause after nothing could be sent, and the longest; each is twice the last."""
CLOSE_SECONDS = 1.0
STANDSTILL_SECONDS = 1e-6
"""The pause after an operation that took no time: without it, virtual time would never pass."""

INTACT = frozenset((ErrorKind.PRECONDITION, ErrorKind.NO_LEADER, ErrorKind.UNAVAILABLE, ErrorKind.CONFLICT))
"""Errors that are replies of the server: the connection stays usable."""


@dataclass(frozen=True)
class WorkerContext:
    """Context that all workers of a test share. timeout: seconds for one operation, connecting included."""

    client: Callable[[Node], Client]
    errors: ErrorTable
    effects: Mapping[str, bool]
    """f → whether it can change anything."""
    timeout: float
    concurrency: int
    recorder: Recorder
    now: Callable[[], int]
    progress: Progress
    real_time: bool = True
    """Whether time passes by itself; then an operation may end without having let others go on, so a worker does."""
    tokens: dict[str, Value] = field(default_factory=dict)
    """Name of a token that was handed on → what its client had seen, where clients know that."""
    in_doubt: Callable[[Client], None] = lambda client: None
    """Told of the client of each operation whose end is unknown."""
    warnings: dict[str, None] = field(default_factory=dict)
    """Trouble outside of operations, each once, in order."""

    async def dismiss(self, client: Client, node: Node) -> None:
        """Close a client; a failure to do so is a warning."""
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                await client.close()
        except Exception as error:  # noqa: BLE001 - it must not end the test, and is a warning
            self.warnings[f"closing a client of {node.name}: {described(error)}"] = None


class Worker:
    """One client thread, pinned to one node."""

    def __init__(self, thread: int, node: Node, context: WorkerContext) -> None:
        self.thread = thread
        self._node, self._context = node, context
        self._process = thread
        self._ordinal = 0
        self._client: Client | None = None
        self._open = False
        self._refusals = 0
        self._carried: Value = None
        """Token of the last client of this process, for the next one; None if there is none."""

    async def run(self, dispatcher: Dispatcher) -> None:
        """Work until the dispatcher is done with this thread."""
        deadline = Deadline()
        try:
            while True:
                late = dispatcher.late(self.thread)
                answer = dispatcher.ask(self.thread, self._ordinal, self._process)
                if isinstance(answer, Operation):
                    self._ordinal += 1
                    began = self._context.now()
                    await self._perform(answer, late, dispatcher, deadline)
                    pause = self._pause(began)
                    if pause or self._context.real_time:
                        await asyncio.sleep(pause)
                elif isinstance(answer, Wait):
                    await dispatcher.wait(self.thread, answer)
                elif isinstance(answer, Done):
                    return
                else:
                    raise UsageError(f"a generator answered {answer!r}, which is no Operation, Wait or Done")
        finally:
            deadline.close()

    async def close(self) -> None:
        """Close the client, if there is one."""
        client, self._client, self._open = self._client, None, False
        if isinstance(client, TokenClient):
            self._carried = client.seen
        if client is not None:
            await self._context.dismiss(client, self._node)

    async def _perform(self, operation: Operation, late: int, dispatcher: Dispatcher, deadline: Deadline) -> None:
        context, process, node = self._context, self._process, self._node.name
        context.recorder.invoke(process, operation, node, late)
        context.progress.counts[EventType.INVOKE] += 1
        outcome = await self._outcome(operation, deadline)
        if operation.gives is not None and isinstance(self._client, TokenClient):
            context.tokens[operation.gives] = self._client.seen
        context.recorder.complete(process, operation, outcome, node)
        now = context.now()
        progress = context.progress
        progress.counts[outcome.type] += 1
        progress.now = now
        dispatcher.ended(Completion(self.thread, operation, outcome.type, now, outcome.value))
        error = outcome.error
        if error is None:
            self._refusals = 0
            return
        if outcome.type is EventType.INFO:
            self._process += context.concurrency
            if self._client is not None:
                context.in_doubt(self._client)
        self._refusals = self._refusals + 1 if error.kind is ErrorKind.REFUSED else 0
        if outcome.type is EventType.INFO or error.kind not in INTACT or not self._open:
            await self.close()
        if outcome.type is EventType.INFO:
            self._carried = None

    async def _outcome(self, operation: Operation, deadline: Deadline) -> Outcome:
        """Carry out an operation within its deadline."""
        context = self._context
        deadline.start(context.timeout)
        try:
            client = self._client
            if client is None:
                client = self._client = context.client(self._node)
                if self._carried is not None and isinstance(client, TokenClient):
                    client.adopt(self._carried)
            # Before it connects: a process that was told keeps it, though its operation may fail.
            if operation.takes is not None and operation.takes in context.tokens and isinstance(client, TokenClient):
                client.adopt(context.tokens[operation.takes])
            if not self._open:
                await client.open()
                self._open = True
            outcome = await client.invoke(operation)
            if not isinstance(outcome, Outcome) or outcome.type is EventType.INVOKE:
                raise TypeError(f"the client's invoke returned {outcome!r}, which is no outcome")
        except asyncio.CancelledError:
            if not deadline.expired():
                raise
            return self._failed(operation, TimeoutError(f"no answer within {context.timeout:g} s"))
        except Exception as error:  # noqa: BLE001 - the error table classifies any exception, and it is recorded
            return self._failed(operation, error)
        finally:
            deadline.stop()
        if outcome.type is not EventType.OK and outcome.error is None:
            return Outcome(outcome.type, outcome.value, Error(ErrorKind.OTHER, "the client gave no reason"))
        return outcome

    def _failed(self, operation: Operation, error: Exception) -> Outcome:
        """The outcome of an operation that raised: before the client was open, nothing was sent."""
        context = self._context
        if words := context.errors.unlisted(error):
            context.warnings[words] = None
        if self._open:
            return context.errors.outcome(operation, error, effects=context.effects.get(operation.f, True))
        kind = ErrorKind.REFUSED if isinstance(error, OSError) else context.errors.classify(error)[0]
        return Outcome.fail(kind, f"while connecting: {described(error)}", operation.value)

    def _pause(self, began: int) -> float:
        """Seconds between two operations: none, unless nothing could be sent."""
        if self._refusals:
            first, longest = BACKOFF_SECONDS
            return min(first * 2.0 ** min(self._refusals - 1, 10), longest)
        return 0.0 if self._context.now() > began else STANDSTILL_SECONDS


def described(error: Exception) -> str:
    """An error in words: its text, and its type where that says more."""
    text = str(error)
    return text if text and isinstance(error, OSError) else f"{type(error).__name__}: {text}".removesuffix(": ")
