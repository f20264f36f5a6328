"""Parts that other packages add, found as Python entry points: `[project.entry-points."splitbrain.models"]`.

A package names its part there as `name = "module:attribute"`; nothing is imported until the part is asked for.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from splitbrain.harness.errors import UsageError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint


def plugins(kind: str) -> dict[str, EntryPoint]:
    """Entry points of the group `splitbrain.KIND` by name, in order of name."""
    group = f"splitbrain.{kind}"
    if not any(f"[{group}]".encode() in text for text in _declarations()):
        return {}  # importing the library takes longer than looking
    from importlib.metadata import entry_points

    return {point.name: point for point in sorted(entry_points(group=group), key=lambda point: point.name)}


def load_plugin(point: EntryPoint) -> Any:
    """Load the object that an entry point names; UsageError, with the package and the reason, if it cannot be
    imported."""
    try:
        return point.load()
    except Exception as error:
        package = f" of the package {point.dist.name}" if point.dist is not None else ""
        raise UsageError(
            f"{point.group} {point.name}{package} cannot be loaded from {point.value}: {type(error).__name__}: "
            f"{error}; mend that package or uninstall it"
        ) from error


def _declarations() -> Iterator[bytes]:
    """The entry points of each installed package, as their files declare them."""
    for folder in sys.path:
        for path in Path(folder or ".").glob("*-info/entry_points.txt"):
            with contextlib.suppress(OSError):
                yield path.read_bytes()
