"""Wall clocks that lie on machines other than x86-64: by libfaketime. Tried here on whatever machine this is."""

import asyncio
import platform
import shutil
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import pytest

from splitbrain.harness.deployment import Container
from splitbrain.harness.environments.linux import faketime
from splitbrain.harness.environments.linux.vdso import TRUE, ClockLine
from splitbrain.harness.environments.local import Local
from splitbrain.harness.environments.real.clocks import Means, choose
from splitbrain.harness.environments.real.unsupported import unsupported
from splitbrain.harness.errors import InfrastructureError
from splitbrain.harness.injection import Kill, SkewAllClocks, SkewClock

from .inside import NAMES, chatters, needs_namespaces, run_inside
from .test_clocks import deviations, tells

pytestmark = [
    needs_namespaces,
    pytest.mark.skipif(faketime.library() is None, reason="libfaketime not found: apt install faketime"),
]
SECOND = 10**9


def test_what_skews_clocks_is_chosen_by_the_machine() -> None:
    assert choose("linux", "x86_64") is Means.VDSO
    assert choose("linux", "aarch64") is choose("linux", "riscv64") is Means.LIBRARY
    assert choose("darwin", "arm64") is None


def test_a_line_in_the_words_of_the_library() -> None:
    assert faketime.told(TRUE, 5) == "+0.000000000 x1.000000000"
    assert faketime.told(ClockLine(-1_500_000_000), 5) == "-1.500000000 x1.000000000"
    assert faketime.told(ClockLine(SECOND, 100 * SECOND, -1.0), 5) == "101.000000000", "it stands still"
    # Loaded ten seconds before the drift began, so five seconds have to be taken back.
    assert faketime.told(ClockLine(SECOND, 100 * SECOND, 0.5), 90 * SECOND) == "-4.000000000 x1.500000000"


async def skews(environment: Local, folder: Path) -> None:
    platform.machine = lambda: "aarch64"
    assert environment.unsupported(SkewClock, chatters()) is None
    refused = environment.unsupported(SkewAllClocks, chatters(relative_waits=True))
    assert refused is not None and "x86-64 only" in refused.reason
    container = Container(image="", command=lambda place: [], ready=chatters().ready, port=1)
    assert "use --env local" in (unsupported(SkewClock, container) or "")

    cluster = await environment.up(chatters(read_clock=tells), NAMES, folder, {SkewClock})
    n1, n2, n3 = cluster.nodes
    for node in cluster.nodes:
        assert await deviations(node) == pytest.approx((0, 0), abs=0.5)
    hour = await cluster.inject(SkewClock("n1", offset_ms=3_600_000))
    assert await deviations(n1) == pytest.approx((3600, 0), abs=0.5)
    assert await deviations(n2) == pytest.approx((0, 0), abs=0.5)
    kill = await cluster.inject(Kill(("n1",)))
    await kill.heal()
    await n1.wait_ready(asyncio.get_running_loop().time() + 20)
    assert await deviations(n1) == pytest.approx((3600, 0), abs=0.5), "set again after a restart"
    assert (await hour.heal())["skew_ms"] == pytest.approx(3_600_000, abs=500)
    assert await deviations(n1) == pytest.approx((0, 0), abs=0.5)

    before = time.monotonic()
    drift = await cluster.inject(SkewClock("n2", rate=1.5))
    begun = time.monotonic()
    await asyncio.sleep(2)
    off, now = (await deviations(n2))[0], time.monotonic()
    assert (now - begun) * 0.5 - 0.5 < off < (now - before) * 0.5 + 0.5
    assert (await drift.heal())["skew_ms"] > 500
    assert await deviations(n2) == pytest.approx((0, 0), abs=0.5), "a rate is taken back, too"

    before = time.monotonic()
    frozen = await cluster.inject(SkewClock("n3", rate=0.0))
    first = await tells(n3.place)
    await asyncio.sleep(0.3)
    assert await tells(n3.place) == first
    assert 250 < (await frozen.heal())["skew_ms"] < (time.monotonic() - before) * 1000 + 50
    await cluster.down()


async def static(environment: Local, folder: Path) -> None:
    """Refusal of a program that the library cannot be loaded into, before a fault would not bite."""
    platform.machine = lambda: "aarch64"
    program = folder / "wait"
    (folder / "wait.c").write_text("#include <unistd.h>\nint main(void) { for (;;) pause(); }\n")
    subprocess.run(["gcc", "-static", "-o", program, folder / "wait.c"], check=True)

    async def at_once(place: object) -> bool:
        return True

    deployment = replace(chatters(), argv=lambda place: [str(program)], ready=at_once)
    with pytest.raises(InfrastructureError, match="linked statically"):
        await environment.up(deployment, NAMES, folder, {SkewClock})
    cluster = await environment.up(deployment, NAMES, folder)
    await cluster.down()


def test_clocks_by_the_library(tmp_path: Path) -> None:
    run_inside(skews, tmp_path)
    assert not list(Path(faketime.SHARED_MEMORY).glob("*faketime*")), "also of what was killed nothing is left"


@pytest.mark.skipif(shutil.which("gcc") is None, reason="gcc not found: install gcc")
def test_a_static_program_is_out_of_reach(tmp_path: Path) -> None:
    run_inside(static, tmp_path)
