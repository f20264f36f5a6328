"""Runs made up of operations, for measurements that count in histories."""

from collections.abc import Iterator, Sequence

from splitbrain.harness.operation import Value
from splitbrain.textbook.simulated import SimulatedOperation, SimulatedRun


class MadeUpRun(SimulatedRun):
    """A run of these operations."""

    made: Sequence[SimulatedOperation]

    def __init__(self, *made: SimulatedOperation) -> None:
        object.__setattr__(self, "made", made)

    def operations(self, *functions: str) -> Iterator[SimulatedOperation]:
        """The operations with these functions."""
        return (one for one in self.made if one.f in functions)


def ended(
    f: str, key: str, value: Value, process: int, at: int, end: int | None, ok: bool = True
) -> SimulatedOperation:
    """An operation, through the node of its process."""
    return SimulatedOperation(f, key, value, f"n{process + 1}", process, at, end, ok)
