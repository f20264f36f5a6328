"""splitbrain: what a data system really promises when the network splits, nodes die and clocks lie.

`run`, `check`, `campaign` and `classify` are the calls behind the commands of the same names; `RunSpec` is everything
that fixes a run. They are imported when first used, so that `import splitbrain` stays quick.
"""

from splitbrain.version import __version__

TYPE_CHECKING = False  # known to type checkers; importing typing for it would take longer than all the rest
if TYPE_CHECKING:
    from typing import Any

    from splitbrain.campaigns.calls import campaign
    from splitbrain.campaigns.outcome import CampaignResult
    from splitbrain.classification.calls import classify
    from splitbrain.runner.calls import check, run
    from splitbrain.runner.spec import RunSpec

__all__ = ["CampaignResult", "RunSpec", "__version__", "campaign", "check", "classify", "run"]

_WHERE = {
    "CampaignResult": "splitbrain.campaigns.outcome",
    "RunSpec": "splitbrain.runner.spec",
    "campaign": "splitbrain.campaigns.calls",
    "check": "splitbrain.runner.calls",
    "classify": "splitbrain.classification.calls",
    "run": "splitbrain.runner.calls",
}


def __getattr__(name: str) -> "Any":
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(_WHERE[name]), name)
