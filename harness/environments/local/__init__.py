"""`--env local`: nodes as ordinary processes of this machine.

- `environment`  Local: enter the namespaces, start clusters
- `cluster`      LocalCluster: nodes on a switch
- `node`         NamespaceNode: a process in a network namespace

What is done to them is in `harness.environments.real`, the mechanisms in `harness.environments.linux`.
"""

from splitbrain.harness.environments.local.environment import Local

__all__ = ["Local"]
