"""`splitbrain images`: what containers are made from, built here from packages or pulled, before a run needs them.

Nothing has to be built by hand: a run builds what it needs. The commands are for preparing a machine, and for looking.
"""

import json
from collections.abc import Sequence

import click

from splitbrain import registry
from splitbrain.cli.output import out
from splitbrain.harness.announce import on_stderr
from splitbrain.harness.deployment import BuiltImage, Container, Process
from splitbrain.harness.environments.docker.daemon import Daemon
from splitbrain.harness.environments.docker.images import Image, build, listed, obtain
from splitbrain.harness.errors import UsageError
from splitbrain.harness.suggestion import did_you_mean
from splitbrain.harness.target import Provided, Target


class ImageCommands(click.Group):
    """The commands of `images`; UsageError, which says what there is, for any other."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of a name."""
        found = super().get_command(ctx, cmd_name)
        if found is None:
            hint = did_you_mean(cmd_name, self.commands, f"there are {', '.join(self.commands)}.")
            raise click.UsageError(f"images has no command {cmd_name!r}{hint}", ctx)
        return found


@click.group(cls=ImageCommands)
def images() -> None:
    """Build and list the images that --env docker makes containers from."""


@images.command("build")
@click.argument("targets", nargs=-1, required=True, metavar="TARGET...")
@click.option(
    "--jars-only", is_flag=True, help="Only fetch what --env local needs, such as Cassandra's jars; no Docker."
)
@click.option("--rebuild", is_flag=True, help="Build here, also where an image with the same contents is here.")
@click.option("--anew", "rebuild_by_its_former_name", is_flag=True, hidden=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def build_images(
    targets: Sequence[str], jars_only: bool, rebuild: bool, rebuild_by_its_former_name: bool, as_json: bool
) -> None:
    """Build or pull the image of each TARGET: `etcd`, `etcd:version=3.5.17`, `cassandra`."""
    wanted = [(registry.target(spec), spec) for spec in targets]
    if jars_only:
        for target, spec in wanted:
            _provided(target, spec, as_json)
        return
    deployments = [_container(target, spec) for target, spec in wanted]
    daemon = Daemon.connect()
    for (target, spec), deployment in zip(wanted, deployments, strict=True):
        if isinstance(target, Provided):
            target.provide(deployment, on_stderr)
        if (rebuild or rebuild_by_its_former_name) and isinstance(deployment.image, BuiltImage):
            made = build(daemon, deployment.image, rebuild=True)
        else:
            made = obtain(daemon, deployment.image)
        _tell([made], as_json, {"target": spec})


def _provided(target: Target, spec: str, as_json: bool) -> None:
    """Have here what nodes of a target that are processes need."""
    for deployment in target.deployments:
        if isinstance(deployment, Process) and isinstance(target, Provided):
            target.provide(deployment, on_stderr)
            out(json.dumps({"kind": "provided", "target": spec}) if as_json else f"{spec} is ready for --env local")
            return
    raise UsageError(f"{spec} needs nothing fetched for --env local")


@images.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def list_images(as_json: bool) -> None:
    """The images that were built here, with what is in them."""
    found = listed(Daemon.connect())
    if not found and not as_json:
        out(f"no image was built here yet; `splitbrain images build {_buildable()[0]}` makes one")
    _tell(found, as_json, {})


def _container(target: Target, spec: str) -> Container:
    for deployment in target.deployments:
        if isinstance(deployment, Container):
            return deployment
    raise UsageError(f"{spec} does not run in containers; {', '.join(_buildable())} does")


def _buildable() -> list[str]:
    """The targets that run in containers."""
    return [
        name
        for name in registry.TARGETS
        if any(isinstance(deployment, Container) for deployment in registry.target(name).deployments)
    ]


def _tell(found: Sequence[Image], as_json: bool, more: dict[str, str]) -> None:
    width = max((len(image.name) for image in found), default=0)
    for image in found:
        if as_json:
            about = {"name": image.name, "id": image.id, "digest": image.digest, "origin": image.origin}
            out(json.dumps({"kind": "image", **more, **about, "bytes": image.size, "contents": image.contents}))
        else:
            contents = f", {image.contents}" if image.contents else ""
            out(f"{image.name:<{width}}  {image.size / 1e6:5.0f} MB  {image.origin}{contents}  {image.digest}")
