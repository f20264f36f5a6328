"""Swarm: what the seed of a run with storms draws of the options that the user left open, so that every seed tests
something else: the simulated world, the rate, and options of the workload (mix of operations, values, life of keys).

Half of the seeds leave the world as usual, and half, others, the load. What was given explicitly stays.
"""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace

from splitbrain import registry
from splitbrain.harness.options import Option
from splitbrain.harness.random_stream import RandomStream, log_uniform
from splitbrain.runner.spec import RATE, RunSpec

DRAWN_SHARE = 0.5
"""Of seeds whose load is drawn."""
RATES = (50.0, 200.0)


@dataclass(frozen=True)
class Swarm:
    """A specification with what its seed drew filled in. drawn: the options that it drew, as typed."""

    spec: RunSpec
    drawn: str = ""


def storms(spec: RunSpec) -> bool:
    """Whether storms come in a run."""
    return bool(spec.nemesis) and spec.nemesis_interval is None and spec.nemesis_duration is None


def drawn_by_seed(spec: RunSpec, options: Sequence[Option]) -> Swarm:
    """Fill in world, rate and settings of a simulated run. options: of its workload. UsageError for a wrong world."""
    seed, drawn = spec.seed or 0, storms(spec)
    words: list[str] = []
    world = registry.world(spec.world, seed, drawn=drawn)
    if world != registry.world(spec.world, seed, drawn=False):
        words += ["--world", world]
    spec = replace(spec, world=world)
    if drawn and RandomStream(seed, "load").chance(DRAWN_SHARE):
        if spec.rate is None:
            spec = replace(spec, rate=log_uniform(*RATES)(RandomStream(seed, "load", "rate").random()))
            words += ["--rate", f"{spec.rate:.12g}"]
        settings = {
            option.name: option.shown(option.drawn(RandomStream(seed, "load", option.name).random()))
            for option in options
            if option.drawn is not None and option.name not in spec.settings
        }
        for name, text in settings.items():
            words += ["--set", f"{name}={text}"]
        spec = replace(spec, settings={**spec.settings, **settings})
    return Swarm(spec, shlex.join(words))


def rate_of(spec: RunSpec) -> float:
    """Operations a second."""
    return RATE if spec.rate is None else spec.rate
