"""Options of cache, and what it claims with them.

- `leases=on`, and `style=cache-aside` (default) or `write-through`: linearizable; neither CP nor AP, for store and
  cache are one node each
- `leases=off`: nothing; a fill that comes late brings an old value back
- `style=write-back`: nothing; what the store does not know yet goes with the cache
- `disk=memory`: the store keeps nothing over a restart, and claims nothing
"""

from collections.abc import Mapping, Sequence

from splitbrain.harness.client import Shapes
from splitbrain.harness.invariants import Invariant, Watch, done_once, one_entry_an_index
from splitbrain.harness.marks import MarkEvent
from splitbrain.harness.node import Node
from splitbrain.harness.options import Option, Setting
from splitbrain.harness.program import ProgramFactory
from splitbrain.targets.stores.audit import BUG, RETRIES, AuditedStore
from splitbrain.targets.stores.cache.node import ASIDE, BACK, CORRECT, THROUGH, CacheNode, CacheSettings
from splitbrain.targets.stores.target import OPERATIONS


def copies_never_go_back() -> Invariant:
    """No copy in the cache older than one that was there before, or than what it was erased for. The marks `cached` and
    `erased` have key and revision."""

    def watch() -> Watch:
        latest: dict[str, int] = {}

        def see(event: MarkEvent) -> str | None:
            key, revision = event.values
            before = latest.get(key, 0)
            latest[key] = max(before, revision)
            if event.name == "erased" or revision >= before:
                return None
            return f"{event.node} has a copy of {key} at revision {revision}, and it was known to be at {before}"

        return see

    return Invariant("copies never go back", ("cached", "erased"), watch)


class Cache(AuditedStore):
    """The target `cache`."""

    name = "cache"
    summary = "a cache in front of a store: aside, write-through or write-back, with leases on fills (Facebook, 2013)"
    options = (
        Option("style", ASIDE, "who asks the store, and when it hears of writes", (ASIDE, THROUGH, BACK)),
        Option("leases", "on", "whether a write breaks the fills that are under way", ("on", "off")),
        Option("lease_ms", 300, "how long a fill may take until the next one begins, milliseconds", least=10),
        Option("flush_ms", 200, "with write-back: how long the store is not told at most, milliseconds", least=1),
        Option("disk", "sync", "memory: the store keeps nothing over a restart", ("sync", "memory")),
        RETRIES,
        BUG,
    )
    bugs = "splitbrain.targets.stores.bugs.catalogue:CACHE"
    one_copy = True

    def __init__(self, settings: Mapping[str, Setting]) -> None:
        super().__init__(settings)
        leased = self._word("leases") == "on"
        self._node = CacheSettings(
            style=self._word("style"),
            leases=self._nanoseconds("lease_ms") if leased else 0,
            pause=self._nanoseconds("flush_ms"),
            persistent=self._word("disk") == "sync",
        )
        self._fresh = leased and self._node.style != BACK and self._node.persistent

    @property
    def invariants(self) -> Sequence[Invariant]:  # type: ignore[override]
        """The store's, and of copies where they are to be fresh."""
        stores = (one_entry_an_index(), done_once()) if self._node.persistent else ()
        return (*stores, copies_never_go_back()) if self._fresh else stores

    def copies(self, nodes: Sequence[Node]) -> Sequence[Node]:
        """The store alone."""
        return nodes[:1]

    @property
    def claims(self) -> Sequence[str]:
        """Linearizable, with leases, where the store hears of writes first and has a disk."""
        return ("linearizable",) if self._fresh else ()

    @property
    def operations(self) -> Shapes:
        """The operations of all stores."""
        return OPERATIONS

    @property
    def program(self) -> ProgramFactory:
        """A maker of CacheNodes."""
        return self.program_of((CacheNode, CORRECT), settings=self._node)
