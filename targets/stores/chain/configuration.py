"""Configuration of a chain: which nodes it has, in which order, one configuration an epoch.

The paper has a master that is itself replicated by Paxos (section 3). Here it is one register that all nodes keep: a
configuration follows another by compare-and-set, so each epoch has one.
"""

from collections.abc import Sequence

from splitbrain.harness.program import Effect, Now
from splitbrain.harness.random_stream import RandomStream
from splitbrain.targets.stores.chain.messages import Chain
from splitbrain.targets.stores.configuration import TIMER, TOKENS, Answered, ConfigurationService
from splitbrain.targets.stores.messages import Response

__all__ = ["TIMER", "TOKENS", "ChainConfiguration"]

KEY = "chain"


class ChainConfiguration(ConfigurationService):
    """The register of a chain, as one node has it."""

    def __init__(self, name: str, nodes: Sequence[str], random: RandomStream, *, persistent: bool) -> None:
        super().__init__(name, nodes, random, persistent=persistent)
        self._first: Chain = tuple(nodes)

    def ask(self, now: Now, answered: Answered) -> list[Effect]:
        """Read the present configuration, as it is now or later."""
        return self.read(now, KEY, answered)

    def propose(self, now: Now, old: tuple[int, Chain], chain: Chain, answered: Answered) -> list[Effect]:
        """Put a chain in the place of an old one, in the next epoch."""
        expected = None if old == (0, self._first) else [old[0], list(old[1])]
        return self.replace(now, KEY, expected, [old[0] + 1, list(chain)], answered)

    def understood(self, response: Response) -> tuple[int, Chain]:
        """Epoch and chain of an answer to `ask`."""
        if response.value is None:
            return 0, self._first
        epoch, chain = response.value
        return int(epoch), tuple(map(str, chain))
