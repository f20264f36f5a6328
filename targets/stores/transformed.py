"""Lists by operational transformation, as dOPT does it, and its puzzle.

Ellis and Gibbs, "Concurrency Control in Groupware Systems", SIGMOD 1989. An operation says at which position
it inserts an element. A site executes one of another site when it has all that its writer had, and moves the position
by those in its log that the writer did not know.

Not promised: that copies agree. Where a site has made two operations that are concurrent with one of another site, the
second one is transformed against an operation as that was before the first one moved it, and the sites end with
different lists (the dOPT puzzle: Cormack, "A Counterexample to the Distributed Operational Transform and a Corrected
Algorithm for Point-to-point Communication", 1995; Ressel et al., CSCW 1996). The lists of `rga` agree.
"""

from typing import Any

from splitbrain.targets.stores.messages import Request
from splitbrain.targets.stores.multi_leader import OneWinner
from splitbrain.targets.stores.updates import Update


class TransformedList(OneWinner):
    """Lists, one a key, and the operations that made them, in the order in which this site executed them."""

    def __init__(self) -> None:
        super().__init__()
        self._elements: dict[str, list[Any]] = {}
        self._executed: dict[str, list[Update]] = {}

    def apply(self, update: Update) -> None:
        """Transform an operation by those that its writer did not know, in the order of this site, and execute it."""
        position, element = update.value
        executed = self._executed.setdefault(update.key, [])
        for other in executed:
            if not update.knows(other):
                position = transformed(position, update.origin, other.value[0], other.origin)
        self._elements.setdefault(update.key, []).insert(position, element)
        executed.append(update)

    def read(self, key: str) -> Any:
        """The elements; None if there are none."""
        return list(self._elements[key]) if key in self._elements else None

    def changed(self, key: str, request: Request) -> Any:
        """The position at the end, and the new element."""
        return [len(self._elements.get(key, ())), request.value]


def transformed(position: int, site: str, other: int, other_site: str) -> int:
    """The position of an insertion after another one; of two at the same position that of the lower site stays."""
    return position + 1 if (other, other_site) < (position, site) else position
