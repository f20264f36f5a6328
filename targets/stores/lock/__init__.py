"""lock: a lock service with leases on a replicated log, and the resource that its locks guard.

A lock belongs to one client at a time, for as long as the client renews its lease (Burrows, "The Chubby Lock Service
for Loosely-Coupled Distributed Systems", OSDI 2006). It promises that clients which watch the clock never believe both
to hold it, where monotonic clocks run at the same rate; and that a resource which checks the tokens of its users takes
nothing from an older holder than the last one (Kleppmann, "How to do distributed locking", 2016). It does not promise
that a client which does not watch the clock, being paused, is the only one that believes: no lock service can.

In reading order: `machine`, `client`, `invariants`, `target`; leases are in `stores/leases.py`.
"""

from splitbrain.targets.stores.lock.machine import LockMachine, LockNode
from splitbrain.targets.stores.lock.target import LockService

__all__ = ["LockMachine", "LockNode", "LockService"]
