"""Rows of the benchmark of linearizability: one function a row, from the bench to a report; ROWS in the order they run.

Checks are the public ones, without the shrinking of a witness, from columns that are paired already, unless a row says
otherwise. Pitfall: without the peer its ratios are not known: neither reached nor missed."""

from collections.abc import Callable

from measuring import Measurement, Report

from rows import containers, etcd, kv, large, objects, registers, written

ROWS: dict[str, Callable[[Measurement], Report]] = {
    "etcd-batch": etcd.batch,
    "etcd-calls": etcd.calls,
    "etcd-python": etcd.python,
    "etcd-command": etcd.command,
    "random": registers.small,
    "random-large": registers.large,
    "crashed": registers.crashed,
    "million": large.million,
    "unique-million": large.unique,
    "keys": large.keys,
    "bomb": large.waves,
    "kv": kv.fifty,
    "kv-small": kv.few,
    "kv-whole": kv.whole,
    "python": written.models,
    "containers": containers.known,
    **objects.ROWS,
}
