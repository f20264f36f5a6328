"""What does the kernel keep of a model, from one history to the next? How its histories are read, and what it answered.

The trap: who searches has the desk alone, for tables are read without the GIL. So it is taken from the model and given
back; whoever comes meanwhile, in another thread or inside a `step`, gets a new one.
"""

from splitbrain.checkers.porcupine.kernel.by_heart import UNKNOWN, codes
from splitbrain.checkers.porcupine.kernel.reading import Reading
from splitbrain.checkers.porcupine.kernel.steps import Transitions
from splitbrain.checkers.porcupine.model import Model
from splitbrain.checkers.porcupine.proof import is_plain

_NAME = "desk"
_KEPT_BYTES, _KEPT_CLASSES = 8 << 20, 20_000
"""Of a table with more than so many bytes or classes of calls nothing is kept: they hardly ever come again."""


class Dispatcher:
    """heart, steps: how a history is read whose steps are known by heart, and these steps; None if it is none such.
    asked, answers: how any is read, and what the model has answered. shortcut: whether procedures come before a search;
    where steps are known by heart, a short one is quicker. words: for people, of calls that were told before.
    """

    __slots__ = ("answers", "asked", "heart", "model", "shortcut", "steps", "words")

    def __init__(self, model: Model) -> None:
        """TooWide for a model that knows too many names."""
        by_heart = None if model.sees or not is_plain(model.initial) else codes(model)
        self.model = model
        self.words: dict[tuple[int, ...], str] = {}
        in_parts = not model.by_key and model.independence.parts is not None
        self.shortcut = in_parts or (bool(model.fast) and codes(model) is None)
        self.heart = None if by_heart is None else _reading(model, by_heart)
        self.steps = Transitions(model, True)
        self.asked = _reading(model, None)
        self.answers = Transitions(model, False)


def take(model: Model) -> Dispatcher:
    """The model's desk, or a new one. TooWide."""
    desk: Dispatcher | None = model.remembered.pop(_NAME, None)
    return Dispatcher(model) if desk is None else desk


def give_back(desk: Dispatcher) -> None:
    """For the next history. A desk that is not given back is forgotten."""
    if desk.answers.bytes <= _KEPT_BYTES and len(desk.answers.classes) <= _KEPT_CLASSES:
        desk.model.remembered[_NAME] = desk


def _reading(model: Model, by_heart: dict[str, int] | None) -> Reading:
    names = [
        (name, UNKNOWN if by_heart is None else by_heart[name], name in model.pure, name in model.observes,
         name in model.refusals)
        for name in model.operations
    ]  # fmt: skip
    return Reading(names, by_heart is not None, model.by_key, model.initial, model.sees)
