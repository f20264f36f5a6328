"""Private namespaces for a run, without root.

`unshare` makes a user namespace (an ordinary user is root in it, and files written there belong to that user), a
network, a mount and a process namespace; `init.py` is process 1 of it. When that process dies, for whatever reason,
the kernel ends everything inside. Also as root the network is always a private one: on the host's own, Docker's
firewall rules would drop what crosses our bridge.

Pitfall: `unshare` ignores SIGTERM and outlives a parent that is killed, so signals go through a pipe, and the end of
that pipe ends the run.
"""

import contextlib
import functools
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import FrameType

from splitbrain.harness.environments.linux import init, tools
from splitbrain.harness.environments.linux.scratch import Scratch

ALTERNATIVES = "run as root, or use --env sim"
FORWARDED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def inside() -> bool:
    """Whether this process already runs in a namespace made by `reexecute`."""
    return sys.platform == "linux" and os.environ.get(init.INSIDE) == str(Path("/proc/self/ns/net").readlink())


@functools.cache
def unshare() -> tuple[str, ...]:
    """The command that makes a private world from here; empty if there is none."""
    common = ("--net", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child")
    user = ("--user", "--map-root-user", *common)
    if tools.find("unshare") is None:
        return ()
    for flags in (common, user) if os.geteuid() == 0 else (user,):
        command = (tools.path("unshare"), *flags)
        # Making an interface, as some systems allow the namespace and then grant nothing in it.
        probe = (*command, tools.find("ip") or "true", "link", "add", "sbprobe", "type", "bridge")
        if subprocess.run(probe, capture_output=True, check=False).returncode == 0:
            return command
    return ()


def throwaway() -> tuple[str, ...]:
    """A prefix that runs a command in a network of its own, to try things in; from inside and from outside."""
    return (tools.path("unshare"), "--net") if inside() else unshare()


def unavailable() -> str | None:
    """The reason that there can be no private world here, in one sentence with what else would do; None if there
    can."""
    if sys.platform != "linux":
        return "local processes need Linux namespaces, which this system does not have: use --env sim"
    if inside():
        return None
    missing = tools.missing("unshare", "nsenter", "ip", "nft")
    if missing:
        return missing
    if not unshare():
        return f"this system does not let user {os.getuid()} make network namespaces: {ALTERNATIVES}"
    return None


def reexecute(command: Sequence[str]) -> int:
    """Run a command in a private world, with this process's terminal, files and folder; its exit code.

    SIGINT, SIGTERM and SIGHUP are forwarded to it. Everything it started has ended when this returns.
    """
    with _started(command) as process:
        code = process.wait()
    return code if code >= 0 else 128 - code


def launch(command: Sequence[str], request: bytes, receive: Callable[[bytes], None]) -> int:
    """The same for a command that reads a request on standard input; each line of its standard output is given to
    `receive`. See `harness.environment.Launch`."""
    with _started(command, subprocess.PIPE) as process:
        assert process.stdin is not None and process.stdout is not None
        with contextlib.suppress(BrokenPipeError):
            process.stdin.write(request)
            process.stdin.close()
        for line in process.stdout:
            receive(line)
        code = process.wait()
    return code if code >= 0 else 128 - code


@contextlib.contextmanager
def _started(command: Sequence[str], pipes: int | None = None) -> Iterator["subprocess.Popen[bytes]"]:
    """A command in a private world; all that is left of it has ended afterwards."""
    scratch = Scratch()
    lifeline, hold = os.pipe()
    try:
        process = subprocess.Popen(
            [*unshare(), sys.executable, "-I", init.__file__, str(lifeline), str(scratch.folder), *command],
            pass_fds=(lifeline, scratch.lock),
            # Away from the terminal's process group: a Ctrl-C reaches the run once, through the pipe.
            start_new_session=True,
            stdin=pipes,
            stdout=pipes,
        )
        os.close(lifeline)
        with _forwarding(hold):
            yield process
    finally:
        os.close(hold)
        scratch.remove()


@contextlib.contextmanager
def _forwarding(hold: int) -> Iterator[None]:
    """Signals that this process gets go through the pipe. Only a main thread gets any."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def forward(number: int, _frame: FrameType | None) -> None:
        with contextlib.suppress(BrokenPipeError):
            os.write(hold, bytes([number]))

    before = {number: signal.signal(number, forward) for number in FORWARDED}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
