"""Workload: operations for clients, and the checkers that judge their history, for one property.

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
    """The size of a test, by which a workload lays out its operations."""

    concurrency: int
    nodes: int
    rate: float
    """Operations a second over all clients; 0 means as fast as they go."""

    def unique(self, thread: int, ordinal: int) -> int:
        """A number that no other operation of a phase has, by its thread and its ordinal in it."""
        return ordinal * self.concurrency + thread


@dataclass(frozen=True)
class Workload:
    """One workload.

    name: as `--workload` takes it. operations: what a target must offer. main: the
    operations of the main phase, endless; the controller adds rate and time limit. final: operations after healing,
    made from the history (reads of the keys that were used). checkers: made from the options. model: a model of
    `checkers/lattice.py` whose histories all pass these checks, if one is known: what they refute refutes it. decides:
    whether a history that passes them satisfies it. level: the option that names the isolation level of the verdict, if
    there is one, so that a claim of another level can be judged too. lasting: the option that says for how many seconds
    one operation lasts, if there is one: a run whose operations have a deadline before that is refused.
    """

    name: str
    summary: str
    operations: Shapes
    options: Sequence[Option]
    main: Callable[[Size, Mapping[str, Setting]], Generator]
    checkers: Callable[[Mapping[str, Setting]], Sequence[Checker]]
    final: Callable[[Size, Mapping[str, Setting], History], Generator | None] = lambda size, settings, history: None
    model: str | None = None
    decides: bool = False
    level: str | None = None
    lasting: str | None = None
