"""Workload `unique-ids`: clients ask for identifiers; none is given twice.

Operations: `generate` (ok value: the identifier).
"""

from collections.abc import Mapping

from splitbrain.checkers.domain.unique_ids import GENERATE, UniqueIdsCheck
from splitbrain.harness.client import Shape
from splitbrain.harness.generator import Context, Generator, calls
from splitbrain.harness.operation import Operation
from splitbrain.harness.options import Setting
from splitbrain.workloads.workload import Size, Workload


def main(size: Size, settings: Mapping[str, Setting]) -> Generator:
    """Requests for identifiers."""

    def operation(context: Context) -> Operation:
        return Operation(GENERATE)

    return calls(operation)


UNIQUE_IDS = Workload(
    name="unique-ids",
    summary="clients ask for identifiers; is one given twice?",
    operations={GENERATE: Shape("none", "an identifier")},
    options=(),
    main=main,
    checkers=lambda settings: (UniqueIdsCheck(),),
)
