"""Simulator: a whole cluster in one process, under virtual time, so that a seed fixes everything that happens.

A map, from the ground upwards; arrows of import run only up the list:

- `scheduler`     virtual time: one heap of (time, sequence, call), integer nanoseconds
- `loop`          an asyncio event loop on that heap, on which controller and clients run unchanged
- `clock`         a node's wall clock and its monotonic clock, both of which may be wrong
- `disk`          a node's disk, where what was not synced is lost or torn in a crash
- `link`          the way from one node to another; `link_injections` what is in force on it, such as cuts and loss
- `network`       all links, and how they behave without faults
- `channel`       a client's connection to a node
- `log`           a node's log lines
- `process`       one process of a node: calls the program's handlers, carries out their effects
- `node`          a member of the cluster: starts, dies and starts again
- `fault_site`, `link_faults`, `host_faults`, `node_down`, `fault_injector`
                  injections carried out, by a table of their kinds, with their bite and their heal
- `rolling_upgrade`, `membership`
                  nodes that get another version; nodes that leave the cluster and join it with nothing
- `steps`         recorder of what nodes do, event by event, and of their messages
- `environment`   `Sim`, which puts all of it together

Start at `environment`.

Pitfall: nothing here may read a real clock, draw from anything but a named `RandomStream`, or let the order of a set be
seen; a test runs the same seed in two processes and compares.
"""

from splitbrain.harness.environments.sim.disk import DiskOptions
from splitbrain.harness.environments.sim.environment import Sim, SimCluster, SimOptions
from splitbrain.harness.environments.sim.network import NetworkOptions

__all__ = ["DiskOptions", "NetworkOptions", "Sim", "SimCluster", "SimOptions"]
