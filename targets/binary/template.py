"""Words with names in braces: `--listen={address}:{port}`. Other braces stay as they are, so JSON needs no escapes."""

import re
import sys
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from urllib.parse import quote

from splitbrain.harness.deployment import Place
from splitbrain.harness.operation import Operation
from splitbrain.targets.values import packed

PLACE_NAMES = ("name", "address", "port", "folder", "members", "addresses", "first", "others", "here", "python")
OPERATION_NAMES = ("key", "value", "old", "new")


def fill(words: str, values: Mapping[str, str], quoted: Callable[[str], str] = str) -> str:
    """The words with every known name replaced by its value. quoted: applied to each value."""
    return re.sub(r"\{(\w+)\}", lambda found: quoted(values[found[1]]) if found[1] in values else found[0], words)


def unknown_names(words: str, known: Collection[str]) -> list[str]:
    """The names in braces that would stay as they are."""
    return [name for name in re.findall(r"\{(\w+)\}", words) if name not in known]


def of_place(place: Place, port: int, here: Path) -> Mapping[str, str]:
    """The values of `PLACE_NAMES` for a node. here: the folder of the description."""
    addresses = {name: f"{address}:{port}" for name, address in place.members.items()}
    return {
        "name": place.name,
        "address": place.address,
        "port": str(port),
        "folder": str(place.folder),
        "members": ",".join(f"{name}={address}" for name, address in addresses.items()),
        "addresses": ",".join(addresses.values()),
        "first": next(iter(addresses.values())),
        "others": ",".join(address for name, address in addresses.items() if name != place.name),
        "here": str(here),
        "python": sys.executable,
    }


def of_operation(operation: Operation) -> Mapping[str, str]:
    """The values of `OPERATION_NAMES` for an operation: the key as it is, values as JSON."""
    values = {"key": str(operation.key if operation.key is not None else "splitbrain")}
    if operation.f == "cas":
        values["old"], values["new"] = map(packed, operation.value)
    else:
        values["value"] = packed(operation.value)
    return values


def in_url(value: str) -> str:
    """A value as a part of a URL's path or query."""
    return quote(value, safe="")
