"""The environment `--env docker`: containers of this machine's Docker Engine, on a network of their own.

The harness stays outside and injects faults from there: their processes and bridge are this machine's. Pitfall: a
harness that is killed (-9) cannot clean up; what it leaves is labelled, and removed when the next one enters.
"""

import os
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from splitbrain.harness.announce import Say, on_stderr
from splitbrain.harness.cleanup import shielded
from splitbrain.harness.deployment import Container, Deployment
from splitbrain.harness.environment import Launch
from splitbrain.harness.environments.docker import images, network, orphans
from splitbrain.harness.environments.docker.cluster import ContainerCluster
from splitbrain.harness.environments.docker.daemon import Daemon
from splitbrain.harness.environments.docker.orphans import DockerObjects
from splitbrain.harness.environments.linux.scratch import Scratch
from splitbrain.harness.environments.real.orphans import ScratchFolders, sweep
from splitbrain.harness.environments.real.unsupported import needs_root, unsupported
from splitbrain.harness.environments.real_time import RealTime
from splitbrain.harness.errors import UsageError
from splitbrain.harness.injection import Injection, Unsupported


class Docker(RealTime):
    """Containers of this machine's Docker Engine as nodes, on a network of their own; faults come from outside.

    See `harness.environment.Environment`. The seed is not used, as in `--env local`.
    """

    name = "docker"

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed
        self._daemon: Daemon | None = None
        super().__init__()

    def unsupported(self, injection: type[Injection], deployment: Deployment) -> Unsupported | None:
        if not isinstance(deployment, Container):
            reason: str | None = "--env docker runs containers, and this target offers none"
        elif needs_root(injection) and os.geteuid() != 0:
            reason = "it is done from outside the containers, by root: run splitbrain as root"
        else:
            reason = unsupported(injection, deployment)
        return None if reason is None else Unsupported(injection, reason)

    def provide(self, deployment: Deployment, say: Say) -> None:
        """See `harness.environment.Providing`: the image, and that of an upgrade."""
        if isinstance(deployment, Container):
            _obtain_all(self._connected(), deployment, say)

    def enter(self) -> Launch | None:
        """See `harness.environment.Environment`: go on here, once what dead runs have left is removed.
        InfrastructureError if Docker does not answer."""
        gone = sweep([DockerObjects(self._connected()), ScratchFolders()])
        gone = [one for one in gone if one.kind != "folder"]
        if gone:
            runs = len({one.run for one in gone})
            on_stderr(f"removed what {runs} {'run that was' if runs == 1 else 'runs that were'} killed had left")
        return None

    async def up(
        self,
        deployment: Deployment,
        names: Sequence[str],
        folder: Path | None,
        injections: Collection[type[Injection]] = (),
    ) -> ContainerCluster:
        if not isinstance(deployment, Container):
            raise UsageError("--env docker runs containers, and this target offers none")
        daemon = self._connected()
        scratch = Scratch()
        # Containers whose user is not root have to find their way to their folders.
        scratch.folder.chmod(0o711)
        labels = orphans.labels(scratch.folder)
        try:
            found = await daemon.call(_obtain_all, daemon, deployment, on_stderr)
            net = await network.create(daemon, names, labels)
        except BaseException:
            await shielded(daemon.call(orphans.remove, daemon, labels[orphans.LABEL]))
            scratch.remove()
            raise
        logs = folder if folder is not None else scratch.folder
        logs.mkdir(parents=True, exist_ok=True)
        cluster = ContainerCluster(deployment, daemon, net, found, labels, logs.resolve(), scratch, self.now)
        try:
            await cluster.up(injections)
        except BaseException:
            await shielded(cluster.down())
            raise
        return cluster

    def _connected(self) -> Daemon:
        if self._daemon is None:
            self._daemon = Daemon.connect()
        return self._daemon


def _obtain_all(daemon: Daemon, deployment: Container, say: Say) -> Mapping[str, images.Image]:
    """The images that nodes may need, by the name that a deployment asks for."""
    deployments = [one for one in (deployment, deployment.upgraded) if one is not None]
    return {images.named(one.image): images.obtain(daemon, one.image, say) for one in deployments}
