"""How do nodes live as ordinary processes of this machine, and how are they hurt? `--env local`.

- `environment`  Local: enter the namespaces, start clusters
- `cluster`      LocalCluster: nodes on a switch, harm by name
- `node`         ProcessNode: start, kill, stop, readiness, deaths
- `harm`         one class per injection
- `able`         which injections can be done here, by probing
- `sampling`     CPU, memory and files of the nodes, over time

The mechanisms are in `harness.environments.linux`.
"""

from splitbrain.harness.environments.local.environment import Local

__all__ = ["Local"]
