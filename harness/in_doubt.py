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
        self._open: OrderedDict[Any, None] = OrderedDict()
        """The names of requests in doubt that were not carried out, the latest ones."""
        self._operations = 0
        self._carried_out = 0

    def listen(self, marks: Marks) -> None:
        """Hear what nodes carry out from now on."""
        marks.subscribe(self._see, EXECUTED)

    def ended(self, client: Client) -> None:
        """Count the last operation of a client, which ended `info`."""
        if isinstance(client, NamingClient):
            name = client.last_request
            if name in self._open:
                return
            self._operations += 1
            if name in self._recent:
                self._carried_out += 1
            else:
                _remember(self._open, name, self._window)

    def coverage(self) -> dict[str, Value]:
        """Counts, ready for JSON; nothing where no operation could be followed."""
        if not self._operations:
            return {}
        return {"in_doubt": {"operations": self._operations, "carried_out": self._carried_out}}

    def _see(self, event: MarkEvent) -> None:
        name = event.values[0]
        if name in self._open:
            del self._open[name]
            self._carried_out += 1
        if name not in self._recent:
            _remember(self._recent, name, self._window)


def _remember(names: OrderedDict[Any, None], name: Any, window: int) -> None:
    names[name] = None
    if len(names) > window:
        names.popitem(last=False)
