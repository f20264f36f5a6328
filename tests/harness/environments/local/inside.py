"""Scenarios of tests inside the private world of `--env local`, run as root or as an ordinary user.

python -m tests.harness.environments.local.inside MODULE FUNCTION OUT_FOLDER
"""

import asyncio
import importlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from splitbrain.harness.deployment import Place, Process
from splitbrain.harness.environments.linux import namespaces
from splitbrain.harness.environments.local import Local
from splitbrain.harness.environments.real.node import RealNode

CHATTER = Path(__file__).with_name("chatter.py")
ROOT = Path(__file__).parents[4]
MODULE = "tests.harness.environments.local.inside"
ORDINARY_USER = 61234
NAMES = ("n1", "n2", "n3")

needs_namespaces = pytest.mark.skipif(namespaces.unavailable() is not None, reason=namespaces.unavailable() or "")


def run_inside(scenario: Callable[..., object], folder: Path, user: bool = False) -> str:
    """Run an async function `scenario(environment, folder)` inside; its standard output. Fails if it fails."""
    command = command_inside(scenario, folder, user)
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=500, env=variables())
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def command_inside(scenario: Callable[..., object], folder: Path, user: bool = False) -> list[str]:
    """The command that `run_inside` runs; skips the test where there is no ordinary user to be had."""
    words = ["-m", MODULE, scenario.__module__, scenario.__name__, str(folder)]
    if not user or os.getuid() != 0:
        return [sys.executable, *words]
    prefix = ["setpriv", f"--reuid={ORDINARY_USER}", f"--regid={ORDINARY_USER}", "--clear-groups", "--no-new-privs"]
    if shutil.which("setpriv") is None:
        pytest.skip("setpriv not found: install util-linux")
    os.chown(folder, ORDINARY_USER, ORDINARY_USER)
    # The way to it must be open; how long that is depends on how the tests are run.
    for above in folder.parents:
        if above.stat().st_mode & 0o011 != 0o011:
            above.chmod(above.stat().st_mode | 0o011)
    for python in (sys.executable, "/usr/bin/python3"):
        probe = [*prefix, python, "-c", "import splitbrain.harness, pytest, sys; sys.exit(sys.version_info < (3, 11))"]
        # In a namespace, as a python in a private home folder starts by the rights of the one who calls setpriv.
        nested = [*prefix, "sh", "-c", 'exec "$0" "$@"', *probe[len(prefix) :]]
        if subprocess.run(nested, capture_output=True, check=False, env=variables()).returncode == 0:
            return [*prefix, "sh", "-c", 'exec "$0" "$@"', python, *words]
    pytest.skip("an ordinary user can run no Python here that has splitbrain")


def variables() -> dict[str, str]:
    """The environment, with this checkout and the paths of this Python's packages for another one."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *(path for path in sys.path if path)])}


def chatters(**options: object) -> Process:
    """A deployment of chatters."""
    return Process(
        argv=lambda place: [sys.executable, str(CHATTER), place.address, str(place.folder), *place.members.values()],
        ready=serving,
        port=7000,
        ready_seconds=15.0,
        **options,  # type: ignore[arg-type]
    )


async def serving(place: Place) -> bool:
    """Whether a chatter answers."""
    _, writer = await asyncio.open_connection(place.address, 7000)
    writer.close()
    return True


async def ask(node: RealNode, word: str, seconds: float = 5.0) -> object:
    """The answer of a chatter. OSError or TimeoutError if it does not."""
    async with asyncio.timeout(seconds):
        reader, writer = await asyncio.open_connection(node.address, 7000)
        writer.write(word.encode() + b"\n")
        line = await reader.readline()
        writer.close()
        if not line:
            raise ConnectionResetError
        return json.loads(line)


async def heard(node: RealNode) -> dict[str, list[int]]:
    """The datagrams a chatter received, by the sender's address."""
    answer = await ask(node, "heard")
    assert isinstance(answer, dict)
    by_sender: dict[str, list[int]] = answer["by_sender"]
    return by_sender


async def until_heard(node: RealNode, sender: str, more: int) -> None:
    """Return when a chatter has heard `more` further datagrams of a sender, however long that takes."""
    enough = len((await heard(node)).get(sender, ())) + more
    while len((await heard(node)).get(sender, ())) < enough:
        await asyncio.sleep(0.02)


def main() -> None:
    module, function, folder = sys.argv[1:]
    environment = Local()
    if environment.enter() is not None:
        sys.exit(namespaces.reexecute([sys.executable, "-m", MODULE, *sys.argv[1:]]))
    scenario = getattr(importlib.import_module(module), function)
    environment.run(lambda: scenario(environment, Path(folder)))


if __name__ == "__main__":
    main()
