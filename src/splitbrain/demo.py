"""The demonstration: a handful of stores, what their authors claim, and what the evidence says.

Each scene is a run whose verdict is known beforehand: two designs keep their promise, and two break it the moment the
network splits.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from splitbrain.results.folder import RunFolder
from splitbrain.results.result import Result, RunStatus
from splitbrain.runner.execute import execute
from splitbrain.runner.plan import plan
from splitbrain.runner.spec import RunSpec

DEFAULT_SEED = 1


@dataclass(frozen=True)
class Scene:
    """One test of the demonstration: what it shows, and the answer it must come to."""

    target: str
    nemesis: str
    expected: RunStatus
    lesson: str


SCENES = (
    Scene("raft", "partition,kill", RunStatus.VALID, "a majority decides, and reads go through the log"),
    Scene("primary-backup:replication=sync", "partition", RunStatus.VALID, "no answer rather than a wrong one"),
    Scene("raft:reads=local", "partition", RunStatus.INVALID, "a node that was cut off answers from old state"),
    Scene(
        "primary-backup:failover=timeout", "partition", RunStatus.INVALID,
        "asynchronous replication with failover: two primaries, acknowledged writes lost",
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Played:
    """A scene that was run."""

    scene: Scene
    result: Result
    folder: RunFolder

    @property
    def as_expected(self) -> bool:
        """Whether the answer is the expected one."""
        return self.result.status is self.scene.expected


def play(seed: int, out: Path, announce: Callable[[Scene], None]) -> list[Played]:
    """Run all scenes in the simulator; `announce` is told of each before it starts."""
    played: list[Played] = []
    for scene in SCENES:
        announce(scene)
        spec = RunSpec(scene.target, nemesis=scene.nemesis, env="sim", time_limit=20.0, seed=seed)
        run = execute(plan(spec), out)
        played.append(Played(scene, run.result, run.folder))
    return played
