"""How do clients speak to Cassandra? Placeholder of the first commit, replaced by the client side."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from splitbrain.harness.client import Shapes
from splitbrain.harness.options import Option, Setting

OPTIONS: tuple[Option, ...] = ()
OPERATIONS: Shapes = {}


@dataclass(frozen=True)
class Manners:
    """What all clients of a run have in common."""


def made(settings: Mapping[str, Setting]) -> Manners:
    """From the settings."""
    return Manners()


def claims(manners: Manners) -> Sequence[str]:
    """What may be claimed with these settings."""
    return ()
