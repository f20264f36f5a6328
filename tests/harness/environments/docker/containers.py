"""Containers for tests: three members of etcd, or whatever else is run in its image."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from splitbrain.harness.deployment import BuiltImage, Container, Place
from splitbrain.harness.environments.docker import Docker
from splitbrain.harness.environments.docker.cluster import ContainerCluster
from splitbrain.harness.environments.docker.daemon import Daemon
from splitbrain.harness.environments.docker.orphans import find
from splitbrain.harness.errors import InfrastructureError
from splitbrain.harness.options import settle
from splitbrain.targets.etcd import Etcd
from splitbrain.targets.etcd.target import SOFTWARE

NAMES = ("n1", "n2", "n3")


def lacking() -> str | None:
    """The reason that there can be no containers here, None if there can."""
    if SOFTWARE.available(SOFTWARE.resolve("")) is None:
        return "there is no etcd here"
    try:
        Daemon.connect().close()
    except InfrastructureError as error:
        return str(error)
    return None


reason = lacking()
needs_docker = pytest.mark.skipif(reason is not None, reason=reason or "")


def etcd(**changes: Any) -> Container:
    """The deployment of etcd's members, changed."""
    deployments = Etcd(settle(Etcd.options, {}, "etcd")).deployments
    (container,) = (one for one in deployments if isinstance(one, Container))
    return replace(container, **changes)


def image() -> BuiltImage:
    """The image with etcd."""
    wanted = etcd().image
    assert isinstance(wanted, BuiltImage)
    return wanted


def commanded(*words: str) -> Callable[[Place], Sequence[str]]:
    """A command that is the same for every node."""
    return lambda place: words


def played(scenario: Callable[[ContainerCluster], Any], folder: Path, deployment: Container | None = None) -> None:
    """Run a scenario on a cluster of three, and look that nothing is left of it."""
    environment = Docker()
    run = ""

    async def story() -> None:
        nonlocal run
        cluster = await environment.up(deployment or etcd(), NAMES, folder)
        run = cluster.run
        try:
            await scenario(cluster)
        finally:
            await cluster.down()
            await cluster.down()

    environment.run(story)
    assert left(run) == []


def left(run: str) -> list[str]:
    """The containers and networks of a run that are there."""
    daemon = Daemon.connect()
    try:
        return [one.name for one in find(daemon) if one.run == run]
    finally:
        daemon.close()
