"""NamespaceNode: a process, with all its children, in a network namespace of its own.

Pitfall: one that was just started has not entered its namespace yet, so it is known by its number as well.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

from splitbrain.harness.deployment import Place, Process
from splitbrain.harness.environments.linux import processes
from splitbrain.harness.environments.linux.netns import NetworkNamespace
from splitbrain.harness.environments.linux.tools import path
from splitbrain.harness.environments.real.process_node import ProcessNode


class NamespaceNode(ProcessNode):
    """One member of a local cluster; see `harness.node.Node`."""

    def __init__(
        self, place: Place, deployment: Process, namespace: NetworkNamespace, log: Path, now: Callable[[], int]
    ) -> None:
        super().__init__(place, deployment, log, now)
        self.namespace = namespace

    def found(self) -> list[int]:
        return processes.in_namespace(self.namespace.inode)

    def wrapped(self, argv: Sequence[str]) -> Sequence[str]:
        return [path("nsenter"), f"--net={self.namespace.path}", "--", *argv]
