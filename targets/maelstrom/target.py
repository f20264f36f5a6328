"""The target `maelstrom`: processes of a program that speaks Maelstrom's protocol."""

import os
import shlex
import shutil
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from splitbrain.harness.client import ErrorTable, Shapes
from splitbrain.harness.deployment import Body, Deployment, Piped, Place
from splitbrain.harness.errors import UsageError
from splitbrain.harness.node import Node
from splitbrain.harness.options import Option, Setting
from splitbrain.targets.maelstrom.client import MaelstromClient
from splitbrain.targets.maelstrom.errors import ERRORS
from splitbrain.targets.maelstrom.requests import REQUESTS, objection
from splitbrain.targets.maelstrom.services import services
from splitbrain.targets.maelstrom.topology import TOPOLOGIES
from splitbrain.targets.operations import shapes

LOGS = ("send", "poll")


class Maelstrom:
    """Node programs that speak Maelstrom's protocol; see the package. Without `bin` it has no program, and says so when
    it is run."""

    name: ClassVar[str] = "maelstrom"
    summary: ClassVar[str] = "node programs in any language that speak Maelstrom's protocol: maelstrom:bin=./node"
    options: ClassVar[Sequence[Option]] = (
        Option("bin", "", "the program of a node, with arguments if it has any; `bin=` may be left out"),
        Option("topology", "grid", "who is whose neighbour in workload broadcast", choices=tuple(TOPOLOGIES)),
        Option("init_seconds", 10.0, "how long a node may take to answer init and topology", least=0.01),
    )
    positional: ClassVar[str] = "bin"
    """The option that a word without `=` sets."""
    claims: Sequence[str] = ()

    def __init__(self, settings: Mapping[str, Setting]) -> None:
        """UsageError if there is no such program."""
        self.settings = settings
        self.argv = program(str(settings["bin"])) if settings["bin"] else ()
        self._operations: Collection[str] = ()

    @property
    def operations(self) -> Shapes:
        """The operations of Maelstrom's workloads; a program has those of the workloads that it is made for."""
        return shapes(*REQUESTS, *LOGS)

    @property
    def errors(self) -> ErrorTable:
        """The protocol's codes."""
        return ERRORS

    @property
    def default_workload(self) -> str:
        """None: which workload a program is made for cannot be known."""
        raise UsageError(
            "a node program is made for one workload: name it with --workload, as lin-kv, broadcast, g-set, g-counter, "
            "pn-counter, unique-ids, txn-list-append, txn-rw-register, kafka or echo"
        )

    @property
    def deployments(self) -> Sequence[Deployment]:
        """Processes that speak on standard input and output."""
        return (
            Piped(
                argv=lambda place: self.argv,
                opening=self.opening,
                services=services,
                objection=objection,
                ready_seconds=float(self.settings["init_seconds"] or 0),
            ),
        )

    def expect(self, operations: Collection[str]) -> None:
        """See `harness.target.Expecting`: nodes are told a topology if there are broadcasts."""
        if not self.argv:
            raise UsageError("target maelstrom needs the program of a node: maelstrom:bin=./node")
        self._operations = operations

    def opening(self, place: Place) -> Sequence[Body]:
        """The requests that a node has to answer each time it starts."""
        names = list(place.members)
        init: Body = {"type": "init", "node_id": place.name, "node_ids": names}
        if "broadcast" not in self._operations:
            return (init,)
        neighbours = TOPOLOGIES[str(self.settings["topology"])](names)
        return init, {"type": "topology", "topology": neighbours}

    def client(self, node: Node) -> MaelstromClient:
        """A new client pinned to a node."""
        return MaelstromClient(node)

    async def roles(self, nodes: Sequence[Node]) -> Mapping[str, str]:
        """No roles, as none are known."""
        return {}


def program(words: str) -> tuple[str, ...]:
    """The command of a node: the path of a program, or its name and its arguments. UsageError if it cannot be run."""
    whole = Path(words)
    try:
        parts = [words] if whole.is_file() else shlex.split(words)
    except ValueError as error:
        raise UsageError(f"target maelstrom: bin={words}: {error}") from None
    if not parts:
        raise UsageError("target maelstrom needs the program of a node: maelstrom:bin=./node")
    name = parts[0]
    path = Path(name)
    if "/" not in name and not path.is_file():
        found = shutil.which(name)
        if found is None:
            raise UsageError(f"target maelstrom: there is no program {name}, neither here nor on the PATH")
        return found, *parts[1:]
    if path.is_dir():
        raise UsageError(f"target maelstrom: {name} is a folder; bin is the program of a node")
    if not path.exists():
        raise UsageError(f"target maelstrom: there is no program {name}")
    if not os.access(path, os.X_OK):
        raise UsageError(f"target maelstrom: {name} cannot be run: make it executable, with chmod +x {name}")
    return str(path.absolute()), *parts[1:]
