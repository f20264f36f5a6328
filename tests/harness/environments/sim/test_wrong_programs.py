"""A program that does something wrong dies, and the run says in a sentence what it did and on which line."""

import asyncio
from typing import Any

import pytest

from splitbrain.harness.deployment import Simulated
from splitbrain.harness.environments.sim import Sim
from splitbrain.harness.environments.sim.world import read_world, world_options
from splitbrain.harness.errors import InfrastructureError
from splitbrain.harness.program import Reply, SetTimer


class Wrong:
    """A program without a handler that it would need."""

    message_type, request_type, reply_type = type(None), str, str

    def __init__(self, name: str, nodes: Any, random: Any) -> None:
        self.name = name

    def on_start(self, now: Any, disk: Any) -> Any:
        """Nothing yet."""
        return []

    def on_request(self, now: Any, request: int, message: str) -> Any:
        """What the client says is what happens."""
        if message == "none":
            return None
        if message == "word":
            return ["word"]
        if message == "reply":
            return [Reply(request, 7)]
        if message == "raise":
            raise ValueError("no such thing")
        return [SetTimer("later", 1)]


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ("none", "TypeError: it returned something that is no list of effects (test_wrong_programs.py:27, on_request)"),
        (
            "word",
            "TypeError: a handler returned something of type str, which is no effect "
            "(test_wrong_programs.py:27, on_request)",
        ),
        ("reply", "TypeError: it answered a request with 7, which is no str (test_wrong_programs.py:27, on_request)"),
        ("raise", "ValueError: no such thing (test_wrong_programs.py:36)"),
        ("timer", "TypeError: Wrong has no on_timer, and needs it now"),
    ],
)
@pytest.mark.parametrize("world", ["", "node.service=1ms"])
def test_the_run_says_what_was_wrong(asked: str, words: str, world: str) -> None:
    environment = Sim(1, world_options(read_world(world)))

    async def main() -> tuple[str, ...]:
        cluster = await environment.up(Simulated(Wrong), ["n1"], None)  # type: ignore[arg-type]
        channel = await cluster.nodes[0].connect()
        with pytest.raises(OSError, match="n1"):
            await channel.request(asked)
        await asyncio.sleep(0)
        await cluster.down()
        return tuple(death.text for death in cluster.deaths())

    (told,) = environment.run(main)
    assert told.endswith(words)


def test_a_program_that_cannot_be_made_is_told_without_a_line_of_the_harness() -> None:
    environment = Sim(1)

    async def main() -> None:
        await environment.up(Simulated(lambda name, nodes, random: Wrong(name)), ["n1"], None)  # type: ignore[call-arg, arg-type]

    with pytest.raises(InfrastructureError) as raised:
        environment.run(main)
    assert "missing 2 required positional arguments: 'nodes' and 'random' (test_wrong_programs.py:" in str(raised.value)

    environment = Sim(1)

    async def bare() -> None:
        await environment.up(Simulated(object), ["n1"], None)  # type: ignore[arg-type]

    with pytest.raises(InfrastructureError) as raised:
        environment.run(bare)
    assert "object() takes no arguments" in str(raised.value) and "node.py" not in str(raised.value).partition("\n")[0]
