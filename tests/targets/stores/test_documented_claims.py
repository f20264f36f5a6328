"""The table of docs/stores.md, compared with what the stores claim."""

import re
from collections.abc import Iterator
from itertools import product
from pathlib import Path

from splitbrain import registry

PAGE = Path(__file__).parents[3] / "docs/stores.md"
NOT_READ = ("`failover=lease` with", "`w + r > n`", "`w + r <= n`", "`idempotence=off`")
"""Beginnings of the configurations that are said in words."""


def test_stores_claim_what_the_page_says() -> None:
    compared: dict[str, set[str]] = {}
    for store, configuration, claims in rows():
        if configuration.startswith(NOT_READ):
            continue
        for options in configurations(configuration):
            name = f"{store}:{','.join(options)}"
            compared[name] = set() if claims == "nothing" else set(re.split(r"[;:(]", claims)[0].strip().split(", "))
    assert {name: set(registry.target(name).claims) for name in compared} == compared
    assert len(compared) > 60


def test_every_store_stands_on_the_page() -> None:
    stores = {name for name in registry.TARGETS if ".stores." in registry.target_class(name).__module__}
    assert {store for store, _configuration, _claims in rows()} == stores


def rows() -> Iterator[tuple[str, str, str]]:
    """Yield store, configuration and claims of each row; the store of one that names none is that of the row before."""
    store = ""
    for line in PAGE.read_text().split("| does not promise |")[1].splitlines():
        if line.startswith("| ") and (cells := [cell.strip() for cell in line.split("|")]):
            store = cells[1].strip("`") or store
            yield store, cells[3], cells[4]
        elif store and not line:
            return


def configurations(words: str) -> Iterator[tuple[str, ...]]:
    """Yield the options meant by `a=1`, `2`, `b=3``: a value of each option; after `or` another option."""
    for alternative in re.split(r",? or (?=`\w+=)", words):
        values: dict[str, list[str]] = {}
        option = ""
        for shown in re.findall(r"`([^`]+)`", alternative):
            for word in shown.split(","):
                option, _, value = word.rpartition("=") if "=" in word else (option, "", word)
                values.setdefault(option, []).append(f"{option}={value}")
        yield from product(*values.values())
