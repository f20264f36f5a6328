"""Workload `bank`: clients move money between accounts and read all balances, of which the total must never change.

As Jepsen's `bank` (jepsen-io/jepsen, `tests/bank.clj`): half of the operations read all accounts in one transaction,
the others move 1 to `max_transfer` from one account to another. Snapshot isolation keeps the total in every read.

Operations: `read` of the accounts that its value lists (ok: account → balance), and `transfer` of
`{from, to, amount}`, which fails with `precondition` where there is not enough. Accounts need not be opened: each
target says what one holds at first.
"""

from collections.abc import Mapping, Sequence

from splitbrain.checkers.domain.bank import READ, TRANSFER, BankCheck
from splitbrain.harness.checker import Checker
from splitbrain.harness.client import Shape
from splitbrain.harness.generator import Context, Generator, calls, deal
from splitbrain.harness.history import History
from splitbrain.harness.operation import Operation
from splitbrain.harness.options import Option, Setting
from splitbrain.workloads.workload import Size, Workload

OPTIONS = (
    Option("accounts", 8, "how many accounts there are", least=2),
    Option("max_transfer", 5, "the greatest amount that is moved at once", least=1),
    Option("read_share", 0.5, "share of reads, 0 to 1", most=1),
)


def accounts(settings: Mapping[str, Setting]) -> tuple[str, ...]:
    """The accounts."""
    return tuple(f"a{number}" for number in range(int(settings["accounts"] or 0)))


def main(size: Size, settings: Mapping[str, Setting]) -> Generator:
    """Reads and transfers."""
    names, most, share = accounts(settings), int(settings["max_transfer"] or 1), float(settings["read_share"] or 0)

    def operation(context: Context) -> Operation:
        draws = context.draws
        if draws.chance(share):
            return Operation(READ, names)
        source, target = draws.shuffled(names)[:2]
        return Operation(TRANSFER, {"from": source, "to": target, "amount": 1 + draws.below(most)})

    return calls(operation)


def final(size: Size, settings: Mapping[str, Setting], history: History) -> Generator:
    """One read of all."""
    return deal([Operation(READ, accounts(settings))])


def checkers(settings: Mapping[str, Setting]) -> Sequence[Checker]:
    """Jepsen's check."""
    return (BankCheck(),)


BANK = Workload(
    name="bank",
    summary="clients move money between accounts and read all balances; is the total ever another?",
    operations={
        READ: Shape("accounts", "account → balance", effects=False),
        TRANSFER: Shape("{from, to, amount}", "{from, to, amount}"),
    },
    options=OPTIONS,
    main=main,
    final=final,
    checkers=checkers,
    model="snapshot-isolation",
)
