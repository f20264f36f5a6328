"""Workload `transfers`: clients move money between accounts without isolation; all of it must be there in the end.

All accounts are read before the first transfer, all along, and after the last one. What the reads on the way show is
counted: how often a transfer is seen half done. Those at the end must show the total of the first.

Operations: as of `bank`.
"""

from collections.abc import Mapping, Sequence

from splitbrain.checkers.domain.bank import READ
from splitbrain.checkers.domain.conserved import ConservedCheck
from splitbrain.harness.checker import Checker
from splitbrain.harness.generator import Generator, limit, on_threads, per_thread, phases, repeat, until_ok
from splitbrain.harness.operation import Operation
from splitbrain.harness.options import Setting
from splitbrain.workloads import bank
from splitbrain.workloads.final import READ_TRIES
from splitbrain.workloads.workload import Size, Workload


def main(size: Size, settings: Mapping[str, Setting]) -> Generator:
    """A read of all accounts until it succeeds, then reads and transfers."""
    read = Operation(READ, bank.accounts(settings))
    first = on_threads(range(1), per_thread(until_ok(limit(READ_TRIES, repeat(read)))))
    return phases(first, bank.main(size, settings))


def checkers(settings: Mapping[str, Setting]) -> Sequence[Checker]:
    """Check that all money is there in the end."""
    return (ConservedCheck(),)


TRANSFERS = Workload(
    name="transfers",
    summary="clients move money between accounts without isolation; is all of it there in the end?",
    operations=bank.BANK.operations,
    options=bank.OPTIONS,
    main=main,
    final=bank.final,
    checkers=checkers,
)
