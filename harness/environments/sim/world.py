"""World of a simulated run: knobs of network, nodes and disks, by name, with bounds; profiles of several; and draws.

`--world wan,net.latency=5ms`: words are profiles and knobs, later ones win. Times are milliseconds unless a unit is
written. In a run with storms, the seed draws what the user did not set.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from splitbrain.harness.environments.sim.disk import DiskOptions
from splitbrain.harness.environments.sim.environment import SimOptions
from splitbrain.harness.environments.sim.network import NetworkOptions
from splitbrain.harness.errors import UsageError
from splitbrain.harness.random_stream import RandomStream, log_uniform
from splitbrain.harness.suggestion import did_you_mean

UNITS_MS = {"us": 0.001, "ms": 1.0, "s": 1000.0}


@dataclass(frozen=True)
class Knob:
    """One property of the world. low, high: bounds. unit: "ms", "share", "factor" or "kbit/s". drawn: the value that a
    draw in [0, 1) gives; None if only a user sets it."""

    default: float
    low: float
    high: float
    unit: str
    meaning: str
    drawn: Callable[[float], float] | None = None

    def read(self, name: str, text: str) -> float:
        """The value of a word; UsageError says what was expected."""
        number, factor = text, 1.0
        for unit in sorted(UNITS_MS, key=len, reverse=True):
            if self.unit == "ms" and text.endswith(unit):
                number, factor = text.removesuffix(unit), UNITS_MS[unit]
                break
        try:
            value = float(number) * factor
        except ValueError:
            value = math.nan
        if not self.low <= value <= self.high:
            raise UsageError(f"--world {name}: expected {self.unit} from {self.low:g} to {self.high:g}, not {text!r}")
        return value


def _half(of: Callable[[float], float]) -> Callable[[float], float]:
    """0 half the time."""
    return lambda draw: 0.0 if draw < 0.5 else of(2 * draw - 1)


KNOBS: Mapping[str, Knob] = {
    "net.latency": Knob(
        1.0, 0.01, 10_000, "ms", "how long a message takes at most, without its tail", log_uniform(0.3, 8.0)
    ),
    "net.jitter": Knob(0.2, 0, 10_000, "ms", "mean of the waiting time that comes on top", log_uniform(0.05, 4.0)),
    "net.spread": Knob(
        1.0, 1, 100, "factor", "by how much a link can be slower or faster than usual", log_uniform(1, 4)
    ),
    "net.tail": Knob(
        0.0, 0, 1, "share", "messages that take up to net.tail_max longer", _half(log_uniform(0.0005, 0.02))
    ),
    "net.tail_max": Knob(500.0, 1, 60_000, "ms", "the longest of these", log_uniform(50, 1000)),
    "net.loss": Knob(0.0, 0, 1, "share", "messages between nodes that are lost"),
    "net.duplicate": Knob(
        0.0, 0, 1, "share", "messages between nodes that arrive twice", _half(log_uniform(0.02, 0.5))
    ),
    "net.duplicate_max": Knob(
        0.0, 0, 60_000, "ms", "how much later the second one comes at most", log_uniform(1, 2000)
    ),
    "net.reorder": Knob(
        0.0, 0, 1, "share", "messages between nodes that are overtaken", _half(log_uniform(0.005, 0.2))
    ),
    "net.bandwidth": Knob(0.0, 0, 1e9, "kbit/s", "of each link; 0: unlimited"),
    "net.reset": Knob(0.0, 0, 3_600_000, "ms", "mean time from one break of a connection to the next; 0: never"),
    "node.service": Knob(
        0.0, 0, 10_000, "ms", "mean time that a node takes for an event", _half(log_uniform(0.01, 0.2))
    ),
    "disk.sync": Knob(0.2, 0, 60_000, "ms", "the shortest sync", log_uniform(0.02, 3.0)),
    "disk.jitter": Knob(0.3, 0, 60_000, "ms", "mean of the waiting time that comes on top", log_uniform(0.05, 5.0)),
    "disk.lose_all": Knob(0.5, 0, 1, "share", "crashes after which nothing unsynced is left", lambda draw: draw),
    "disk.reorder": Knob(0.0, 0, 1, "share", "of the other crashes, those that reorder writes to files", _half(float)),
    "disk.garble": Knob(0.0, 0, 1, "share", "torn writes that end in wrong bytes", _half(float)),
}
"""Every knob, by name."""

PROFILES: Mapping[str, Mapping[str, float]] = {
    "lan": {"net.latency": 1.0, "net.jitter": 0.2, "net.spread": 1.0, "net.tail": 0.0},
    "wan": {"net.latency": 40.0, "net.jitter": 5.0, "net.spread": 2.0, "net.tail": 0.002},
    "slow-disk": {"disk.sync": 8.0, "disk.jitter": 12.0},
    "overload": {"node.service": 1.0},
}
"""Several knobs at once, by name."""

DRAWN_PROFILES = ("wan", "slow-disk", "overload")
PROFILED = 0.1
"""The share of seeds whose world has one of them."""


def read_world(words: str) -> dict[str, float]:
    """The knobs that the words of `--world` set. UsageError for a word that is none, or a value out of bounds."""
    given: dict[str, float] = {}
    for word in filter(None, (word.strip() for word in words.split(","))):
        name, equals, text = word.partition("=")
        if not equals and name in PROFILES:
            given |= PROFILES[name]
        elif equals and name in KNOBS:
            given[name] = KNOBS[name].read(name, text)
        else:
            hint = did_you_mean(name, (*PROFILES, *KNOBS), f"the knobs are {', '.join(KNOBS)}")
            raise UsageError(f"--world {word}: expected a profile ({', '.join(PROFILES)}) or KNOB=VALUE{hint}")
    return given


def drawn_world(seed: int, given: Mapping[str, float]) -> dict[str, float]:
    """The world of a seed: half of them are as usual, in the others every knob that can be is drawn; one in ten has a
    profile besides; what was given stays."""
    drawn: dict[str, float] = {}
    if not RandomStream(seed, "world").chance(0.5):
        drawn = {
            name: knob.drawn(RandomStream(seed, "world", name).random()) for name, knob in KNOBS.items() if knob.drawn
        }
    profiled = RandomStream(seed, "world", "of a profile")
    if profiled.chance(PROFILED):
        drawn |= PROFILES[profiled.choice(DRAWN_PROFILES)]
    return {**drawn, **given}


def spelled_world(knobs: Mapping[str, float]) -> str:
    """The words of `--world` that set these knobs."""
    return ",".join(f"{name}={value:.12g}" for name, value in knobs.items())


def world_options(knobs: Mapping[str, float]) -> SimOptions:
    """The simulator's options; what is not among the knobs is as usual."""
    value = {name: knob.default for name, knob in KNOBS.items()} | dict(knobs)
    usual = NetworkOptions()
    return SimOptions(
        network=NetworkOptions(
            latency_ms_min=value["net.latency"] * usual.latency_ms_min / usual.latency_ms_max,
            latency_ms_max=value["net.latency"],
            latency_ms_tail_mean=value["net.jitter"],
            spread=value["net.spread"],
            tail=value["net.tail"],
            tail_ms_max=value["net.tail_max"],
            loss=value["net.loss"],
            duplicate=value["net.duplicate"],
            duplicate_ms_max=value["net.duplicate_max"],
            reorder=value["net.reorder"],
            rate_kbit=value["net.bandwidth"],
            reset_ms=value["net.reset"],
        ),
        disk=DiskOptions(
            sync_ms_min=value["disk.sync"],
            sync_ms_tail_mean=value["disk.jitter"],
            lose_all=value["disk.lose_all"],
            reorder=value["disk.reorder"],
            garble=value["disk.garble"],
        ),
        service_ms=value["node.service"],
    )
