"""Checks of the options of faults; each error says what was expected.

An option that picks a variant is `each` by default: all variants in turn."""

from collections.abc import Mapping

from splitbrain.harness.errors import UsageError
from splitbrain.harness.options import Option, Setting

EACH = "each"


def variant_option(name: str, variants: tuple[str, ...], meaning: str) -> Option:
    """The option by which a user picks one variant of a fault."""
    return Option(name, EACH, f"{meaning}; {EACH}: all of them in turn", choices=(EACH, *variants))


def chosen(settings: Mapping[str, Setting], option: str, variants: tuple[str, ...]) -> tuple[str, ...]:
    """The variants that a `variant_option` leaves."""
    picked = settings[option]
    return variants if picked == EACH else (str(picked),)


def number(settings: Mapping[str, Setting], option: str, owner: str, low: float, high: float) -> float:
    """The value of a numeric option; UsageError unless low ≤ value ≤ high."""
    value = settings[option]
    if not isinstance(value, int | float) or not low <= value <= high:
        raise UsageError(f"{owner}: option {option} is a number from {low:g} to {high:g}, not {value}")
    return float(value)
