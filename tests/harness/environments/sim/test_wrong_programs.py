"""A program that does something wrong dies, and the run says in a sentence what it did and on which line."""

import asyncio
from typing import Any

import pytest

from splitbrain.harness.deployment import Simulated
from splitbrain.harness.environments.sim import Sim
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
        ("none", "TypeError: it returned something that is no list of effects (test_wrong_programs.py:25, on_request)"),
        ("word", "returned something of type str, which is no effect (test_wrong_programs.py:25, on_request)"),
        ("reply", "answered a request with 7, which is no str (test_wrong_programs.py:25, on_request)"),
        ("raise", "ValueError: no such thing (test_wrong_programs.py:34)"),
        ("timer", "TypeError: Wrong has no on_timer"),
    ],
)
def test_the_run_says_what_was_wrong(asked: str, words: str) -> None:
    environment = Sim(1)

    async def main() -> tuple[str, ...]:
        cluster = await environment.up(Simulated(Wrong), ["n1"], None)  # type: ignore[arg-type]
        channel = await cluster.nodes[0].connect()
        with pytest.raises(OSError, match="n1"):
            await channel.request(asked)
        await asyncio.sleep(0)
        await cluster.down()
        return tuple(death.text for death in cluster.deaths())

    (told,) = environment.run(main)
    assert words in told
