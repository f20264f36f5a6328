"""Which injections can be done on this machine, to these nodes? Found out by trying, once per process; each refusal is
one sentence."""

import functools
from collections.abc import Callable
from typing import get_args

from splitbrain.harness.deployment import Process, Served
from splitbrain.harness.environments.linux import packets, tools, tracing, volume
from splitbrain.harness.environments.real import clocks
from splitbrain.harness.injection import (
    ChangeMembers,
    Cut,
    FailDisk,
    FillDisk,
    FlipBits,
    Impair,
    Kill,
    Limp,
    Maintenance,
    Pause,
    PowerLoss,
    SkewAllClocks,
    SkewClock,
    SlowDisk,
    Stop,
    TruncateFile,
    Upgrade,
)

ABSOLUTE_WAITS = (
    "the rate of the monotonic clock cannot be changed, as this program may wait until absolute times, which would "
    "then never come: use --env sim, or a store of our own"
)

NO_MEMBERSHIP = "this target does not say how its nodes leave a cluster and join it"
NO_UPGRADE = "no version was named to upgrade to: name one with the target's option, as in etcd:upgrade_to=VERSION"


def unsupported(injection: type, deployment: Served) -> str | None:
    """None if an injection can be done to nodes of this deployment, else why not."""
    if injection in get_args(Maintenance):
        return (
            None
            if injection in (*deployment.admin_calls, *deployment.admin_commands)
            else "these nodes cannot be asked for it"
        )
    if injection is ChangeMembers:
        return NO_MEMBERSHIP if deployment.membership is None else None
    if injection is Upgrade:
        return NO_UPGRADE if deployment.upgraded is None else None
    probe = PROBES.get(injection)
    if probe is None:
        return f"--env {deployment.environment} cannot do {injection.__name__}"
    return _no_clock(injection, deployment) or probe()


def _no_clock(injection: type, deployment: Served) -> str | None:
    """Why clocks of such nodes cannot be skewed like that, wherever clocks can be skewed; None for any other harm."""
    if injection is SkewAllClocks and not deployment.relative_waits:
        return ABSOLUTE_WAITS
    if clocks.means() is clocks.Means.LIBRARY:
        if injection is SkewAllClocks:
            return clocks.MONOTONIC_IN_THE_VDSO
        if injection is SkewClock and not isinstance(deployment, Process):
            return clocks.ONLY_PROCESSES
    return None


_untraceable = functools.cache(tracing.unable)
_unskewable = functools.cache(clocks.unable)
_powered = functools.cache(volume.unable)

PROBES: dict[type, Callable[[], str | None]] = {
    Cut: lambda: tools.missing("nft"),
    Impair: packets.unable,
    Limp: packets.unable,
    Kill: lambda: None,
    Stop: lambda: None,
    FlipBits: lambda: None,
    TruncateFile: lambda: None,
    Pause: lambda: None,
    FillDisk: lambda: tools.missing("mount", "umount"),
    SlowDisk: _untraceable,
    FailDisk: _untraceable,
    SkewClock: _unskewable,
    SkewAllClocks: _unskewable,
    PowerLoss: _powered,
}
