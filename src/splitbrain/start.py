"""The start of the command line: from the first moment a signal ends it in order, and with nothing but its own code."""

import contextlib
import os
import signal
import sys

INTERRUPTED = 130
INFRASTRUCTURE = 3
STARTING = "interrupted while starting; nothing was begun"


def main() -> None:
    """The entry point: runs a command and exits with its code.

    Pitfall: Python kills a process that `python -m` started by SIGINT where an interrupt came while it executed text,
    as dataclasses do, though the interrupt was caught. So an interrupted process ends at once.
    """
    code = started()
    if code == INTERRUPTED:
        for stream in filter(None, (sys.stdout, sys.stderr)):
            with contextlib.suppress(OSError, ValueError):
                stream.flush()
        os._exit(code)
    sys.exit(code)


def started() -> int:
    """Run the command of `sys.argv`; its code."""
    code = INTERRUPTED
    try:
        _open_streams()
        from splitbrain.harness.signals import interruptible, interrupts

        with interruptible(), interrupts.kept():
            from splitbrain.cli import command

            code = command(sys.argv[1:])
    except KeyboardInterrupt:
        with contextlib.suppress(OSError, ValueError):
            print(f"splitbrain: {STARTING}", file=sys.stderr, flush=True)
    except Exception:  # noqa: BLE001 - without memory, or with a part missing: Python's own code for it would be a verdict
        with contextlib.suppress(Exception):
            os.write(2, b"splitbrain: could not start: out of memory, or a part of it is missing; nothing was judged\n")
        os._exit(INFRASTRUCTURE)
    # It is over: what comes now must not end it otherwise.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    return code


def _open_streams() -> None:
    """Open the standard streams that are closed, so that nothing else is opened in their place, and refuse no
    character."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    for stream in (sys.stdout, sys.stderr):
        if stream is not None and hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
