"""What is Cassandra as a system under test? Options, claims, and how its nodes come to be."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from splitbrain.harness.announce import Say
from splitbrain.harness.client import ErrorTable, Shapes
from splitbrain.harness.deployment import Deployment, Process
from splitbrain.harness.logs import Pattern
from splitbrain.harness.node import Node
from splitbrain.harness.options import Option, Setting
from splitbrain.harness.verdict import Verdict
from splitbrain.targets.cassandra import audit, jars, java, manners, members
from splitbrain.targets.cassandra.client import CassandraClient
from splitbrain.targets.cassandra.containers import as_container
from splitbrain.targets.cassandra.errors import ERRORS
from splitbrain.targets.cassandra.session import require_driver


class Cassandra:
    """Cassandra with the given settings; see the package for its operations."""

    name: ClassVar[str] = "cassandra"
    summary: ClassVar[str] = "Apache Cassandra 5, a wide-column store without a leader: real processes or containers"
    options: ClassVar[Sequence[Option]] = (*members.OPTIONS, *manners.OPTIONS)
    log_patterns: ClassVar[Sequence[Pattern]] = members.LOG_PATTERNS

    def __init__(self, settings: Mapping[str, Setting]) -> None:
        """UsageError if an option makes no sense."""
        members.check(settings)
        version = "" if settings["image"] else jars.resolve(str(settings["version"]))
        self.settings: Mapping[str, Setting] = {**settings, "version": version}
        self._manners = manners.made(self.settings)

    @property
    def claims(self) -> Sequence[str]:
        """See `manners.claims`."""
        return manners.claims(self._manners)

    @property
    def deployments(self) -> Sequence[Deployment]:
        """Processes or containers."""
        container = as_container(self.settings)
        if self.settings["image"]:
            return (container,)
        return (members.as_process(lambda: jars.cached(str(self.settings["version"])), self.settings), container)

    @property
    def operations(self) -> Shapes:
        """See `manners.operations`."""
        return manners.operations(self._manners)

    @property
    def errors(self) -> ErrorTable:
        """What each error means."""
        return ERRORS

    def provide(self, deployment: Deployment, say: Say) -> None:
        """See `harness.target.Provided`: find or fetch the server, and look for Java."""
        require_driver()
        if isinstance(deployment, Process):
            jars.obtain(str(self.settings["version"]), say)
            java.found()

    def notices(self) -> Sequence[str]:
        """See `harness.target.Provided`: which version runs."""
        image = self.settings["image"]
        return (f"Cassandra {'of the image ' if image else ''}{image or self.settings['version']}",)

    def client(self, node: Node) -> CassandraClient:
        """A new client pinned to a node."""
        return CassandraClient(node, self._manners)

    async def roles(self, nodes: Sequence[Node]) -> Mapping[str, str]:
        """Nobody leads."""
        return {}

    async def settle(self, nodes: Sequence[Node]) -> None:
        """See `harness.target.Settling`: all nodes are up, and all hints handed over."""
        await audit.settle(nodes, hints=bool(self.settings["hints"]))

    async def audit(self, nodes: Sequence[Node]) -> Verdict:
        """See `harness.target.Audited`: do all replicas hold the same data."""
        return await audit.audit(nodes, self._manners)
