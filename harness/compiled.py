"""Compiled parts and their sources: whether they belong together.

`setup.py` builds `build_stamp` along with the compiled parts: the checksum of each source that they were made from.
Parts of other sources than those that lie here may be called with other arguments than they take, or worse.

Pitfall: without the stamp nothing is known, as where no compiler was at hand; then there is mostly nothing compiled.
"""

import importlib
import zlib
from collections.abc import Mapping
from pathlib import Path

from splitbrain.harness.errors import InfrastructureError

_PACKAGE = Path(__file__).parent.parent


def built_from() -> Mapping[str, int]:
    """The sources of the compiled parts, relative to the package, each with its checksum; empty if there are none."""
    try:
        sources: Mapping[str, int] = importlib.import_module("splitbrain.harness.build_stamp").SOURCES
    except ImportError:
        return {}
    return sources


def require_current(sources: Mapping[str, int], package: Path = _PACKAGE) -> None:
    """InfrastructureError if one of these sources lies here and is another one than it was. About 2 ms."""
    for name, checksum in sources.items():
        try:
            found = zlib.crc32((package / name).read_bytes())
        except FileNotFoundError:
            continue  # an installation without sources, or a part that is no more
        if found != checksum:
            raise InfrastructureError(
                f"the compiled parts of splitbrain were built from another {name} than the one that is here: "
                "install it again, in a checkout by 'pip install -e .'"
            )
