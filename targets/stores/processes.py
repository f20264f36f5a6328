"""Own stores as processes: one command a node, and the deployment that runs it.

python -m splitbrain.targets.stores raft --id n1 --member n1=198.18.0.11 --member n2=… --data FOLDER --set reads=log
"""

import os
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from splitbrain.harness.deployment import AdminRequest, Place, Process
from splitbrain.harness.injection import Maintenance
from splitbrain.harness.node import Channel, ChannelClosed
from splitbrain.harness.options import Setting
from splitbrain.harness.runtime.channel import connect
from splitbrain.harness.runtime.power import switched_off
from splitbrain.harness.runtime.runner import CLIENT_PORT
from splitbrain.targets.stores.messages import Request, Response

DATA = "data"
POWER = "power"


def as_process(
    store: str,
    settings: Mapping[str, Setting],
    *,
    introspective: bool,
    admin_requests: Mapping[type[Maintenance], AdminRequest],
) -> Process:
    """The deployment of a store by the name that its command line knows (or module:Class), with these settings.
    introspective: whether its nodes answer requests for their role. admin_requests: by which they are asked for
    maintenance."""

    def argv(place: Place) -> list[str]:
        words = [sys.executable, "-P", "-m", "splitbrain.targets.stores", store, "--id", place.name]
        for name, address in place.members.items():
            words += ["--member", f"{name}={address}"]
        words += ["--joins"] if place.joins else []
        words += ["--data", str(place.folder / DATA), "--power", str(_switch(place))]
        for option, value in settings.items():
            if value is not None:
                words += ["--set", f"{option}={_shown(value)}"]
        return words

    # A store of the user's own was found on this path, and its nodes must find it too.
    variables = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    return Process(
        argv=argv,
        ready=_answers if introspective else _listens,
        port=CLIENT_PORT,
        relative_waits=True,
        reply_type=Response,
        variables=variables,
        admin_calls={kind: partial(_asked, asked) for kind, asked in admin_requests.items()},
        switched_off=lambda place: switched_off(_switch(place), place.name),
    )


async def connected(place: Place) -> Channel:
    """A channel to a node, as a client's."""
    return await connect(place.address, CLIENT_PORT, Response)


async def _asked(asked: AdminRequest, place: Place) -> None:
    """Ask a node for maintenance; an error means that it was not done."""
    channel = await connect(place.address, CLIENT_PORT, Response)
    try:
        answer = await channel.request(asked.message)
    finally:
        await channel.close()
    if not asked.done(answer):
        raise ConnectionRefusedError(f"{place.name} was asked and refused")


def _switch(place: Place) -> Path:
    """The folder of the switch by which nodes end each other: beside those of the nodes."""
    return place.folder.parent / POWER


async def _listens(place: Place) -> bool:
    """Whether the node accepts connections."""
    try:
        channel = await connect(place.address, CLIENT_PORT, Response)
    except ConnectionRefusedError:
        return False
    await channel.close()
    return True


async def _answers(place: Place) -> bool:
    """Whether the node answers the question that every store's node answers at once."""
    try:
        channel = await connect(place.address, CLIENT_PORT, Response)
        try:
            await channel.request(Request("role"))
        finally:
            await channel.close()
    except ChannelClosed:
        return False
    return True


async def tells_version(place: Place) -> str:
    """The version of a node, as it tells itself."""
    channel = await connect(place.address, CLIENT_PORT, Response)
    try:
        reply: Response = await channel.request(Request("version"))
        return str(reply.value)
    finally:
        await channel.close()


def _shown(value: Setting) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return str(value)
