"""A program that does something wrong dies, and the run says in a sentence what it did and on which line."""

import asyncio
import json
import re
import sys
from collections.abc import Callable
from typing import Any

import pytest

from splitbrain.harness.deployment import Simulated
from splitbrain.harness.environments.sim import Sim
from splitbrain.harness.environments.sim.world import read_world, world_options
from splitbrain.harness.errors import InfrastructureError
from splitbrain.harness.program import Reply, SetTimer


class IncompleteProgram:
    """A program without a handler that it would need."""

    message_type, request_type, reply_type = type(None), str, str

    def __init__(self, name: str, nodes: Any, random: Any) -> None:
        self.name = name

    def on_start(self, now: Any, disk: Any) -> Any:
        """Do nothing yet."""
        return []

    def on_request(self, now: Any, request: int, message: str) -> Any:
        """Do what the client says."""
        return WAYS[message](request)


def raises(request: int) -> Any:
    raise ValueError("no such thing")


def yields_and_returns(request: int) -> Any:
    yield SetTimer("later", 1)
    return [Reply(request, "lost")]


async def waits(request: int) -> Any:
    return [Reply(request, "never")]


WAYS: dict[str, Callable[[int], Any]] = {
    "none": lambda request: None,
    "one": lambda request: Reply(request, "alone"),
    "word": lambda request: ["word"],
    "reply": lambda request: [Reply(request, 7)],
    "raise": raises,
    "library": lambda request: json.loads("{"),
    "leave": lambda request: sys.exit("had enough"),
    "number": lambda request: sys.exit(3),
    "both": yields_and_returns,
    "async": waits,
    "timer": lambda request: [SetTimer("later", 1)],
}


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ("none", "TypeError: it returned None, which is no list of effects; [] is one (AT, on_request)"),
        ("one", "TypeError: it returned Reply, which is no list of effects; [] is one (AT, on_request)"),
        (
            "library",
            "JSONDecodeError: Expecting property name enclosed in double quotes: line 1 column 2 (char 1) (LINE)",
        ),
        ("leave", "ended itself at TIME s: had enough (LINE)"),
        ("number", "ended itself at TIME s: exit code 3 (LINE)"),
        (
            "both",
            "TypeError: it yields effects, so what it returns is lost, and it returned list: yield those too, or "
            "return all in one list (AT, on_request)",
        ),
        (
            "async",
            "TypeError: it is async, and a handler may not wait: without async it returns its effects (AT, on_request)",
        ),
        (
            "word",
            "TypeError: a handler returned something of type str, which is no effect (AT, on_request)",
        ),
        ("reply", "TypeError: it answered a request with 7, which is no str (AT, on_request)"),
        ("raise", "ValueError: no such thing (LINE)"),
        ("timer", "TypeError: IncompleteProgram has no on_timer, and needs it now"),
    ],
)
@pytest.mark.parametrize("world", ["", "node.service=1ms"])
def test_the_run_says_what_was_wrong(asked: str, words: str, world: str) -> None:
    environment = Sim(1, world_options(read_world(world)))

    async def main() -> tuple[str, ...]:
        cluster = await environment.up(Simulated(IncompleteProgram), ["n1"], None)  # type: ignore[arg-type]
        channel = await cluster.nodes[0].connect()
        with pytest.raises(OSError, match="n1"):
            await channel.request(asked)
        await asyncio.sleep(0)
        await cluster.down()
        return tuple(death.text for death in cluster.deaths())

    (told,) = environment.run(main)
    at = f"test_wrong_programs.py:{IncompleteProgram.on_request.__code__.co_firstlineno}"
    shown = re.sub(
        r"test_wrong_programs\.py:\d+\)", "LINE)", re.sub(r"at \d\.\d{9} s", "at TIME s", told.replace(at, "AT"))
    )
    assert shown.endswith(words)


def test_a_program_that_cannot_be_made_is_told_without_a_line_of_the_harness() -> None:
    environment = Sim(1)

    async def main() -> None:
        await environment.up(Simulated(lambda name, nodes, random: IncompleteProgram(name)), ["n1"], None)  # type: ignore[call-arg, arg-type]

    with pytest.raises(InfrastructureError) as raised:
        environment.run(main)
    assert "missing 2 required positional arguments: 'nodes' and 'random' (test_wrong_programs.py:" in str(raised.value)

    environment = Sim(1)

    async def bare() -> None:
        await environment.up(Simulated(object), ["n1"], None)  # type: ignore[arg-type]

    with pytest.raises(InfrastructureError) as raised:
        environment.run(bare)
    assert "object() takes no arguments" in str(raised.value) and "node.py" not in str(raised.value).partition("\n")[0]
