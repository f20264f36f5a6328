"""`--env docker`: nodes in containers, with faults injected from outside.

- `environment`  Docker: start clusters
- `cluster`      ContainerCluster: nodes on a network of their own
- `node`         ContainerNode: start, kill, follow, readiness, deaths
- `network`      a free network in 198.18.0.0/15, with a bridge that this machine can see
- `images`       images by name or built here; which one a run used
- `orphans`      what runs have made in Docker, by labels
- `daemon`       one asynchronous way to call Docker, and what its errors mean

Faults come from the host: the mechanisms are those of `harness.environments.linux`, driven as for `--env local`.
Containers need no capability and no tool.
"""

from splitbrain.harness.environments.docker.environment import Docker

__all__ = ["Docker"]
