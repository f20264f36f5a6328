"""Bank accounts as one linearizable object: a read sees the balances after all transfers before it, and no others.

    read → {account: balance}      transfer {from, to, amount}

The balances at first are those of `initial`, or nobody knows them until the first read: then states hold how much each
account has changed since. With `overdraft=false` a transfer of more than there is certainly failed.
Pitfall: accounts are told apart by their text, for JSON has only texts as names: `0` and `"0"` are one account.
"""

from collections.abc import Callable, Mapping

from splitbrain.checkers.common.entry import CatalogueEntry
from splitbrain.checkers.common.values import meant, shown
from splitbrain.checkers.porcupine.model import ILLEGAL, UNSEEN, Call, Model
from splitbrain.harness.errors import UsageError
from splitbrain.harness.operation import Value
from splitbrain.harness.options import Option, Setting

INITIAL = Option("initial", "nil", "the balance of each account at first; nil: what the first read shows")
OVERDRAFT = Option("overdraft", True, "whether a balance may be below zero")

Balances = tuple[tuple[str, float], ...]
State = tuple[bool, Balances]
"""Whether the balances are known, and the balances; or if not, how much each has changed."""


def stepper(initial: float | None, *, overdraft: bool) -> Callable[[State, Call], object]:
    """The step of accounts that all begin with one balance, or with any."""

    def step(state: State, call: Call) -> object:
        known, held = state[0], dict(state[1])
        if call.f == "read" and call.result is UNSEEN:
            return state
        if call.f == "read":
            seen = balances(call)
            if not known:
                least = min((amount - held.get(name, 0) for name, amount in seen.items()), default=0)
                legal = set(held) <= set(seen) and (overdraft or least >= 0)
                return (True, _sorted(seen)) if legal else ILLEGAL
            expected = dict.fromkeys(seen, initial) if initial is not None else {}
            legal = {**expected, **held} == seen
            return state if legal else ILLEGAL
        source, target, amount = transfer(call)
        start = 0 if initial is None else initial
        if known and initial is None and not {source, target} <= set(held):
            return ILLEGAL
        held[source] = held.get(source, start) - amount
        held[target] = held.get(target, start) + amount
        if not overdraft and known and held[source] < 0:
            return ILLEGAL
        return known, _sorted(held)

    return step


def _sorted(held: Mapping[str, float]) -> Balances:
    return tuple(sorted(held.items()))


def balances(call: Call) -> dict[str, float]:
    """The balances that a read saw; UsageError if it is no map of numbers."""
    if not isinstance(call.result, Mapping):
        raise UsageError(f"a read of a bank returns {{account balance}}, not {shown(call.result)}")
    return {_name(account): number(amount) for account, amount in call.result.items()}


def transfer(call: Call) -> tuple[str, str, float]:
    """The accounts and amount of a transfer, from and to; UsageError if it lacks one."""
    found = call.argument
    if not isinstance(found, Mapping) or not {"from", "to", "amount"} <= set(found):
        raise UsageError(f"a transfer takes {{from, to, amount}}, not {shown(found)}")
    return _name(found["from"]), _name(found["to"]), number(found["amount"])


def _name(account: Value) -> str:
    return account if isinstance(account, str) else shown(account)


def number(value: Value) -> float:
    """A balance or an amount; UsageError if it is no number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise UsageError(f"balances and amounts are numbers, not {shown(value)}")
    return value


def show(call: Call) -> str:
    """`transfer 5 from a to b`, `read → {a 10, b 10}`."""
    if call.f == "transfer":
        source, target, amount = transfer(call)
        return f"transfer {shown(amount)} from {source} to {target}"
    return "read" if call.result is UNSEEN else f"read → {_shown(_sorted(balances(call)))}"


def show_state(state: State) -> str:
    """`{a 10, b 10}`, `changed by {a -5, b 5}`."""
    return _shown(state[1]) if state[0] else f"changed by {_shown(state[1])}"


def _shown(held: Balances) -> str:
    return "{" + ", ".join(f"{name} {shown(amount)}" for name, amount in held) + "}"


def lin_bank(settings: Mapping[str, Setting]) -> Model:
    """Accounts."""
    first = meant(settings["initial"])
    initial = None if first is None else number(first)
    return Model(
        name="lin-bank",
        summary=LIN_BANK.summary,
        operations=("read", "transfer"),
        initial=(initial is not None, ()),
        step=stepper(initial, overdraft=bool(settings["overdraft"])),
        observes=frozenset({"read"}),
        pure=frozenset(),
        show_call=show,
        show_state=show_state,
    )


LIN_BANK = CatalogueEntry(
    "lin-bank", "bank accounts: transfer {from, to, amount}, read of all balances", (INITIAL, OVERDRAFT), lin_bank
)
