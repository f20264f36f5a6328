"""Cache of a model: how its histories are read, and the transitions computed so far, kept between histories.

Pitfall: not thread-safe, for tables are read without the GIL. Take the cache from the model and give it back
afterwards; a concurrent caller, in another thread or inside a `step`, gets a fresh one.
"""

from splitbrain.checkers.porcupine.calls import is_plain
from splitbrain.checkers.porcupine.kernel.build_problem import ModelReading
from splitbrain.checkers.porcupine.kernel.builtin_steps import UNKNOWN, codes
from splitbrain.checkers.porcupine.kernel.steps import Transitions
from splitbrain.checkers.porcupine.model import Model

_NAME = "cache"
_KEPT_BYTES, _KEPT_CLASSES = 8 << 20, 20_000
"""Of a table with more than so many bytes or classes of calls nothing is kept: they hardly ever come again."""


class ModelCache:
    """The kernel's cache of one model.

    builtin, steps: how a history is read whose steps are built in, and these steps; None if they are not. generic,
    table: how any other is read, and the transitions computed so far. shortcut: whether monitors come before a search;
    where steps are built in, a short search is quicker. words: descriptions of calls made before.
    """

    __slots__ = ("builtin", "generic", "model", "shortcut", "steps", "table", "words")

    def __init__(self, model: Model) -> None:
        """TooWide for a model that knows too many names."""
        known = None if model.sees or not is_plain(model.initial) else codes(model)
        self.model = model
        self.words: dict[tuple[int, ...], str] = {}
        in_parts = not model.by_key and model.independence.parts is not None
        self.shortcut = in_parts or (bool(model.monitors) and codes(model) is None)
        self.builtin = None if known is None else _reading(model, known)
        self.steps = Transitions(model, True)
        self.generic = _reading(model, None)
        self.table = Transitions(model, False)


def take(model: Model) -> ModelCache:
    """The model's cache, or a new one. TooWide."""
    cache: ModelCache | None = model.remembered.pop(_NAME, None)
    return ModelCache(model) if cache is None else cache


def give_back(cache: ModelCache) -> None:
    """Keep the cache for the next history; one that is not given back is forgotten."""
    if cache.table.bytes <= _KEPT_BYTES and len(cache.table.classes) <= _KEPT_CLASSES:
        cache.model.remembered[_NAME] = cache


def _reading(model: Model, builtin: dict[str, int] | None) -> ModelReading:
    names = [
        (name, UNKNOWN if builtin is None else builtin[name], name in model.pure, name in model.observes,
         name in model.refusals)
        for name in model.operations
    ]  # fmt: skip
    return ModelReading(names, builtin is not None, model.by_key, model.initial, model.sees)
