"""Models of a user's own for `check --model`: `module:NAME` or `./file.py:NAME`, and what is wrong with one.

NAME is a Model of `checkers.porcupine`, a checker, a CatalogueEntry of either (then it has options, for `--set`), or a
function without arguments that makes one.
"""

from typing import Any

from splitbrain.harness.errors import UsageError
from splitbrain.harness.suggestion import did_you_mean
from splitbrain.own_targets import imported, place


def own_model(word: str) -> Any:
    """The CatalogueEntry of a checker that a word with a colon names; UsageError, with the place in the user's code, if
    there is none."""
    from splitbrain.checkers.catalogue import entry_of

    module_name, _, attribute = word.rpartition(":")
    told = f"model {word}"
    module = imported(module_name, told)
    found = getattr(module, attribute, None)
    if found is None:
        raise UsageError(f"{told}: module {module_name!r} has no {attribute!r}{did_you_mean(attribute, vars(module))}")
    made = entry_of(word, found)
    if made is None and callable(found):
        try:
            made = entry_of(word, found())
        except Exception as error:
            raise UsageError(f"{told} cannot be made: {type(error).__name__}: {error}{place(error)}") from error
    if made is None:
        raise UsageError(
            f"{told}: {attribute!r} is no model but {type(found).__name__}: name a Model of "
            "splitbrain.checkers.porcupine, a checker, or a function without arguments that makes one"
        )
    return made
