"""Parts that other packages add, found as Python entry points: `[project.entry-points."splitbrain.models"]`.

A package names its part there as `name = "module:attribute"`; nothing is imported until the part is asked for.
"""

from importlib.metadata import EntryPoint, entry_points
from typing import Any

from splitbrain.harness.errors import UsageError


def plugins(kind: str) -> dict[str, EntryPoint]:
    """Entry points of the group `splitbrain.KIND` by name, in order of name."""
    return {point.name: point for point in sorted(entry_points(group=f"splitbrain.{kind}"), key=lambda p: p.name)}


def load_plugin(point: EntryPoint) -> Any:
    """What an entry point names; UsageError, with the package and the reason, if it cannot be imported."""
    try:
        return point.load()
    except Exception as error:
        package = f" of the package {point.dist.name}" if point.dist is not None else ""
        raise UsageError(
            f"{point.group} {point.name}{package} cannot be loaded from {point.value}: {type(error).__name__}: "
            f"{error}; mend that package or uninstall it"
        ) from error
