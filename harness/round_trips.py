"""Round trip: the time of a message and its answer between this program and a node, where no simulator knows it.

Measured by connections, which the kernel of a node accepts or refuses by itself: no program of the node is waited for.
"""

import asyncio
import contextlib
import socket
import time
from collections.abc import Sequence
from statistics import median
from urllib.parse import urlsplit

CLOSED_PORT = 9
"""A port that nothing listens on (discard, RFC 863)."""
ATTEMPTS = 8
"""Connections to each node; the shortest counts, for this program may have had to wait for a processor in others."""
PATIENCE_SECONDS = 1.0


async def round_trip_ns(addresses: Sequence[str]) -> int | None:
    """The median over nodes, in nanoseconds; None if none of them answers. addresses: IP addresses or names, or URLs of
    servers, whose own ports are used."""
    found = await asyncio.gather(*map(_shortest, addresses))
    known = [took for took in found if took is not None]
    return round(median(known)) if known else None


async def _shortest(address: str) -> int | None:
    """The shortest time of some connections to one node; None if it drops them."""
    url = urlsplit(address if "://" in address else f"//{address}")
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            found = await asyncio.get_running_loop().getaddrinfo(
                url.hostname, url.port or CLOSED_PORT, type=socket.SOCK_STREAM
            )
            family, _, _, _, place = found[0]
            return min([await _connect(family, place) for _ in range(ATTEMPTS)])
    except (OSError, ValueError):
        return None


async def _connect(family: int, place: tuple[object, ...]) -> int:
    """The nanoseconds until a connection is there, or refused."""
    with socket.socket(family, socket.SOCK_STREAM) as made:
        made.setblocking(False)
        began = time.perf_counter_ns()
        with contextlib.suppress(ConnectionRefusedError):
            await asyncio.get_running_loop().sock_connect(made, place)
        return time.perf_counter_ns() - began
