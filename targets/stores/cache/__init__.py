"""cache: a cache in front of a store, filled and kept up to date in the three usual ways, with leases on fills or not.

Nishtala et al., "Scaling Memcache at Facebook", NSDI 2013, section 3.2.1 (leases, stale sets); for the names of the
styles: Hennessy and Patterson, "Computer Architecture", appendix B (write-through, write-back). The first node is the
store, the second one the cache, and every node serves clients.

- `style=cache-aside`: who reads asks the cache, after a miss the store, and fills the cache; who writes goes to the
  store, and then erases the copy.
- `style=write-through`: all go to the cache, which asks the store where it has no copy, and writes to it before it
  answers.
- `style=write-back`: the same, but a write is answered at once, and told to the store later.

Promised, with `leases=on` and not `write-back`: linearizable. A miss gives out a lease: one reader fills, the others
wait for it, and a write breaks it, so that what was read before the write does not come into the cache after it. Not
promised: answers while store or cache is away; with `leases=off`, that a read does not go back to an earlier value;
with `write-back`, that an acknowledged write survives the cache.

In reading order: `messages`, `front`, `aside`, `through`, `back`, `node`, `target`.
"""

from splitbrain.targets.stores.cache.node import CacheNode
from splitbrain.targets.stores.cache.target import Cache

__all__ = ["Cache", "CacheNode"]
