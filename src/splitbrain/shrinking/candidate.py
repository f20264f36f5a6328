"""A run as what is reduced: faults and operations in time, and as many clients as they need."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from msgspec import UNSET

from splitbrain.harness.generator.core import SECOND
from splitbrain.harness.generator.scripted import ScriptedOperation
from splitbrain.harness.history import ABSENT, Event, History
from splitbrain.harness.operation import EventType, Operation
from splitbrain.runner.plan import RunPlan, plan
from splitbrain.runner.script import Script, ScriptedFault
from splitbrain.runner.spec import RunSpec

ROOM_SECONDS = 0.1
"""The time that the main phase lasts longer than the beginning of its last operation or fault."""


@dataclass(frozen=True)
class Candidate:
    """One run that may be tried. spec: without a schedule. operations: in order of time."""

    spec: RunSpec
    faults: tuple[ScriptedFault, ...]
    operations: tuple[ScriptedOperation, ...]

    @property
    def script(self) -> Script:
        """The schedule of its faults."""
        return Script(self.faults, self.operations)

    @property
    def clients(self) -> tuple[int, ...]:
        """The threads that have operations."""
        return tuple(sorted({entry.thread for entry in self.operations}))

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of its operations, as text."""
        return tuple(dict.fromkeys(repr(entry.operation.key) for entry in self.operations))

    @property
    def seconds(self) -> float:
        """The length of its main phase."""
        return self.spec.time_limit

    def plan(self) -> RunPlan:
        """The plan of the run."""
        return plan(self.spec, self.script)

    def times(self) -> list[int]:
        """Times at which something begins or ends, in order."""
        faults = (moment for fault in self.faults for moment in (fault.start, fault.stop))
        return sorted({*faults, *(entry.at for entry in self.operations)})

    def retimed(self, moved: Callable[[int], int]) -> "Candidate":
        """A copy with other times: a function that keeps their order."""
        faults = []
        for fault in self.faults:
            start = moved(fault.start)
            faults.append(replace(fault, start=start, duration=max(moved(fault.stop) - start, 1)))
        return replace(
            self,
            faults=tuple(faults),
            operations=tuple(replace(entry, at=moved(entry.at)) for entry in self.operations),
        )

    def fitted(self) -> "Candidate":
        """A copy with a main phase no longer, and no more clients, than needed."""
        begins = [entry.at for entry in self.operations] + [fault.start for fault in self.faults]
        limit = round(max(begins, default=0) / SECOND + ROOM_SECONDS + 0.05, 1)
        clients = max(self.clients, default=0) + 1
        spec = replace(
            self.spec, time_limit=min(limit, self.spec.time_limit), concurrency=min(clients, self.spec.concurrency)
        )
        return replace(self, spec=spec)

    def on_threads(self, thread: Callable[[int], int]) -> "Candidate":
        """A copy with the operations on other threads."""
        moved = (replace(entry, thread=thread(entry.thread)) for entry in self.operations)
        return replace(self, operations=tuple(moved))


def spec_to_reduce(asked: RunSpec, resolved: RunSpec, history: History, origin: int) -> RunSpec:
    """The specification of a run, so that faults and operations given as data fit in: its main phase holds what was
    recorded."""
    last = max((history.time[index] for index in range(len(history))), default=origin)
    return replace(
        resolved,
        target=asked.target,
        nemesis="",
        nemesis_interval=None,
        nemesis_duration=None,
        schedule=None,
        time_limit=max((last - origin) / SECOND + 1, resolved.time_limit),
    )


def operations_of(history: History, origin: int, concurrency: int) -> tuple[tuple[int, ScriptedOperation], ...]:
    """(index of its invocation, operation) of each client operation, in order. origin: when the main phase began."""
    found = []
    for event in history:
        if isinstance(event.process, int) and event.type == EventType.INVOKE.word:
            key = None if event.key is UNSET else event.key
            operation = Operation(event.f, event.value, key, **_carried(history, event))
            at = max(event.time - origin, 0)
            found.append((event.index, ScriptedOperation(event.process % concurrency, at, operation)))
    return tuple(found)


def _carried(history: History, event: Event) -> dict[str, str]:
    """The session and the tokens of an operation that was recorded, by its invocation. What a system answers with (the
    token of a lock) is none of these."""
    partner = history.partner[event.index]
    token = ABSENT if partner == ABSENT else history.token[partner]
    given = None if token == ABSENT else history.pool.values[token]
    found = {"session": event.session, "takes": event.token, "gives": given}
    return {name: value for name, value in found.items() if isinstance(value, str)}


def compacted(threads: Sequence[int], nodes: int) -> dict[int, int]:
    """Thread → the smallest free one of the same node."""
    taken: dict[int, int] = {}
    for thread in threads:
        free = thread % nodes
        while free in taken.values():
            free += nodes
        taken[thread] = free
    return taken


__all__ = ["Candidate", "compacted", "operations_of", "spec_to_reduce"]
