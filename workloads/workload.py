"""What is a workload? Operations for clients, and the checkers that judge what came of them, for one property.

It knows no target and no environment: it names the operations it needs, and a target that has them fits.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from splitbrain.harness.checker import Checker
from splitbrain.harness.client import Shapes
from splitbrain.harness.generator.core import Generator
from splitbrain.harness.history import History
from splitbrain.harness.options import Option, Setting


@dataclass(frozen=True)
class Size:
    """How big the test is: what a workload may need to know to lay out its operations."""

    concurrency: int
    nodes: int
    rate: float
    """Operations a second over all clients; 0 means as fast as they go."""


@dataclass(frozen=True)
class Workload:
    """One story: what clients do, and who judges.

    main: the operations of the main phase, endless; the controller adds rate and time limit. final: operations after
    healing, made from what was done (final reads of the keys that were used). checkers: made from the options.
    """

    name: str
    summary: str
    operations: Shapes
    options: Sequence[Option]
    main: Callable[[Size, Mapping[str, Setting]], Generator]
    checkers: Callable[[Mapping[str, Setting]], Sequence[Checker]]
    final: Callable[[Size, Mapping[str, Setting], History], Generator | None] = lambda size, settings, history: None
