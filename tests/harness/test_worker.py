"""A worker's clients: what a process was handed stays with it, over refused connections and new clients."""

import asyncio
from typing import Any, ClassVar

from splitbrain.harness.client import ErrorTable
from splitbrain.harness.generator.core import Done
from splitbrain.harness.operation import EventType, Operation, Outcome
from splitbrain.harness.progress import Progress
from splitbrain.harness.worker import Worker, WorkerContext

SEEN: list[tuple[str, ...]] = []


class ToldClient:
    """A client that answers as its script says, and remembers what it was told."""

    script: ClassVar[list[Any]] = []

    def __init__(self) -> None:
        self._seen: tuple[str, ...] = ()

    @property
    def seen(self) -> tuple[str, ...]:
        return self._seen

    def adopt(self, seen: tuple[str, ...]) -> None:
        self._seen = (*self._seen, *(word for word in seen if word not in self._seen))

    async def open(self) -> None:
        if self.script and self.script[0] == "down":
            self.script.pop(0)
            raise ConnectionRefusedError("down")

    async def invoke(self, operation: Operation) -> Outcome:
        SEEN.append(self._seen)
        answer = self.script.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return Outcome.ok(None)

    async def close(self) -> None:
        pass


class ScriptedDispatcher:
    """A dispatcher with a few operations; the recorder as well."""

    def __init__(self, operations: list[Operation]) -> None:
        self.operations = operations
        self.types: list[EventType] = []

    def late(self, thread: int) -> int:
        return 0

    def ask(self, thread: int, ordinal: int, process: int) -> Any:
        return self.operations.pop(0) if self.operations else Done()

    def ended(self, completion: Any) -> None:
        self.types.append(completion.type)

    def invoke(self, *args: Any) -> None:
        pass

    def complete(self, *args: Any) -> None:
        pass


class OneNode:
    """A node."""

    name = "n1"


def seen_by(operations: list[Operation], script: list[Any], effects: bool = False) -> list[tuple[str, ...]]:
    ToldClient.script, scripted = script, ScriptedDispatcher(operations)
    SEEN.clear()
    context: Any = WorkerContext(
        lambda node: ToldClient(), ErrorTable(), {"read": effects}, 1.0, 1, scripted, lambda: 0, Progress(), False,  # type: ignore[arg-type,return-value]
        {"given": ("given",)},
    )  # fmt: skip
    asyncio.run(Worker(0, OneNode(), context).run(scripted))  # type: ignore[arg-type]
    return list(SEEN)


def read(takes: str | None = None) -> Operation:
    return Operation("read", None, "x", takes=takes)


def test_a_token_stays_though_nobody_could_be_told_just_then() -> None:
    assert seen_by([read("given"), read()], ["down", "ok"]) == [("given",)]


def test_a_token_stays_with_the_next_client_of_the_process() -> None:
    assert seen_by([read("given"), read()], [TimeoutError(), "ok"]) == [("given",), ("given",)]


def test_a_new_process_begins_with_nothing() -> None:
    assert seen_by([read("given"), read()], [TimeoutError(), "ok"], effects=True) == [("given",), ()]
