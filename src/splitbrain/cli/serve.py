"""`splitbrain serve`: kept runs, campaigns and cards in the browser."""

import contextlib
import errno
import socket
from collections.abc import Sequence
from pathlib import Path

import click

from splitbrain.cli.exits import VALID
from splitbrain.cli.output import err, out
from splitbrain.harness.errors import InfrastructureError, UsageError

FOLDERS = (Path("runs"), Path("campaigns"), Path("cards"))
LOOPBACK = ("127.0.0.1", "localhost", "::1")
CLOSE_SECONDS = 1
"""The time that open views have to end when the server does."""


@click.command("serve")
@click.argument("folders", type=click.Path(file_okay=False, path_type=Path), nargs=-1, metavar="[DIR]...")
@click.option("--host", default=LOOPBACK[0], show_default=True, help="Address to listen at.")
@click.option("--port", type=click.IntRange(0, 65535), default=8087, show_default=True, help="0: any that is free.")
def command(folders: Sequence[Path], host: str, port: int) -> int:
    """Show the runs, campaigns and cards in DIR in the browser: tables to filter, sort and group, each run's page, two
    side by side, and a run while it goes on. By default those folders of the present one that are there: runs,
    campaigns, cards. Nothing can be changed by way of it."""
    try:
        import uvicorn

        from splitbrain.serve.app import application
    except ModuleNotFoundError as error:
        raise InfrastructureError(
            f"serve needs starlette and uvicorn ({error}): pip install 'splitbrain[serve]'"
        ) from None
    from splitbrain.serve.places import Places

    there = tuple(folder for folder in FOLDERS if folder.is_dir())
    if not folders and not there:
        raise UsageError("there are no runs, campaigns or cards in this folder: name the folder that holds some")
    places = Places.of(folders or there)
    listening = _listening(host, port)
    address, number = listening.getsockname()[:2]
    hosts = LOOPBACK if host in LOOPBACK else ("*",)
    if hosts == ("*",):
        err(f"splitbrain: whoever reaches {host} can read these folders")
    shown = f"[{address}]" if ":" in address else address
    out(f"http://{shown}:{number}/  (Ctrl-C ends it)")
    config = uvicorn.Config(
        application(places, hosts),
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=CLOSE_SECONDS,
    )
    # An interrupt is how it ends, not how it fails.
    with listening, contextlib.suppress(KeyboardInterrupt):
        uvicorn.Server(config).run(sockets=[listening])
    return VALID


def _listening(host: str, port: int) -> socket.socket:
    """A socket that listens there. UsageError if it cannot."""
    try:
        family, kind, protocol, _, where = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        made = socket.socket(family, kind, protocol)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind(where)
        made.listen()
        return made
    except socket.gaierror as error:
        raise UsageError(f"--host {host}: expected a name or an address of this machine: {error.strerror}") from None
    except OSError as error:
        hint = ": give another --port, or 0 for any" if error.errno == errno.EADDRINUSE else ""
        raise UsageError(f"cannot listen at {host}, port {port}: {error.strerror}{hint}") from None
