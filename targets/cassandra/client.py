"""What is a client of Cassandra? Placeholder of the first commit, replaced by the client side."""

from splitbrain.harness.node import Node
from splitbrain.harness.operation import Operation, Outcome
from splitbrain.targets.cassandra.manners import Manners


class CassandraClient:
    """One logical client, pinned to one node."""

    def __init__(self, node: Node, manners: Manners) -> None:
        self._node = node
        self._manners = manners

    async def open(self) -> None:
        raise ConnectionRefusedError("not there yet")

    async def setup(self) -> None:
        raise ConnectionRefusedError("not there yet")

    async def invoke(self, operation: Operation) -> Outcome:
        raise ConnectionRefusedError("not there yet")

    async def teardown(self) -> None:
        raise ConnectionRefusedError("not there yet")

    async def close(self) -> None:
        pass
