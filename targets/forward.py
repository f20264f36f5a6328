"""The process of a node beside a server that has one copy: it passes connections on to the node that holds it.

python -m splitbrain.targets.forward FIRST HERE PORT
"""

import contextlib
import socket
import sys
import threading
from collections.abc import Sequence

from splitbrain.harness.deployment import Place
from splitbrain.targets.servers.access import CONNECT_SECONDS


def forwarded(place: Place, port: int) -> Sequence[str]:
    """The command of a node that passes connections on to the first; empty for the first."""
    first = next(iter(place.members.values()))
    return [] if place.address == first else [sys.executable, "-m", __name__, first, place.address, str(port)]


def forward(client: socket.socket, address: str, port: int) -> None:
    """Pass a connection on to a node, until one side ends it."""
    with client, contextlib.suppress(OSError), socket.create_connection((address, port), CONNECT_SECONDS) as there:
        there.settimeout(None)
        back = threading.Thread(target=_pumped, args=(there, client), daemon=True)
        back.start()
        _pumped(client, there)
        back.join()


def _pumped(source: socket.socket, goal: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            goal.sendall(data)
    for end in (source, goal):
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


def main() -> None:
    first, here, port = sys.argv[1:]
    with socket.create_server((here, int(port)), backlog=128) as listener:
        while True:
            threading.Thread(target=forward, args=(listener.accept()[0], first, int(port)), daemon=True).start()


if __name__ == "__main__":
    main()
