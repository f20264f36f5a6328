"""splitbrain: what a data system really promises when the network splits, nodes die and clocks lie.

`run` and `check` are the calls behind the commands of the same names; `RunSpec` is everything that fixes a run. They
are imported when first used, so that `import splitbrain` stays quick.
"""

import importlib
from typing import TYPE_CHECKING, Any

from splitbrain.version import __version__

if TYPE_CHECKING:
    from splitbrain.runner.calls import check, run
    from splitbrain.runner.spec import RunSpec

__all__ = ["RunSpec", "__version__", "check", "run"]

_WHERE = {
    "RunSpec": "splitbrain.runner.spec",
    "check": "splitbrain.runner.calls",
    "run": "splitbrain.runner.calls",
}


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_WHERE[name]), name)
