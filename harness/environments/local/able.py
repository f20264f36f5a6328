"""Which injections can be done on this machine? Found out by trying, once per process; each refusal is one sentence."""

import functools
from collections.abc import Callable

from splitbrain.harness.environments.linux import packets, tools, tracing
from splitbrain.harness.environments.local import clocks
from splitbrain.harness.injection import Compact, Cut, Defragment, FailDisk, Impair, Kill, Pause, SkewClock, SlowDisk


def able(injection: type) -> str | None:
    """None if an injection can be done, else why not."""
    probe = PROBES.get(injection)
    return f"--env local cannot do {injection.__name__}" if probe is None else probe()


_untraceable = functools.cache(tracing.unable)

PROBES: dict[type, Callable[[], str | None]] = {
    Cut: lambda: tools.missing("nft"),
    Impair: packets.unable,
    Kill: lambda: None,
    Pause: lambda: None,
    Compact: lambda: None,
    Defragment: lambda: None,
    SlowDisk: _untraceable,
    FailDisk: _untraceable,
    SkewClock: functools.cache(clocks.unable),
}
