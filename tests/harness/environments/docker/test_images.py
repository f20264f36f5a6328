"""Choice of the image: the official one, where it is here or can be had, else one that is built; and what is allowed to
containers made from it."""

import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from splitbrain.harness.deployment import BuiltImage
from splitbrain.harness.environments.docker import Docker
from splitbrain.harness.environments.docker.daemon import Daemon
from splitbrain.harness.environments.docker.images import build, obtain
from splitbrain.harness.errors import InfrastructureError
from splitbrain.targets.servers.image import libraries

from .containers import commanded, etcd, image, needs_docker

pytestmark = needs_docker

NOWHERE = "registry.invalid/none:1"


def said(sentences: list[str]) -> str:
    return "\n".join(sentences)


@pytest.fixture
def daemon() -> Iterator[Daemon]:
    daemon = Daemon.connect()
    yield daemon
    daemon.close()


@pytest.fixture
def wanted(daemon: Daemon) -> Iterator[BuiltImage]:
    """An image of a name that nobody else uses, with an official one that cannot be had."""

    def fill(folder: Path) -> None:
        (folder / "file").write_text("something")

    made = BuiltImage(f"splitbrain/try:{uuid.uuid4().hex}", lambda: "something", fill, official=NOWHERE)
    yield made
    try:
        daemon.api.remove_image(made.name)
    except Exception as error:  # noqa: BLE001 - it may not have been built
        assert "No such image" in str(error), error


def test_what_cannot_be_pulled_is_built_and_then_not_asked_for_again(daemon: Daemon, wanted: BuiltImage) -> None:
    sentences: list[str] = []
    made = obtain(daemon, wanted, sentences.append)
    assert made.name == wanted.name and made.origin == "built here" and made.contents == "something"
    assert f"{NOWHERE} cannot be pulled" in said(sentences) and "built" in said(sentences)
    sentences.clear()
    assert obtain(daemon, wanted, sentences.append) == made
    assert sentences == []


def test_the_official_image_that_is_here_is_taken(daemon: Daemon, wanted: BuiltImage) -> None:
    here = build(daemon, image())
    wanted = BuiltImage(wanted.name, wanted.contents, wanted.fill, official=here.name)
    taken = obtain(daemon, wanted, lambda _: None)
    assert taken.id == here.id and taken.name == here.name


def test_a_container_that_takes_too_much_memory_is_told(tmp_path: Path, wanted: BuiltImage) -> None:
    sort = Path(shutil.which("sort") or "/usr/bin/sort").resolve()

    def fill(folder: Path) -> None:
        for source in (sort, *libraries(sort)):
            goal = folder / str(source)[1:]
            goal.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, goal)

    environment = Docker()
    hungry = etcd(
        image=BuiltImage(wanted.name, lambda: "sort", fill),
        command=commanded(str(sort), "--buffer-size=1G", "/dev/zero"),  # an endless line
        memory_mb=32,
    )
    # Docker does not always say so: it may learn first that the container ended.
    limit = "was killed by SIGKILL, perhaps as it took more than its 32 MB of memory"
    with pytest.raises(InfrastructureError, match=f"n1 (ran out of memory and was killed|{limit}) before it was ready"):
        environment.run(lambda: environment.up(hungry, ("n1",), tmp_path))
