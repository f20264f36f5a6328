"""Runs in the simulator whose histories are measured.

Pitfall: a run of which nothing came, for its cluster did not come up, is no evidence: InfrastructureError.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from splitbrain.harness.environment import Environment
from splitbrain.harness.errors import InfrastructureError
from splitbrain.harness.history import ABSENT, History
from splitbrain.harness.operation import EventType, Value
from splitbrain.results.faults import Window, windows
from splitbrain.results.result import Result, RunStatus
from splitbrain.runner.execute import execute_in_memory
from splitbrain.runner.plan import plan
from splitbrain.runner.spec import RunSpec
from splitbrain.workloads.workload import Workload

SECOND = 1_000_000_000


@dataclass(frozen=True)
class SimulatedOperation:
    """One operation of a run. process: its client's. at, ended: nanoseconds since the run began; ended is None if its
    end is unknown. value: of its completion, if it ended ok."""

    f: str
    key: Value
    value: Value
    node: str
    process: int
    at: int
    ended: int | None
    ok: bool


@dataclass(frozen=True)
class SimulatedRun:
    """A run that was carried out and judged."""

    result: Result
    history: History

    @property
    def refuted(self) -> bool:
        """Whether its verdict is invalid."""
        return self.result.status is RunStatus.INVALID

    @property
    def held(self) -> bool:
        """Whether its verdict is valid."""
        return self.result.status is RunStatus.VALID

    def windows(self, fault: str) -> Sequence[Window]:
        """The times at which a fault was on."""
        return [window for window in windows(self.history) if window.fault == fault]

    def operations(self, *functions: str) -> Iterator[SimulatedOperation]:
        """Operations with these functions, in order of invocation."""
        history, operations = self.history, self.history.operations()
        values = history.pool.values
        for f, invoke, complete, key, ended in zip(
            operations.f, operations.invoke, operations.complete, operations.key, operations.ended, strict=True
        ):
            if values[f] not in functions:
                continue
            ok = ended == EventType.OK
            value = values[history.value[complete if ok else invoke]]
            node = "" if history.node[invoke] == ABSENT else str(values[history.node[invoke]])
            known = complete != ABSENT and ended != EventType.INFO
            end = history.time[complete] if known else None
            yield SimulatedOperation(
                str(values[f]), None if key == ABSENT else values[key], value, node, history.process[invoke],
                history.time[invoke], end, ok,
            )  # fmt: skip

    def detail(self, name: str) -> Value:
        """The first figure of that name in the tree of its verdict; None if there is none."""
        return _detail(self.result.verdict, name)


def simulate(
    target: str, seed: int, own: Workload | None = None, environment: Environment | None = None, /, **fields: Any
) -> SimulatedRun:
    """Carry out a run. own: a workload that has no name, in the place of that of the fields. environment: a simulator
    for this run alone, in the place of that of the seed. fields: of `RunSpec`."""
    planned = plan(RunSpec(target, seed=seed, env="sim", **fields))
    if own is not None:
        planned = replace(planned, workload=own)
    if environment is not None:
        planned = replace(planned, environment=environment)
    with execute_in_memory(planned) as run:
        if run.result.status is RunStatus.INFRASTRUCTURE:
            raise InfrastructureError(f"{target}, seed {seed}: {run.result.reason}")
        return SimulatedRun(run.result, run.recorder.history)


def block(seed: int, size: int) -> range:
    """The seeds of the runs that one seed of a claim stands for; different ones have none in common."""
    return range((seed - 1) * size + 1, seed * size + 1)


def script(*faults: Mapping[str, object]) -> str:
    """A schedule of faults, as TOML: what each is, its start and duration in seconds, and the nodes it hits."""
    return "format = 1\n" + "".join(
        "\n[[fault]]\n" + "".join(f"{name} = {_toml(value)}\n" for name, value in fault.items()) for fault in faults
    )


def answered(operations: Sequence[SimulatedOperation], served: Callable[[SimulatedOperation], bool]) -> tuple[int, int]:
    """Counts of the operations that count: how many ended ok, and all."""
    counted = [operation for operation in operations if served(operation)]
    return sum(operation.ok for operation in counted), len(counted)


def _toml(value: object) -> str:
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, Mapping):
        return f"{{ {', '.join(f'{name} = {_toml(part)}' for name, part in value.items())} }}"
    return f"[{', '.join(map(_toml, value))}]" if isinstance(value, Sequence) else str(value)


def _detail(verdict: Any, name: str) -> Value:
    if verdict is None:
        return None
    if name in verdict.details:
        return verdict.details[name]
    return next((found for child in verdict.children if (found := _detail(child, name)) is not None), None)
