"""Invariants of a chain, watched while a simulated run goes on."""

from collections.abc import Sequence
from typing import Any

from splitbrain.harness.invariants import Invariant, Watch, done_once, one_entry_an_index
from splitbrain.harness.marks import MarkEvent

EPOCHS = 10_000
"""Epochs that are remembered."""


def one_chain_an_epoch() -> Invariant:
    """One chain of one epoch, the same to all nodes that know it."""

    def watch() -> Watch:
        chains: dict[int, Any] = {}

        def see(event: MarkEvent) -> str | None:
            epoch, chain = event.values
            first = chains.setdefault(epoch, chain)
            if len(chains) > EPOCHS:
                del chains[next(iter(chains))]
            if first == chain:
                return None
            return (
                f"{event.node} takes the chain of epoch {epoch} for {', '.join(chain)}, another for {', '.join(first)}"
            )

        return see

    return Invariant("one chain an epoch", ("configuration",), watch)


def keeps_what_it_acknowledged() -> Invariant:
    """All that a node has acknowledged in its last epoch, on its disk when it starts."""

    def watch() -> Watch:
        acknowledged: dict[str, int] = {}

        def see(event: MarkEvent) -> str | None:
            if event.name == "configuration":
                acknowledged.pop(event.node, None)
                return None
            index, last = event.values[0], acknowledged.get(event.node, 0)
            if event.name == "acknowledged":
                acknowledged[event.node] = max(index, last)
                return None
            return None if index >= last else f"{event.node} finds {index} entries, and has acknowledged {last}"

        return see

    return Invariant("a node keeps what it acknowledged", ("configuration", "acknowledged", "recovered"), watch)


INVARIANTS: Sequence[Invariant] = (
    one_chain_an_epoch(),
    keeps_what_it_acknowledged(),
    one_entry_an_index(),
    done_once(),
)
