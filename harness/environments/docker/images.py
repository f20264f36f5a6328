"""Images of nodes: one of a name, here or pulled, or one built here from packages; the run folder says which.

A built image is known by what is in it (a label), so it is built once, and anew when that changes. Pitfall: a name may
come to mean another image while a run goes on, so containers are made from the id.
"""

import tarfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from splitbrain.harness.announce import Say, on_stderr
from splitbrain.harness.deployment import BuiltImage
from splitbrain.harness.environments.docker.daemon import Daemon, absent, attempt
from splitbrain.harness.environments.linux import scratch
from splitbrain.harness.errors import InfrastructureError

NAME = "splitbrain.image"
CONTENTS = "splitbrain.contents"
TOLD_SECONDS = 2.0
PIECE_BYTES = 1 << 20


@dataclass(frozen=True)
class Image:
    """An image that is here. origin: "built here", "found here" or "pulled". digest: of the registry, if it has one,
    else the id."""

    name: str
    id: str
    origin: str
    digest: str
    size: int
    """Bytes."""
    contents: str = ""

    def words(self) -> str:
        """Data on the image for the run folder."""
        made = f" from {self.contents}" if self.contents else ""
        return f"image {self.name}, {self.origin}{made}: {self.digest}"


def named(wanted: str | BuiltImage) -> str:
    """The name of the image that a deployment asks for."""
    return wanted if isinstance(wanted, str) else wanted.name


def obtain(daemon: Daemon, wanted: str | BuiltImage, say: Say = on_stderr) -> Image:
    """The image, built or pulled if need be. InfrastructureError says what is missing."""
    if isinstance(wanted, BuiltImage):
        return _official(daemon, wanted, say) or build(daemon, wanted, say)
    if not wanted:
        raise InfrastructureError("an image needs a name")
    try:
        return _named(daemon, wanted, say)
    except InfrastructureError as error:
        raise InfrastructureError(
            f"image {wanted} is not here and could not be pulled ({str(error).removeprefix('Docker: ')}); "
            "name one that `docker images` shows, or leave the option out to have one built here"
        ) from None


def _official(daemon: Daemon, wanted: BuiltImage, say: Say) -> Image | None:
    """The image that does as well as one built here; None if there is none, or one was built already."""
    if not wanted.official:
        return None
    built = _inspected(daemon, wanted.name) is not None
    if built and _inspected(daemon, wanted.official) is None:
        return None
    try:
        return _named(daemon, wanted.official, say)
    except InfrastructureError as error:
        say(f"{wanted.official} cannot be pulled ({str(error).removeprefix('Docker: ')}): an image is built here")
        return None


def _named(daemon: Daemon, name: str, say: Say) -> Image:
    """The image of a name, here or pulled. InfrastructureError with Docker's reason if it cannot be."""
    found = _inspected(daemon, name)
    if found is not None:
        return _image(found, name, "found here")
    say(f"pulling {name}")
    _pull(daemon, name, say)
    return _image(attempt(daemon.api.inspect_image, name), name, "pulled")


def build(daemon: Daemon, wanted: BuiltImage, say: Say = on_stderr, *, rebuild: bool = False) -> Image:
    """Build an image, unless one with the same contents is here. rebuild: also then."""
    contents = wanted.contents()
    before = _inspected(daemon, wanted.name)
    if before is not None and not rebuild and _labels(before).get(CONTENTS) == contents:
        return _image(before, wanted.name, "built here")
    began = time.monotonic()
    with scratch.files() as folder:
        root, archive = folder / "root", folder / "root.tar"
        root.mkdir()
        wanted.fill(root)
        with tarfile.open(archive, "w") as tar:
            tar.add(root, ".")
        made = _import(daemon, archive, wanted.name, contents)
    if before is not None and before["Id"] != made["Id"]:
        _forget(daemon, before["Id"])
    image = _image(made, wanted.name, "built here")
    say(f"built {image.name} ({image.size / 1e6:.0f} MB) in {time.monotonic() - began:.1f} s")
    return image


def listed(daemon: Daemon) -> Sequence[Image]:
    """All images that were built here."""
    found = attempt(daemon.api.images, filters={"label": NAME})
    return [_image(attempt(daemon.api.inspect_image, one["Id"]), "", "built here") for one in found]


def _import(daemon: Daemon, archive: Path, name: str, contents: str) -> Mapping[str, Any]:
    repository, _, tag = name.rpartition(":")
    labels = [f'LABEL {key}="{value}"' for key, value in ((NAME, name), (CONTENTS, contents))]
    where = {"repository": repository, "tag": tag}
    with archive.open("rb") as stream:
        pieces = iter(lambda: stream.read(PIECE_BYTES), b"")
        attempt(daemon.api.import_image, src=pieces, stream_src=True, changes=labels, **where)
    made = _inspected(daemon, name)
    if made is None or _labels(made).get(CONTENTS) != contents:
        raise InfrastructureError(f"Docker did not take image {name}: it is not there after its import")
    return made


def _forget(daemon: Daemon, image: str) -> None:
    """Remove the image that had the name before, unless somebody still uses it."""
    try:
        attempt(daemon.api.remove_image, image)
    except InfrastructureError as error:
        if not absent(error) and getattr(error.__cause__, "status_code", None) != 409:
            raise


def _pull(daemon: Daemon, name: str, say: Say) -> None:
    repository, tag = _parted(name)
    told = time.monotonic()
    layers: dict[str, Mapping[str, int]] = {}
    for line in _steps(daemon, repository, tag):
        if "error" in line:
            raise InfrastructureError(str(line["error"]))
        if line.get("progressDetail") and line.get("status") == "Downloading":
            layers[line["id"]] = line["progressDetail"]
        if time.monotonic() - told > TOLD_SECONDS:
            told = time.monotonic()
            done, whole = (sum(layer.get(part, 0) for layer in layers.values()) for part in ("current", "total"))
            say(f"pulling {name}: {done / 1e6:.0f} of {whole / 1e6:.0f} MB")


def _steps(daemon: Daemon, repository: str, tag: str) -> Iterator[Mapping[str, Any]]:
    steps = attempt(daemon.api.pull, repository, tag=tag, stream=True, decode=True)
    while (line := attempt(next, steps, None)) is not None:
        yield line


def _parted(name: str) -> tuple[str, str]:
    """Repository, and tag or digest: a colon before the last slash belongs to a port."""
    if "@" in name:
        repository, _, digest = name.partition("@")
        return repository, digest
    before, colon, tag = name.rpartition(":")
    return (before, tag) if colon and "/" not in tag else (name, "latest")


def _inspected(daemon: Daemon, name: str) -> Mapping[str, Any] | None:
    try:
        found: Mapping[str, Any] = attempt(daemon.api.inspect_image, name)
    except InfrastructureError as error:
        if absent(error):
            return None
        raise
    return found


def _labels(found: Mapping[str, Any]) -> Mapping[str, str]:
    return (found.get("Config") or {}).get("Labels") or {}


def _image(found: Mapping[str, Any], name: str, origin: str) -> Image:
    labels = _labels(found)
    tags, digests = found.get("RepoTags") or [], found.get("RepoDigests") or []
    contents = labels.get(CONTENTS, "")
    return Image(
        name or (tags[0] if tags else f"{labels.get(NAME, '?')} (replaced)"),
        found["Id"],
        "built here" if contents else origin,
        digests[0] if digests else found["Id"],
        found["Size"],
        contents,
    )
