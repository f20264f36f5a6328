"""How do nodes live in containers, and how are they hurt from outside? `--env docker`.

- `environment`  Docker: is it there, start clusters
- `cluster`      ContainerCluster: nodes on a network of their own
- `node`         ContainerNode: start, kill, follow, readiness, deaths
- `network`      a free network in 198.18.0.0/15, with a bridge that this machine can see
- `images`       images by name or built here; which one a run used
- `orphans`    what belongs to whom, and what nobody alive owns
- `daemon`       one asynchronous way to call Docker, and what its errors mean

Harm comes from the host: the mechanisms are those of `harness.environments.linux`, driven as for `--env local`.
Containers need no capability and no tool.
"""

from splitbrain.harness.environments.docker.environment import Docker

__all__ = ["Docker"]
