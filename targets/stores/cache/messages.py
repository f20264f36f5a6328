"""Messages of cache, between the nodes that serve clients, the cache and the store. The store's are those of `single`:
`Forward` and `Answer`.

Pitfall: what was read at the store is good for the lease under which it was read, and for no later one. So each such
read has a name of its own (see `StoreReads`), and not that of the client's request, which may be sent twice.
"""

from typing import Any

from msgspec import Struct

from splitbrain.targets.stores.messages import Answer, Forward, Request, Response
from splitbrain.targets.stores.requests import Name

Lease = tuple[int, int]
"""A permission to fill: the start of the cache that gave it out, and a number."""
ANYTIME: Lease = (0, 0)
"""The permission to fill that everybody has where there are no leases."""


class CacheGet(Struct, frozen=True, gc=False, tag="get"):
    """A read on its way to the cache."""

    request: Name
    key: str


class CacheHit(Struct, frozen=True, gc=False, tag="hit"):
    """A copy."""

    request: Name
    value: Any
    revision: int


class CacheMiss(Struct, frozen=True, gc=False, tag="miss"):
    """A missing copy: ask the store, and fill."""

    request: Name
    key: str
    lease: Lease


class CacheFill(Struct, frozen=True, gc=False, tag="fill"):
    """A copy for the cache. request: of the client for which it was read."""

    request: Name
    key: str
    value: Any
    revision: int
    lease: Lease


class CacheErase(Struct, frozen=True, gc=False, tag="erase"):
    """An order to erase a copy. request: after which it is old. revision: that of the key then."""

    request: Name
    key: str
    revision: int


class CacheErased(Struct, frozen=True, gc=False, tag="erased"):
    """Receipt of a copy's erasure."""

    request: Name


class CacheAsk(Struct, frozen=True, gc=False, tag="ask"):
    """A request on its way to the cache."""

    request: Request


class CacheAnswer(Struct, frozen=True, gc=False, tag="told"):
    """The answer of the cache to it."""

    request: Name
    response: Response


CacheMessage = (
    Forward | Answer | CacheGet | CacheHit | CacheMiss | CacheFill | CacheErase | CacheErased | CacheAsk | CacheAnswer
)
"""All messages between nodes."""


class StoreReads:
    """Names of reads at the store, each given once."""

    def __init__(self, node: str, started: int) -> None:
        self._life = f"{node} reads {started}"
        self._given = 0

    def new(self, key: str) -> Request:
        """A read that no answer to another one is taken for."""
        self._given += 1
        return Request("read", key, None, self._life, self._given)

    def has(self, name: Name) -> bool:
        """Whether a request is one of these."""
        return name[0] == self._life
