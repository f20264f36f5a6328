"""Stores into which a bug can be planted: the option `bug`, and the parts of the bug that it names."""

import importlib
from typing import Any, ClassVar

from splitbrain.harness.errors import UsageError
from splitbrain.harness.options import Option
from splitbrain.harness.planted_bug import PlantedBug, by_name
from splitbrain.harness.suggestion import did_you_mean
from splitbrain.targets.stores.target import StoreTarget

BUG = Option("bug", "none", "a planted bug, by its name in the catalogue: `splitbrain zoo STORE` lists and hunts them")


class PlantedStore(StoreTarget):
    """A store whose nodes tell their role, and that has a catalogue of bugs."""

    introspective = True
    bugs: ClassVar[str] = ""
    """The place of its catalogue: see `harness.planted_bug`."""

    def planted(self, correct: tuple[Any, Any]) -> tuple[Any, Any]:
        """The class of the nodes and their parts: those of the bug that was asked for, or the correct ones."""
        found = self.planted_bug
        if found is None:
            return correct
        node, parts = found.parts
        return node or correct[0], parts

    @property
    def planted_bug(self) -> PlantedBug | None:
        """The bug that was asked for. UsageError if there is none of that name."""
        wanted = self._word("bug")
        if wanted == BUG.default:
            return None
        module, _, name = self.bugs.partition(":")
        catalogue = by_name(getattr(importlib.import_module(module), name))
        if wanted not in catalogue:
            hint = did_you_mean(wanted, catalogue, f"there are {', '.join(catalogue)}")
            raise UsageError(f"{self.name}: there is no bug {wanted!r}{hint}")
        return catalogue[wanted]
