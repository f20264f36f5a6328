"""Process of one node of an own store: `python -m splitbrain.targets.stores STORE --id … --data …`."""

import argparse
import importlib
import sys
import time
from pathlib import Path

from splitbrain.harness.errors import UsageError
from splitbrain.harness.options import settle
from splitbrain.harness.program import ProgramFactory
from splitbrain.harness.runtime.runner import serve
from splitbrain.targets import STORES, TARGETS
from splitbrain.targets.stores.target import StoreTarget


def main(argv: list[str]) -> None:
    """Run the node that the words describe, until it is ended."""
    parser = argparse.ArgumentParser(prog="python -m splitbrain.targets.stores", description="One node of a store.")
    parser.add_argument("store", help=f"{', '.join(STORES)}, or module:Class of your own")
    parser.add_argument("--id", required=True, help="the name of this node")
    parser.add_argument("--member", action="append", default=[], metavar="NAME=ADDRESS", help="every node, in order")
    parser.add_argument("--joins", action="store_true", help="it joins a cluster that is there already")
    parser.add_argument("--data", type=Path, required=True, help="the folder of its files")
    parser.add_argument("--power", type=Path, help="the folder of the switch by which nodes end each other")
    parser.add_argument("--set", action="append", default=[], metavar="OPTION=VALUE", help="an option of the store")
    parser.add_argument("--seed", type=int, default=time.time_ns(), help="of its random draws; by default the time")
    words = parser.parse_args(argv)
    members, given = _pairs(parser, words.member), _pairs(parser, words.set)
    if words.id not in members:
        parser.error(f"{words.id} is no member")
    kind = _class(parser, TARGETS[words.store][0] if words.store in STORES else words.store)
    try:
        target = kind(settle(kind.options, given, words.store))
    except UsageError as error:
        parser.error(str(error))
    program = newcomer(target.program) if words.joins else target.program
    serve(program, words.id, members, words.data, words.seed, words.power)


def newcomer(program: ProgramFactory) -> ProgramFactory:
    """A maker of the same program for a node that learns of the members from those that it joins."""
    return lambda name, nodes, random: program(name, (), random)


def _class(parser: argparse.ArgumentParser, store: str) -> type[StoreTarget]:
    module, _, name = store.partition(":")
    if not name:
        parser.error(
            f"there is no store {store!r}; there are {', '.join(STORES)}, and module:Class for one of your own"
        )
    kind: type[StoreTarget] = getattr(importlib.import_module(module), name)
    return kind


def _pairs(parser: argparse.ArgumentParser, words: list[str]) -> dict[str, str]:
    for word in words:
        if "=" not in word:
            parser.error(f"expected NAME=VALUE, not {word!r}")
    return dict(word.split("=", 1) for word in words)


if __name__ == "__main__":
    main(sys.argv[1:])
