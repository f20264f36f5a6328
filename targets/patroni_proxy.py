"""The process of a node of Patroni that passes connections on to the primary, whichever node that is now.

python -m splitbrain.targets.patroni_proxy HERE PORT MEMBER ...

A node is the primary if its Patroni says so (`GET /primary` is answered with 200), as proxies before Patroni ask. A
connection for which none says so is ended.
"""

import contextlib
import http.client
import socket
import sys
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed

from splitbrain.targets.forward import forward

DATABASE, REST = 5432, 8008
"""Ports of PostgreSQL and of Patroni."""
ASKED_SECONDS = 1.0
"""A node that says nothing for so long is not the primary."""


def is_primary(address: str) -> bool:
    """Whether the Patroni of a node says that it holds the primary's key."""
    connection = http.client.HTTPConnection(address, REST, timeout=ASKED_SECONDS)
    with contextlib.closing(connection), contextlib.suppress(OSError, http.client.HTTPException):
        connection.request("GET", "/primary")
        return connection.getresponse().status == 200
    return False


def primary(members: Sequence[str]) -> str | None:
    """The first member to say that it is the primary; None if none does."""
    pool = ThreadPoolExecutor(len(members))
    asked = {pool.submit(is_primary, address): address for address in members}
    try:
        return next((asked[answer] for answer in as_completed(asked) if answer.result()), None)
    finally:
        pool.shutdown(wait=False)


def passed_on(client: socket.socket, members: Sequence[str]) -> None:
    """Pass a connection on to the primary, until one side ends it."""
    found = primary(members)
    if found is None:
        client.close()
    else:
        forward(client, found, DATABASE)


def main() -> None:
    here, port, *members = sys.argv[1:]
    with socket.create_server((here, int(port)), backlog=128) as listener:
        while True:
            threading.Thread(target=passed_on, args=(listener.accept()[0], members), daemon=True).start()


if __name__ == "__main__":
    main()
