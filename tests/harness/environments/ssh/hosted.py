"""Clusters of small nodes on machines, for tests."""

from collections.abc import Awaitable, Callable
from pathlib import Path

from splitbrain.harness.deployment import Host, Place
from splitbrain.harness.environments.ssh import Ssh
from splitbrain.harness.environments.ssh.cluster import HostsCluster
from splitbrain.harness.environments.ssh.hosts import read

from ..local.inside import CHATTER, NAMES, serving
from .machines import Machines


def chatters(**options: object) -> Host:
    """The nodes of the tests of `--env local`."""

    def argv(place: Place) -> list[str]:
        return ["python3", str(place.folder / "chatter.py"), place.address, str(place.folder), *place.members.values()]

    given = {"argv": argv, "uploads": lambda: {"chatter.py": CHATTER}, "ready": serving, "port": 7000, **options}
    return Host(**{"ready_seconds": 20.0, **given})  # type: ignore[arg-type]


def played(
    scenario: Callable[[HostsCluster], Awaitable[None]], five: Machines, folder: Path, deployment: Host | None = None
) -> None:
    """Run a scenario on a cluster of three, and look that nothing is left of it."""
    environment = Ssh(0, read(five.file(), 3))

    async def story() -> None:
        cluster = await environment.up(deployment or chatters(), NAMES, folder)
        try:
            await scenario(cluster)
        finally:
            await cluster.down()
            await cluster.down()

    environment.run(story)
    assert [machine.leftovers() for machine in five.all] == [""] * 5
