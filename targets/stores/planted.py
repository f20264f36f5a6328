"""Stores into which a bug can be planted: the option `bug`, and the parts of the bug that it names.

`bug=NAME` has every node make the mistake; `bug=NAME@n3` the node n3 alone, which then stands for one that lies: a
design that endures crashes promises nothing of it (Lamport, Shostak and Pease 1982).
"""

import importlib
from collections.abc import Sequence
from functools import partial
from typing import Any, ClassVar

from splitbrain.harness.errors import UsageError
from splitbrain.harness.options import Option
from splitbrain.harness.planted_bug import PlantedBug, by_name
from splitbrain.harness.program import Program, ProgramFactory
from splitbrain.harness.random_stream import RandomStream
from splitbrain.harness.suggestion import did_you_mean
from splitbrain.targets.stores.target import StoreTarget

BUG = Option(
    "bug",
    "none",
    "a planted bug, by its name in the catalogue: `splitbrain zoo STORE` lists and hunts them; NAME@n3: at n3 alone",
)


class PlantedStore(StoreTarget):
    """A store whose nodes tell their role, and that has a catalogue of bugs."""

    introspective = True
    bugs: ClassVar[str] = ""
    """The place of its catalogue: see `harness.planted_bug`."""

    def program_of(self, correct: tuple[Any, Any], **settings: Any) -> ProgramFactory:
        """A maker of nodes with these settings. correct: their class and their parts, without a bug."""
        usual = partial(correct[0], parts=correct[1], **settings)
        found = self.planted_bug
        if found is None:
            return usual
        node, parts = found.parts
        mistaken = partial(node or correct[0], parts=parts, **settings)
        _, _, place = self._word("bug").partition("@")
        if not place:
            return mistaken

        def make(name: str, nodes: Sequence[str], random: RandomStream) -> Program:
            if nodes and place not in nodes:
                raise UsageError(
                    f"{self.name}: bug={self._word('bug')}: there is no node {place}, only {', '.join(nodes)}"
                )
            made: Program = (mistaken if name == place else usual)(name, nodes, random)
            return made

        return make

    def parts_beside(self, correct: Any, node: str) -> Any:
        """The parts of what stands outside the nodes, for one of them: those of the bug if it is planted there."""
        found = self.planted_bug
        _, _, place = self._word("bug").partition("@")
        return correct if found is None or place not in ("", node) else found.parts[1]

    @property
    def planted_bug(self) -> PlantedBug | None:
        """The bug that was asked for. UsageError if there is none of that name."""
        wanted, at, place = self._word("bug").partition("@")
        if wanted == BUG.default and not at:
            return None
        module, _, name = self.bugs.partition(":")
        catalogue = by_name(getattr(importlib.import_module(module), name))
        if wanted not in catalogue:
            hint = did_you_mean(wanted, catalogue, f"there are {', '.join(catalogue)}")
            raise UsageError(f"{self.name}: there is no bug {wanted!r}{hint}")
        if at and not place:
            raise UsageError(f"{self.name}: bug={wanted}@ names no node; for one node alone it is bug={wanted}@n3")
        return catalogue[wanted]
