"""Changes of a card since an earlier one: a baseline for continuous integration.

A change is another class, of the whole or of reads or writes, another letter, a claim that holds no longer or again,
or that is made no longer or for the first time.
What is not settled any more is told apart: it is no evidence of a change.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from splitbrain.classification.card import Card
from splitbrain.classification.rule import CapClass
from splitbrain.harness.errors import UsageError

UNCLAIMED = "not claimed"
FIELDS = ("class", "reads", "writes", "pacelc")


@dataclass(frozen=True)
class CardChanges:
    """changed: what is different. unsettled: what was settled and is not any more. A sentence each."""

    changed: tuple[str, ...] = ()
    unsettled: tuple[str, ...] = ()


def earlier_cards(path: Path) -> Mapping[str, Mapping[str, Any]]:
    """Target → the content of its earlier `card.json`, of all in the folder of a classification, or of that file alone.
    UsageError if there is none, or one that cannot be read."""
    files = sorted(path.glob("*/card.json")) if path.is_dir() else [path]
    if not files:
        raise UsageError(f"--baseline {path}: there is no card in it")
    found = {}
    for file in files:
        try:
            plain = json.loads(file.read_text(encoding="utf-8"))
        except OSError as error:
            raise UsageError(f"--baseline: {file}: a card cannot be read: {error.strerror}") from None
        except ValueError as error:
            raise UsageError(f"--baseline: {file}: not a card.json: {error}") from None
        known = isinstance(plain, dict) and {"target", *FIELDS} <= plain.keys()
        if not known or not isinstance(plain.get("claims"), dict):
            raise UsageError(f"--baseline: {file}: not a card.json, as a classification keeps one for each target")
        found[str(plain["target"])] = plain
    return found


def changes(card: Card, before: Mapping[str, Any]) -> CardChanges:
    """The differences between a card and the content of an earlier `card.json`."""
    now = card.line()
    pairs = {name: (before[name], now[name]) for name in FIELDS}
    claims = dict.fromkeys([*before["claims"], *now["claims"]])
    pairs |= {
        f"claim {claim}": (before["claims"].get(claim, UNCLAIMED), now["claims"].get(claim, UNCLAIMED))
        for claim in claims
    }  # fmt: skip
    changed, unsettled = list[str](), list[str]()
    for name, (was, found) in pairs.items():
        if was == found:
            continue
        told = f"{name}: was {_told(was)}, is {_told(found)}"
        (changed if _settled(found) else unsettled).append(told)
    return CardChanges(tuple(changed), tuple(unsettled))


def _settled(value: str | bool | None) -> bool:
    return value is not None and value != CapClass.UNDETERMINED and "?" not in str(value)


def _told(value: str | bool | None) -> str:
    return value if isinstance(value, str) else {True: "holds", False: "refuted", None: "not settled"}[value]
