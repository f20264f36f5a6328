"""Operations in doubt: of those that ended `info`, how many the nodes carried out, by their marks.

The simulator alone hears marks, and only a client that names its requests as the nodes do can be followed.
"""

from collections import OrderedDict
from typing import Any, Protocol, runtime_checkable

from splitbrain.harness.client import Client
from splitbrain.harness.marks import MarkEvent, Marks
from splitbrain.harness.operation import Value

EXECUTED = "executed"
"""The mark of a node that carries out a request: its first value is the request's name."""
WINDOW = 50_000
"""The number of requests carried out last that are remembered: an operation is in doubt seconds later at most."""


@runtime_checkable
class NamingClient(Protocol):
    """A client whose requests have names."""

    @property
    def last_request(self) -> Any:
        """The name of the request sent last, as `executed` marks have it."""


class InDoubt:
    """The ends of operations in doubt. Pitfall: a compare-and-set that was carried out may have been refused."""

    def __init__(self, window: int = WINDOW) -> None:
        self._window = window
        self._recent: OrderedDict[Any, None] = OrderedDict()
        self._carried_out: dict[Any, bool] = {}
        """Name of a request in doubt → whether it was carried out."""

    def listen(self, marks: Marks) -> None:
        """Hear what nodes carry out from now on."""
        marks.subscribe(self._see, EXECUTED)

    def ended(self, client: Client) -> None:
        """The last operation of a client ended `info`."""
        if isinstance(client, NamingClient):
            name = client.last_request
            self._carried_out[name] = name in self._recent

    def coverage(self) -> dict[str, Value]:
        """Counts, ready for JSON; nothing where no operation could be followed."""
        if not self._carried_out:
            return {}
        return {"in_doubt": {"operations": len(self._carried_out), "carried_out": sum(self._carried_out.values())}}

    def _see(self, event: MarkEvent) -> None:
        name = event.values[0]
        if name in self._carried_out:
            self._carried_out[name] = True
        self._recent[name] = None
        if len(self._recent) > self._window:
            self._recent.popitem(last=False)
