"""Workload `echo`: clients send something, and get the same back.

Operations: `echo` (value: anything; ok value: the same).
"""

from collections.abc import Mapping

from splitbrain.checkers.domain.echo import ECHO, EchoCheck
from splitbrain.harness.client import Shape
from splitbrain.harness.generator import Context, Generator, calls
from splitbrain.harness.operation import Operation
from splitbrain.harness.options import Setting
from splitbrain.workloads.workload import Size, Workload


def main(size: Size, settings: Mapping[str, Setting]) -> Generator:
    """Texts that are unique by thread and ordinal."""

    def operation(context: Context) -> Operation:
        return Operation(ECHO, f"please echo {size.unique(context.thread, context.ordinal)}")

    return calls(operation)


ECHOES = Workload(
    name="echo",
    summary="clients send something and get it back; the same?",
    operations={ECHO: Shape("anything", "the same", effects=False)},
    options=(),
    main=main,
    checkers=lambda settings: (EchoCheck(),),
)
